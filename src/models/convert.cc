// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/convert.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "models/decoder_only.h"
#include "text/special_tokens.h"

namespace norma::models {
namespace {

Status unsupported(const std::string& what) {
  return Status(StatusCode::kUnsupported, "[convert] " + what);
}

// The matrices that read a norm, each by its name without ".weight".
struct Reading {
  std::string norm;
  std::vector<std::string> matrices;
};

class Converter {
 public:
  Converter(const Model& model, const Conversion& conversion)
      : from_(model.config()), conversion_(conversion) {
    for (const auto& item : model.named_parameters()) {
      values_[item.key()] = item.value().detach().to(torch::kFloat64);
    }
    // A perceptron has none, and is refused by check().
    if (values_.contains("embedding.weight")) embedding_ = values_.at("embedding.weight");
  }

  Status check() const {
    if (!conversion_.to_rmsnorm && !conversion_.fold_gains) {
      return invalid_argument("[convert] there is nothing to do: neither another norm nor folding "
                              "is asked for.");
    }
    if (from_.family != "gpt" && from_.family != "llama" && from_.family != "encdec") {
      return unsupported("the model is a " + from_.family +
                         ", but only gpt, llama and encdec have norms that read the stream alone.");
    }
    if (from_.placement != "pre" && from_.placement != "parallel") {
      return unsupported("the placement is \"" + from_.placement +
                         "\", but only in \"pre\" and \"parallel\" does every norm stand between "
                         "the stream and matrices that can take what it gives up.");
    }
    if (conversion_.to_rmsnorm) return check_rmsnorm();
    if (from_.norm == "layernorm" || from_.norm == "rmsnorm") return {};
    return unsupported("the norm is \"" + from_.norm +
                       "\", but gains are folded of layernorm and rmsnorm only.");
  }

  Status rewrite() {
    if (conversion_.to_rmsnorm) center_writers();
    if (from_.tie_embeddings) values_["output.weight"] = embedding_;
    for (const Reading& reading : readings()) NORMA_RETURN_IF_ERROR(rewrite_norm(reading));
    return {};
  }

  ModelConfig config() const {
    ModelConfig to = from_;
    to.tie_embeddings = false;
    to.output_bias = from_.output_bias || from_.norm == "layernorm";
    if (conversion_.to_rmsnorm) {
      to.norm = "rmsnorm";
      to.centered_positions = from_.family == "encdec";
    }
    return to;
  }

  const std::map<std::string, torch::Tensor>& values() const { return values_; }

 private:
  Status check_rmsnorm() const {
    if (from_.norm != "layernorm") {
      return unsupported("the norm is \"" + from_.norm + "\", but only a model with layernorm " +
                         "becomes one with rmsnorm.");
    }
    if (from_.qk_norm == "none") return {};
    return unsupported("qk_norm is \"" + from_.qk_norm +
                       "\": queries and keys have no mean of 0, and nothing behind that norm can "
                       "take its shift.");
  }

  std::vector<std::string> stacks() const {
    if (from_.family == "encdec") return {"encoder", "decoder"};
    return {"decoder"};
  }

  int64_t layers(const std::string& stack) const {
    return stack == "encoder" ? from_.encoder_layers : from_.decoder_layers;
  }

  void center_writers() {
    // Rows of the tables are features, and so are the columns of what a matrix gives.
    for (const char* table : {"embedding.weight", "positions.weight"}) {
      if (values_.count(table)) values_[table] = values_[table] - values_[table].mean(1, true);
    }
    for (const std::string& stack : stacks()) {
      for (int64_t layer = 0; layer < layers(stack); ++layer) {
        const std::string block = stack + "." + std::to_string(layer) + ".";
        for (const char* matrix : {"self.o", "cross.o", "ffn.w2"}) {
          for (const char* kind : {".weight", ".bias"}) {
            const auto found = values_.find(block + matrix + kind);
            if (found != values_.end()) found->second = found->second - found->second.mean(0, true);
          }
        }
      }
    }
  }

  std::vector<Reading> readings() const {
    const bool parallel = from_.placement == "parallel";
    std::vector<Reading> all;
    for (const std::string& stack : stacks()) {
      for (int64_t layer = 0; layer < layers(stack); ++layer) {
        const std::string block = stack + "." + std::to_string(layer) + ".";
        const std::string norms = stack + ".norms." + std::to_string(layer) + ".";
        Reading self{norms + "self", {block + "self.q", block + "self.k", block + "self.v"}};
        Reading cross{norms + "cross", {block + "cross.q"}};
        Reading ffn{norms + "ffn", {block + "ffn.w1", block + "ffn.w3"}};
        if (parallel) {
          self.norm = norms + "entry";
          for (const Reading& more : {cross, ffn}) {
            self.matrices.insert(self.matrices.end(), more.matrices.begin(), more.matrices.end());
          }
          all.push_back(self);
        } else {
          all.insert(all.end(), {self, cross, ffn});
        }
      }
      Reading last{stack + ".norms.final", {"output"}};
      if (stack == "encoder") {
        last.matrices.clear();
        for (int64_t layer = 0; layer < from_.decoder_layers; ++layer) {
          const std::string cross = "decoder." + std::to_string(layer) + ".cross.";
          last.matrices.insert(last.matrices.end(), {cross + "k", cross + "v"});
        }
      }
      all.push_back(last);
    }
    return all;
  }

  Status rewrite_norm(const Reading& reading) {
    const auto gain = values_.find(reading.norm + ".weight");
    if (gain == values_.end()) return {};  // a stack without cross-attention
    const auto shift = values_.find(reading.norm + ".bias");
    const bool has_shift = shift != values_.end();
    for (const std::string& name : reading.matrices) {
      const auto weight = values_.find(name + ".weight");
      if (weight == values_.end()) continue;
      if (has_shift) {
        NORMA_RETURN_IF_ERROR(add_shift(name, weight->second.matmul(shift->second), reading.norm));
      }
      if (conversion_.fold_gains) weight->second = weight->second * gain->second;
    }
    if (conversion_.fold_gains) gain->second = torch::ones_like(gain->second);
    if (!has_shift) return {};
    if (conversion_.to_rmsnorm) {
      values_.erase(shift);
    } else {
      shift->second = torch::zeros_like(shift->second);
    }
    return {};
  }

  Status add_shift(const std::string& name, const torch::Tensor& shift, const std::string& norm) {
    const auto bias = values_.find(name + ".bias");
    if (bias != values_.end()) {
      bias->second = bias->second + shift;
      return {};
    }
    if (name == "output") {
      values_["output.bias"] = shift;
      return {};
    }
    if (shift.eq(0).all().item<bool>()) return {};
    return unsupported("the norm " + norm + " has a shift, but the matrix " + name +
                       " that reads it has no bias to take it. A gpt has one.");
  }

  const ModelConfig from_;
  const Conversion conversion_;
  std::map<std::string, torch::Tensor> values_;  // float64
  torch::Tensor embedding_;                      // as it was
};

Result<std::shared_ptr<Model>> make(const Model& model, const ModelConfig& config) {
  const auto* decoder = dynamic_cast<const DecoderOnly*>(&model);
  if (!decoder) return make_model(config, std::nullopt);
  NORMA_RETURN_IF_ERROR(validate(config));
  return std::shared_ptr<Model>(
      std::make_shared<DecoderOnly>(config, std::nullopt, decoder->options()));
}

}  // namespace

Result<std::shared_ptr<Model>> convert(const Model& model, const Conversion& conversion) {
  torch::NoGradGuard no_grad;
  Converter converter(model, conversion);
  NORMA_RETURN_IF_ERROR(converter.check());
  NORMA_RETURN_IF_ERROR(converter.rewrite());
  Result<std::shared_ptr<Model>> made = make(model, converter.config());
  if (!made.ok()) return made.status();
  made.value()->to(model.parameters().front().scalar_type());
  for (auto& item : made.value()->named_parameters()) {
    // The matrices of a model without a seed have no memory yet.
    const torch::Tensor& value = converter.values().at(item.key());
    item.value().set_data(torch::empty(value.sizes(), item.value().options()).copy_(value));
  }
  made.value()->eval();
  return made;
}

LogitDifference compare_logits(Model& a, Model& b, int64_t texts, int64_t length, uint64_t seed) {
  torch::NoGradGuard no_grad;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const ModelConfig& config = a.config();
  // Padding hides positions, and a model may have no other token.
  const int64_t first = std::min<int64_t>(text::kSpecialTokens, config.vocab_size - 1);
  const auto ids = [&] {
    return torch::randint(first, config.vocab_size, {texts, std::min(length, config.max_length)},
                          generator, torch::kInt64);
  };
  Batch batch;
  if (config.family == "encdec") batch.source_BS = ids();
  batch.target_in_BT = ids();
  const torch::Tensor of_a = a.logits_BTV(batch).to(torch::kFloat64);
  return {(of_a - b.logits_BTV(batch)).abs().max().item<double>(),
          of_a.abs().max().item<double>(), batch.target_in_BT.numel()};
}

}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/mapped_file.h"
#include "weights/hugging_face.h"

namespace norma::models {
namespace {

using nlohmann::json;
using weights::HuggingFaceFolder;
using weights::TensorInfo;

constexpr int kMaxDepth = 8;
// Elements of the rotary tables, which no tensor of the folder bears out.
constexpr int64_t kMostPositions = 1 << 26;

struct TooDeep {};

// config.json, with words for what is wrong in it.
class Config {
 public:
  explicit Config(std::string path) : path_(std::move(path)) {}

  Status parse(const std::string& text) {
    try {
      root_ = json::parse(text, [](int depth, json::parse_event_t, json&) {
        if (depth > kMaxDepth) throw TooDeep();
        return true;
      });
    } catch (const json::exception&) {
      return damaged("it is not valid JSON");
    } catch (const TooDeep&) {
      return damaged("it is nested too deeply");
    }
    return root_.is_object() ? Status() : damaged("it is no JSON object");
  }

  Status damaged(const std::string& what) const {
    return Status(StatusCode::kDataLoss, path_ + ": " + what + ". Use another copy.");
  }
  Status unsupported(const std::string& what) const {
    return Status(StatusCode::kUnsupported, path_ + ": " + what + ".");
  }

  // null where the key is missing.
  const json& at(const char* key) const { return at(root_, key); }
  static const json& at(const json& object, const char* key) {
    static const json null;
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
  }

  Status integer(const char* key, int64_t* value) const {
    const json& found = at(key);
    constexpr auto kMost = std::numeric_limits<int32_t>::max();
    if (!found.is_number_integer() || found < 1 || found > kMost) {
      return damaged(fmt::format("{} must be a positive whole number but is {}", key,
                                 shown(found)));
    }
    *value = found.get<int64_t>();
    return {};
  }
  Status number(const json& object, const char* key, double* value) const {
    const json& found = at(object, key);
    if (!found.is_number() || !(found.get<double>() > 0) || std::isinf(found.get<double>())) {
      return damaged(fmt::format("{} must be a positive number but is {}", key, shown(found)));
    }
    *value = found.get<double>();
    return {};
  }
  // `key` may be missing; else it must be `expected`.
  Status must_be(const char* key, const json& expected) const {
    const json& found = at(key);
    if (found.is_null() || found == expected) return {};
    return unsupported(fmt::format("{} must be {} but is {}", key, expected.dump(), shown(found)));
  }

  const json& root() const { return root_; }
  static std::string shown(const json& value) {
    if (value.is_null()) return "missing";
    std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > 80) text.replace(80, std::string::npos, "...");
    return text;
  }

 private:
  const std::string path_;
  json root_;
};

// rope_parameters since transformers 5, before it rope_theta and rope_scaling.
Status read_rotary(const Config& config, RotaryOptions* rotary) {
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const json& found = config.at(key);
    if (found.is_null() || found.is_object()) continue;
    return config.damaged(std::string(key) + " must be an object or null but is " +
                          Config::shown(found));
  }
  const json& parameters = config.at("rope_parameters");
  const bool is_new = parameters.is_object();
  const json& theta_at = is_new ? parameters : config.root();
  if (!Config::at(theta_at, "rope_theta").is_null()) {
    NORMA_RETURN_IF_ERROR(config.number(theta_at, "rope_theta", &rotary->base));
  }
  const json& scaling = is_new ? parameters : config.at("rope_scaling");
  if (!scaling.is_object()) return {};
  json type = Config::at(scaling, "rope_type");
  if (type.is_null()) type = Config::at(scaling, "type");
  if (type.is_null() && !Config::at(scaling, "factor").is_null()) {
    return config.damaged("the RoPE scaling has a factor and no rope_type");
  }
  if (type.is_null() || type == "default") return {};
  if (type != "linear" && type != "llama3") {
    return config.unsupported("the RoPE scaling must be linear or llama3 but is " +
                              Config::shown(type));
  }
  NORMA_RETURN_IF_ERROR(config.number(scaling, "factor", &rotary->factor));
  if (type == "linear") return {};
  NORMA_RETURN_IF_ERROR(config.number(scaling, "original_max_position_embeddings",
                                      &rotary->original_positions));
  NORMA_RETURN_IF_ERROR(config.number(scaling, "low_freq_factor", &rotary->low_frequency));
  NORMA_RETURN_IF_ERROR(config.number(scaling, "high_freq_factor", &rotary->high_frequency));
  if (rotary->high_frequency > rotary->low_frequency) return {};
  return config.damaged("high_freq_factor must be above low_freq_factor");
}

Status read_llama(const Config& config, ModelConfig* model, RotaryOptions* rotary) {
  model->family = "llama";
  model->norm = "rmsnorm";
  model->placement = "pre";
  model->encoder_layers = 0;
  NORMA_RETURN_IF_ERROR(config.integer("vocab_size", &model->vocab_size));
  NORMA_RETURN_IF_ERROR(config.integer("hidden_size", &model->d_model));
  NORMA_RETURN_IF_ERROR(config.integer("intermediate_size", &model->ffn));
  NORMA_RETURN_IF_ERROR(config.integer("num_hidden_layers", &model->decoder_layers));
  NORMA_RETURN_IF_ERROR(config.integer("num_attention_heads", &model->heads));
  model->kv_heads = model->heads;
  if (!config.at("num_key_value_heads").is_null()) {
    NORMA_RETURN_IF_ERROR(config.integer("num_key_value_heads", &model->kv_heads));
  }
  NORMA_RETURN_IF_ERROR(config.integer("max_position_embeddings", &model->max_length));
  NORMA_RETURN_IF_ERROR(config.number(config.root(), "rms_norm_eps", &model->norm_eps));
  const json& tied = config.at("tie_word_embeddings");
  if (!tied.is_null() && !tied.is_boolean()) {
    return config.damaged("tie_word_embeddings must be true or false but is " +
                          Config::shown(tied));
  }
  model->tie_embeddings = tied == true;
  NORMA_RETURN_IF_ERROR(config.must_be("partial_rotary_factor", 1.0));
  NORMA_RETURN_IF_ERROR(config.must_be("quantization_config", nullptr));
  NORMA_RETURN_IF_ERROR(config.must_be("hidden_act", "silu"));
  NORMA_RETURN_IF_ERROR(config.must_be("attention_bias", false));
  NORMA_RETURN_IF_ERROR(config.must_be("mlp_bias", false));
  if (const Status valid = validate(*model); !valid.ok()) return config.damaged(valid.message());
  const int64_t width = model->d_model / model->heads;
  NORMA_RETURN_IF_ERROR(config.must_be("head_dim", width));
  constexpr int64_t kMostLength = 1 << 20;
  if (model->max_length > kMostLength) {
    return config.unsupported(
        fmt::format("max_position_embeddings must be at most {} but is {}", kMostLength,
                    model->max_length));
  }
  if (model->max_length > kMostPositions / width) {
    return config.unsupported(fmt::format(
        "max_position_embeddings={} times the width of a head, {}, must be at most {}",
        model->max_length, width, kMostPositions));
  }
  return read_rotary(config, rotary);
}

Status read_special_tokens(const Config& config, int64_t vocab_size, HuggingFaceModel* result) {
  const auto read = [&](const char* key, const json& value, int32_t* id) {
    if (value.is_number_integer() && value >= 0 && value < vocab_size) {
      *id = value.get<int32_t>();
      return Status();
    }
    return config.damaged(fmt::format("{} must be a token, from 0 to vocab_size={} - 1, but is {}",
                                      key, vocab_size, Config::shown(value)));
  };
  if (const json& bos = config.at("bos_token_id"); !bos.is_null()) {
    NORMA_RETURN_IF_ERROR(read("bos_token_id", bos, &result->bos));
  } else if (vocab_size <= 2) {
    return config.damaged("vocab_size must be above 2, the tokens that begin and end a text");
  }
  const json& eos = config.at("eos_token_id");
  if (eos.is_null()) {
    result->ends = {2};
    return {};
  }
  if (eos.is_array() && eos.empty()) {
    return config.damaged("eos_token_id must have at least one token");
  }
  for (const json& value : eos.is_array() ? eos : json::array({eos})) {
    int32_t id = 0;
    NORMA_RETURN_IF_ERROR(read("eos_token_id", value, &id));
    result->ends.push_back(id);
  }
  return {};
}

// transformers' name of a parameter of ours (model.h).
std::string llama_name(const std::string& parameter) {
  if (parameter == "embedding.weight") return "model.embed_tokens.weight";
  if (parameter == "output.weight") return "lm_head.weight";
  if (parameter == "decoder.norms.final.weight") return "model.norm.weight";
  std::vector<std::string> part;
  std::istringstream stream(parameter);
  for (std::string word; std::getline(stream, word, '.');) part.push_back(word);
  TORCH_CHECK(part.size() == 5, "[hugging_face] no name for the parameter ", parameter, ".");
  if (part[1] == "norms") {
    return "model.layers." + part[2] +
           (part[3] == "self" ? ".input_layernorm.weight" : ".post_attention_layernorm.weight");
  }
  const std::string layer = "model.layers." + part[1];
  if (part[2] == "self") return layer + ".self_attn." + part[3] + "_proj.weight";
  const char* const name = part[3] == "w1" ? "gate" : part[3] == "w2" ? "down" : "up";
  return layer + ".mlp." + name + "_proj.weight";
}

// Rows of each head from (first halves, second halves) to pairs.
torch::Tensor in_pairs(const torch::Tensor& weight, int64_t heads) {
  return weight.unflatten(0, {heads, 2, -1}).transpose(1, 2).flatten(0, 2).contiguous();
}

std::optional<torch::ScalarType> type_of(const std::string& dtype) {
  if (dtype == "F32") return torch::kFloat32;
  if (dtype == "BF16") return torch::kBFloat16;
  if (dtype == "F16") return torch::kFloat16;
  return std::nullopt;
}

class Filler {
 public:
  explicit Filler(const HuggingFaceFolder& folder) : folder_(folder) {}

  Status fill(const std::string& name, int64_t heads, torch::Tensor& parameter) {
    used_.insert(name);
    const auto found = folder_.tensors().find(name);
    if (found == folder_.tensors().end()) return damaged(name, "is missing");
    const TensorInfo& info = found->second;
    const auto type = type_of(info.dtype);
    if (!type) {
      return damaged(name, "has the dtype " + info.dtype + " but must have F32, BF16 or F16");
    }
    if (info.shape != parameter.sizes().vec()) {
      return damaged(name, fmt::format("is [{}] but must be [{}]", fmt::join(info.shape, ", "),
                                       fmt::join(parameter.sizes().vec(), ", ")));
    }
    torch::Tensor value = view_of(info, *type).to(torch::kFloat32);
    if (heads > 0) value = in_pairs(value, heads);
    parameter.set_data(value);
    if (value.data_ptr() != info.data) forget_pages(info.data, info.bytes);
    return {};
  }

  // What is left would be part of another model. Old files carry tables of the rotation.
  Status expect_no_more(bool tied) const {
    for (const auto& [name, info] : folder_.tensors()) {
      const bool known = used_.count(name) > 0 || name.ends_with(".rotary_emb.inv_freq") ||
                         (tied && name == "lm_head.weight");
      if (!known) return damaged(name, "has no place in the architecture that config.json names");
    }
    return {};
  }

 private:
  Status damaged(const std::string& name, const std::string& what) const {
    return Status(StatusCode::kDataLoss, folder_.path() + ": tensor \"" + name + "\" " + what +
                                             ". Use another copy.");
  }
  torch::Tensor view_of(const TensorInfo& info, torch::ScalarType type) const {
    // A file may put a tensor at any byte.
    if (reinterpret_cast<uintptr_t>(info.data) % torch::elementSize(type) != 0) {
      const torch::Tensor copy = torch::empty(info.shape, type);
      std::memcpy(copy.data_ptr(), info.data, info.bytes);
      return copy;
    }
    // The mapping is private and writable (base/mapped_file.h).
    return torch::from_blob(const_cast<void*>(info.data), info.shape,
                            [owner = folder_](void*) {}, type);
  }

  const HuggingFaceFolder& folder_;
  std::set<std::string> used_;
};

// A model is made before its tensors are read, so what config.json says of its size is believed
// only as far as the tensors bear it out: a few hostile bytes must not ask for all memory there is.
Status check_sizes(const Config& config, const HuggingFaceFolder& folder,
                   const ModelConfig& model) {
  const auto check = [&](const std::string& name, int64_t rows) {
    const auto found = folder.tensors().find(name);
    const std::vector<int64_t> shape = {rows, model.d_model};
    if (found != folder.tensors().end() && found->second.shape == shape) return Status();
    return config.damaged(fmt::format("it needs a tensor \"{}\" of [{}], but {}", name,
                                      fmt::join(shape, ", "),
                                      found == folder.tensors().end()
                                          ? "there is none"
                                          : fmt::format("it is [{}]",
                                                        fmt::join(found->second.shape, ", "))));
  };
  NORMA_RETURN_IF_ERROR(check(llama_name("embedding.weight"), model.vocab_size));
  for (int64_t layer = 0; layer < model.decoder_layers; ++layer) {
    const std::string block = "decoder." + std::to_string(layer);
    NORMA_RETURN_IF_ERROR(check(llama_name(block + ".self.q.weight"), model.d_model));
    NORMA_RETURN_IF_ERROR(check(llama_name(block + ".ffn.w1.weight"), model.ffn));
  }
  return {};
}

}  // namespace

Result<HuggingFaceModel> load_hugging_face(const std::string& path) {
  const Result<HuggingFaceFolder> opened = HuggingFaceFolder::open(path);
  if (!opened.ok()) return opened.status();
  const HuggingFaceFolder& folder = opened.value();
  Config config(path + "/config.json");
  NORMA_RETURN_IF_ERROR(config.parse(folder.config_json()));
  if (config.at("model_type") != "llama") {
    return config.unsupported("model_type must be \"llama\" but is " +
                              Config::shown(config.at("model_type")));
  }
  ModelConfig model_config;
  RotaryOptions rotary;
  NORMA_RETURN_IF_ERROR(read_llama(config, &model_config, &rotary));
  NORMA_RETURN_IF_ERROR(check_sizes(config, folder, model_config));
  HuggingFaceModel result;
  NORMA_RETURN_IF_ERROR(read_special_tokens(config, model_config.vocab_size, &result));
  result.model = std::make_shared<DecoderOnly>(model_config, std::nullopt, rotary);
  torch::NoGradGuard no_grad;
  Filler filler(folder);
  for (auto& item : result.model->named_parameters()) {
    const std::string name = llama_name(item.key());
    const int64_t heads = name.ends_with("q_proj.weight")   ? model_config.heads
                          : name.ends_with("k_proj.weight") ? model_config.kv_heads
                                                            : 0;
    NORMA_RETURN_IF_ERROR(filler.fill(name, heads, item.value()));
  }
  NORMA_RETURN_IF_ERROR(filler.expect_no_more(model_config.tie_embeddings));
  result.model->eval();
  return result;
}

}  // namespace norma::models

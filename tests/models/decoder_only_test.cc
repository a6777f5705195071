// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/decoder_only.h"

#include <gtest/gtest.h>

#include <numbers>

#include "tests/models/plain.h"
#include "tests/models/small_models.h"

namespace norma::models {
namespace {

using test::must_make;
using test::Parameters;
using test::Plain;
using test::random_batch;
using test::relative_error;

ModelConfig small_decoder(const std::string& family, const std::string& placement = "pre") {
  ModelConfig config;
  config.family = family;
  config.norm = family == "llama" ? "rmsnorm" : "layernorm";
  config.placement = placement;
  config.init = placement == "lns" ? "xavier" : "gpt2";  // which it refuses
  config.vocab_size = 30;
  config.d_model = 16;
  config.heads = 4;
  config.kv_heads = family == "llama" ? 2 : 0;
  config.ffn = 24;
  config.decoder_layers = test::fewest_layers(placement);
  config.max_length = 12;
  return config;
}

torch::Tensor tanh_gelu(const torch::Tensor& x) {
  return 0.5 * x * (1 + (std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x.pow(3))).tanh());
}

torch::Tensor plain_gpt(const ModelConfig& config, const Parameters& p, const torch::Tensor& ids) {
  const Plain plain{p};
  torch::Tensor x = p.at("embedding.weight").index_select(0, ids.flatten()).view({1, -1, 16}) +
                    p.at("positions.weight").narrow(0, 0, ids.size(1));
  for (const std::string layer : {"0", "1"}) {
    const std::string block = "decoder." + layer, norms = "decoder.norms." + layer;
    x = plain.join(config.placement, x, norms + ".self", [&](const torch::Tensor& y) {
      return plain.attention(y, y, block + ".self", 4, test::causal_sees(ids.size(1)));
    });
    x = plain.join(config.placement, x, norms + ".ffn", [&](const torch::Tensor& y) {
      return plain.linear(tanh_gelu(plain.linear(y, block + ".ffn.w1")), block + ".ffn.w2");
    });
  }
  if (config.placement == "pre") x = plain.normalize(x, "decoder.norms.final");
  return x.matmul(p.at("embedding.weight").t());
}

// Rotary positions as complex multiplication, pair by pair, head by head.
torch::Tensor plain_rotate(const torch::Tensor& x_BTC, int64_t heads) {
  const int64_t length = x_BTC.size(1), width = x_BTC.size(2) / heads;
  torch::Tensor y = torch::empty_like(x_BTC);
  for (int64_t t = 0; t < length; ++t) {
    for (int64_t c = 0; c < x_BTC.size(2); c += 2) {
      const double angle = t * std::pow(10000.0, -static_cast<double>(c % width) / width);
      const torch::Tensor a = x_BTC.select(1, t).select(1, c);
      const torch::Tensor b = x_BTC.select(1, t).select(1, c + 1);
      y.select(1, t).select(1, c) = a * std::cos(angle) - b * std::sin(angle);
      y.select(1, t).select(1, c + 1) = a * std::sin(angle) + b * std::cos(angle);
    }
  }
  return y;
}

torch::Tensor plain_llama(const ModelConfig& config, const Parameters& p,
                          const torch::Tensor& ids) {
  Parameters split = p;  // gets matrices of identity, so that Plain::attention sees rotated values
  split["eye.weight"] = torch::eye(16, torch::kFloat64);
  const Plain plain{p, "rmsnorm"};
  torch::Tensor x = p.at("embedding.weight").index_select(0, ids.flatten()).view({1, -1, 16});
  for (const std::string layer : {"0", "1"}) {
    const std::string block = "decoder." + layer, norms = "decoder.norms." + layer;
    x = plain.join(config.placement, x, norms + ".self", [&](const torch::Tensor& y) {
      const torch::Tensor q = plain_rotate(plain.linear(y, block + ".self.q"), 4);
      const torch::Tensor k = plain_rotate(plain.linear(y, block + ".self.k"), 2);
      const torch::Tensor v = plain.linear(y, block + ".self.v");
      std::vector<torch::Tensor> outputs;
      for (int64_t h = 0; h < 4; ++h) {
        const torch::Tensor scores =
            q.narrow(2, 4 * h, 4).matmul(k.narrow(2, 4 * (h / 2), 4).transpose(1, 2)) / 2.0;
        const torch::Tensor weights =
            scores.exp() * test::causal_sees(ids.size(1)).to(torch::kFloat64);
        outputs.push_back((weights / weights.sum(-1, true)).matmul(v.narrow(2, 4 * (h / 2), 4)));
      }
      return plain.linear(torch::cat(outputs, -1), block + ".self.o");
    });
    x = plain.join(config.placement, x, norms + ".ffn", [&](const torch::Tensor& y) {
      const torch::Tensor gate = plain.linear(y, block + ".ffn.w1");
      return plain.linear(gate / (1 + (-gate).exp()) * plain.linear(y, block + ".ffn.w3"),
                          block + ".ffn.w2");
    });
  }
  if (config.placement == "pre") x = plain.normalize(x, "decoder.norms.final");
  return x.matmul(p.at("embedding.weight").t());
}

// Forward and gradients in float64 against the equations; rounding alone, as in stack_test.cc.
TEST(DecoderOnly, IsItsEquations) {
  for (const std::string family : {"gpt", "llama"}) {
    // The others: stack_test.cc.
    for (const std::string placement : {"none", "post", "pre"}) {
      SCOPED_TRACE(family + " " + placement);
      const ModelConfig config = small_decoder(family, placement);
      const auto model = must_make(config);
      model->to(torch::kFloat64);
      test::jitter_parameters(*model, 3);
      const Parameters copies = test::copies_of_parameters(*model);
      const Batch batch = random_batch({}, {7}, 30, 1);
      const torch::Tensor logits = model->logits_BTV(batch);
      const torch::Tensor expected = family == "gpt"
                                         ? plain_gpt(config, copies, batch.target_in_BT)
                                         : plain_llama(config, copies, batch.target_in_BT);
      EXPECT_LT(relative_error(logits, expected), 1e-11);
      loss(logits, batch.target_out_BT, 0.0).backward();
      loss(expected, batch.target_out_BT, 0.0).backward();
      for (const auto& item : model->named_parameters()) {
        if (item.key().ends_with(".k.bias")) continue;  // zero but for rounding
        EXPECT_LT(relative_error(item.value().grad(), copies.at(item.key()).grad()), 1e-10)
            << item.key();
      }
    }
  }
}

TEST(DecoderOnly, ParametersAreThoseOfTheFamily) {
  const auto gpt = must_make(small_decoder("gpt"))->named_parameters();
  EXPECT_EQ(gpt["positions.weight"].sizes(), (std::vector<int64_t>{12, 16}));
  EXPECT_TRUE(gpt.contains("decoder.0.ffn.w1.bias"));
  EXPECT_FALSE(gpt.contains("decoder.0.ffn.w3.weight"));
  const auto llama = must_make(small_decoder("llama"))->named_parameters();
  EXPECT_FALSE(llama.contains("positions.weight"));
  EXPECT_EQ(llama["decoder.0.self.k.weight"].sizes(), (std::vector<int64_t>{8, 16}));
  for (const auto& item : llama) EXPECT_FALSE(item.key().ends_with(".bias")) << item.key();
}

TEST(DecoderOnly, TheFutureDoesNotChangeThePast) {
  for (const std::string family : {"gpt", "llama"}) {
    const auto model = must_make(small_decoder(family));
    Batch batch = random_batch({}, {8, 8}, 30, 2);
    const torch::Tensor before = model->logits_BTV(batch);
    batch.target_in_BT.slice(1, 5).fill_(9);
    const torch::Tensor after = model->logits_BTV(batch);
    EXPECT_TRUE(torch::equal(before.slice(1, 0, 5), after.slice(1, 0, 5))) << family;
    EXPECT_GT(relative_error(before.slice(1, 5), after.slice(1, 5)), 1e-3) << family;
  }
}

TEST(DecoderOnly, TheCacheEqualsAFullForwardPass) {
  for (const std::string family : {"gpt", "llama"}) {
    for (const std::string& placement : stack_placements()) {
      const auto made = must_make(small_decoder(family, placement));
      made->to(torch::kFloat64);
      auto& model = dynamic_cast<DecoderOnly&>(*made);
      const torch::Tensor ids = random_batch({}, {9, 9}, 30, 3).target_in_BT;
      const torch::Tensor expected = model.logits(ids, nullptr);
      StackCache cache = model.empty_cache();
      int64_t t = 0;
      for (const int64_t length : {4, 1, 1, 1, 1, 1}) {
        const torch::Tensor logits = model.logits(ids.narrow(1, t, length), &cache);
        EXPECT_LT(relative_error(logits, expected.narrow(1, t, length)), 1e-11)
            << family << " " << placement << " " << t;
        t += length;
      }
      EXPECT_EQ(cache.positions(), 9);
    }
  }
}

TEST(DecoderOnly, TooLongATextSaysSo) {
  const auto model = must_make(small_decoder("llama"));
  EXPECT_THROW(model->logits_BTV(random_batch({}, {13}, 30, 1)), c10::Error);
}

}  // namespace
}  // namespace norma::models

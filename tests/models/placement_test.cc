// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What placements are at the start: their scales of the initial weights, and what they refuse. What
// they do to stream and gradients with depth: placement_signature_test.cc. Their equations:
// stack_test.cc.
#include "models/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "models/model.h"
#include "tests/models/plain.h"
#include "tests/models/small_models.h"

namespace norma::models {
namespace {

using testing::HasSubstr;

PlacementOptions options_of(const std::string& stack, int64_t encoder_layers,
                            int64_t decoder_layers) {
  PlacementOptions options;
  options.stack = stack;
  options.layers = stack == "encoder" ? encoder_layers : decoder_layers;
  options.sublayers = {"self", "ffn"};
  options.encoder_layers = encoder_layers;
  options.decoder_layers = decoder_layers;
  options.d_model = 8;
  options.heads = options.kv_heads = 2;
  options.ffn = 12;
  options.vocab_size = 10;
  options.norm = "layernorm";
  options.norm_eps = 1e-5;
  return options;
}

TEST(Placements, SayWhatTheyAre) {
  std::set<std::string> names;
  for (const PlacementInfo* info : placements()) {
    SCOPED_TRACE(info->name);
    EXPECT_TRUE(names.insert(info->name).second);
    for (const char* text : {info->equation, info->source, info->cost, info->drawing}) {
      EXPECT_GT(std::string(text).size(), 0u);
    }
    EXPECT_EQ(find_placement(info->name), info);
    EXPECT_EQ(info->recurrent, info->make == nullptr);
    if (info->recurrent) continue;
    const auto placement = info->make(options_of("decoder", 0, 4));
    EXPECT_EQ(placement->has_final_norm(), *info->final_norm != '\0');
  }
  EXPECT_EQ(find_placement("pree"), nullptr);
}

// The constants of the papers, worked out by hand.
TEST(Placements, ScaleTheStartByDepth) {
  const struct {
    const char *placement, *stack;
    int64_t encoder_layers, decoder_layers;
    double scale;
  } cases[] = {
      {"deepnorm", "decoder", 0, 6, 0.379918},   // 48^(-1/4)
      {"deepnorm", "encoder", 6, 6, 0.496988},   // 0.87 * 7776^(-1/16)
      {"deepnorm", "decoder", 6, 6, 0.343295},   // 72^(-1/4)
      {"deepnorm", "encoder", 18, 6, 0.377630},  // 0.87 * 629856^(-1/16)
      {"sub_ln", "decoder", 0, 6, 1.576358},     // sqrt(ln 12)
      {"sub_ln", "encoder", 6, 6, 1.547289},     // sqrt(ln 18 * ln 12 / 3)
      {"sub_ln", "decoder", 6, 6, 1.700109},     // sqrt(ln 18)
      {"pre", "decoder", 0, 6, 1},
      {"post", "decoder", 0, 6, 1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.placement) + " " + c.stack);
    const auto placement =
        make_placement(c.placement, options_of(c.stack, c.encoder_layers, c.decoder_layers));
    for (const char* matrix : {"v", "o", "w1", "w2", "w3"}) {
      EXPECT_NEAR(placement->init_scale(2, "self", matrix), c.scale, 1e-5 * c.scale) << matrix;
    }
    EXPECT_EQ(placement->init_scale(2, "self", "q"), 1);
    EXPECT_EQ(placement->init_scale(2, "self", "k"), 1);
  }
}

TEST(Placements, LayerScaleBeginsSmallByDepth) {
  for (const auto& [layers, start] : {std::pair<int64_t, double>{4, 0.1}, {18, 0.1}, {19, 1e-5},
                                      {24, 1e-5}, {25, 1e-6}}) {
    const auto placement = make_placement("layerscale", options_of("decoder", 0, layers));
    const torch::Tensor scale = placement->named_parameters()["0.ffn_scale"];
    EXPECT_TRUE(torch::equal(scale, torch::full({8}, start)));
  }
}

Batch batch_for(const ModelConfig& config) {
  return test::random_batch(config.family == "encdec" ? std::vector<int64_t>{5, 7}
                                                      : std::vector<int64_t>{},
                            {6, 4}, config.vocab_size, 3);
}

// Admin: w_i = sqrt(Var x_0 + Var f_1 + .. + Var f_(i-1)), measured here from outside: with w = 1
// the placement is Post-LN, and a branch's output is what its block's norm gets less its input.
TEST(Placements, AdminTakesItsScalesFromAPassOverData) {
  ModelConfig config = test::small_encdec("admin", "layernorm");
  const auto model = test::must_make(config);
  const Batch batch = batch_for(config);
  torch::Tensor embedded;
  model->set_stream_tap([&](const std::string& stack, int64_t layer, const torch::Tensor& x) {
    if (stack == "encoder" && layer == 0) embedded = x.detach().to(torch::kFloat64);
  });
  const auto parameters = model->named_parameters();
  const torch::Tensor& first = parameters["encoder.norms.0.self_scale"];
  EXPECT_TRUE(torch::equal(first, torch::ones_like(first))) << "before the pass";
  profile(*model, batch);
  model->set_stream_tap({});

  const double var_x0 = embedded.var(false).item<double>();
  EXPECT_NEAR(first[0].item<double>(), std::sqrt(var_x0), 1e-5 * std::sqrt(var_x0));
  // Var f_1: attention over the embedding of the source alone, by the plain equations, one sentence
  // at a time since there is padding.
  const test::Parameters copies = test::copies_of_parameters(*model);
  const test::Plain plain{copies};
  std::vector<torch::Tensor> outputs;
  int64_t row = 0;
  for (const int64_t length : {5, 7}) {
    const torch::Tensor x = embedded.narrow(0, row, length).to(torch::kFloat32).unsqueeze(0);
    outputs.push_back(plain.attention(x, x, "encoder.0.self", config.heads, {}).squeeze(0));
    row += length;
  }
  const double var_f1 = torch::cat(outputs).to(torch::kFloat64).var(false).item<double>();
  const torch::Tensor& second = parameters["encoder.norms.0.ffn_scale"];
  EXPECT_NEAR(second[0].item<double>(), std::sqrt(var_x0 + var_f1), 1e-5);

  double last = 0;  // they only grow within a stack
  for (const char* name : {"0.self", "0.cross", "0.ffn", "1.self", "1.cross", "1.ffn"}) {
    const torch::Tensor& w = parameters["decoder.norms." + std::string(name) + "_scale"];
    EXPECT_TRUE(torch::equal(w, torch::full_like(w, w[0].item<float>())));
    EXPECT_GT(w[0].item<double>(), last) << name;
    last = w[0].item<double>();
  }
  // A second pass over the same data changes nothing.
  const torch::Tensor before = second.detach().clone();
  profile(*model, batch);
  EXPECT_TRUE(torch::equal(second, before));
}

TEST(Placements, AProfileChangesNoOtherPlacement) {
  for (const std::string& placement : stack_placements()) {
    if (placement == "admin") continue;
    ModelConfig config = test::small_encdec(placement, "layernorm");
    config.encoder_layers = config.decoder_layers = 4;
    const auto model = test::must_make(config), other = test::must_make(config);
    profile(*model, batch_for(config));
    const auto theirs = other->named_parameters();
    for (const auto& item : model->named_parameters()) {
      EXPECT_TRUE(torch::equal(item.value(), theirs[item.key()])) << placement << item.key();
    }
  }
}

// Every vector of length C: rows of what reads the stream, columns of what writes to it.
void expect_on_the_sphere(Model& model) {
  int64_t matrices = 0;
  for (const auto& item : model.named_parameters()) {
    if (item.value().dim() != 2 || item.key().find(".norms.") != std::string::npos) continue;
    const bool writes = item.key().ends_with(".o.weight") || item.key().ends_with(".w2.weight");
    const torch::Tensor lengths = item.value().norm(2, writes ? 0 : 1);
    EXPECT_LT((lengths - 1).abs().max().item<double>(), 1e-6) << item.key();
    ++matrices;
  }
  EXPECT_GT(matrices, 10);
}

TEST(Placements, NgptStaysOnTheSphere) {
  for (const char* family : {"encdec", "gpt", "llama"}) {
    SCOPED_TRACE(family);
    ModelConfig config = test::small_encdec("ngpt", "layernorm");
    config.family = family;
    const auto model = test::must_make(config);
    expect_on_the_sphere(*model);
    model->set_stream_tap([&](const std::string&, int64_t layer, const torch::Tensor& x) {
      if (layer < 1) return;
      EXPECT_LT((x.norm(2, 1) - 1).abs().max().item<double>(), 1e-5);
    });
    torch::optim::SGD optimizer(model->parameters(), 0.1);
    model->loss(batch_for(config), 0).backward();
    optimizer.step();
    constrain(*model);
    expect_on_the_sphere(*model);
  }
}

// s_z begins as 1, however it is kept.
TEST(Placements, NgptScalesEachLogit) {
  const auto placement = make_placement("ngpt", options_of("decoder", 0, 2));
  const torch::Tensor logits = torch::randn({3, 10});
  EXPECT_LT(test::relative_error(placement->scale_logits(logits), logits), 1e-6);
  torch::Tensor scale = placement->named_parameters()["logits"];
  {
    torch::NoGradGuard no_grad;
    scale[4] *= 3;
  }
  torch::Tensor want = logits.clone();
  want.select(1, 4) *= 3;
  EXPECT_LT(test::relative_error(placement->scale_logits(logits), want), 1e-6);
}

TEST(Placements, RefuseWhatHasNoMeaning) {
  const auto refused = [](const std::string& placement, auto change) {
    ModelConfig config = test::small_encdec(placement, "layernorm");
    config.encoder_layers = config.decoder_layers = 4;
    EXPECT_TRUE(validate(config).ok());
    change(config);
    return std::string(validate(config).message());
  };
  EXPECT_THAT(refused("mix", [](ModelConfig& c) { c.encoder_layers = 3; }),
              HasSubstr("[model] placement \"mix\" needs at least 4 blocks in each stack"));
  EXPECT_THAT(refused("mix", [](ModelConfig& c) { c.decoder_layers = 3; }),
              HasSubstr("needs at least 4 blocks"));
  EXPECT_THAT(refused("keel", [](ModelConfig& c) { c.decoder_layers = 1; }),
              HasSubstr("needs at least 2 blocks"));
  EXPECT_THAT(refused("lns", [](ModelConfig& c) { c.init = "gpt2"; }),
              HasSubstr("init must not be \"gpt2\""));
  for (const char* placement : {"hybrid", "hybrid_star", "ngpt"}) {
    EXPECT_THAT(refused(placement, [](ModelConfig& c) { c.qk_norm = "head"; }),
                HasSubstr("so that qk_norm must be \"none\""));
  }
  EXPECT_THAT(refused("pre", [](ModelConfig& c) { c.qk_norm = "heads"; }),
              HasSubstr("unknown qk_norm \"heads\""));
}

// Every placement with every norm in every family: it has a finite loss and a gradient for each
// parameter.
TEST(Placements, WorkWithEveryNormInEveryFamily) {
  for (const std::string& placement : stack_placements()) {
    for (const std::string& norm : known_norms()) {
      if (norm == "batchnorm") continue;  // refused here: batch_statistics_test.cc
      for (const char* family : {"encdec", "gpt", "llama"}) {
        SCOPED_TRACE(placement + " " + norm + " " + family);
        ModelConfig config = test::small_encdec(placement, norm);
        config.family = family;
        config.encoder_layers = config.decoder_layers = 4;
        const auto model = test::must_make(config);
        const Batch batch = batch_for(config);
        profile(*model, batch);
        const torch::Tensor value = model->loss(batch, 0);
        EXPECT_TRUE(std::isfinite(value.item<double>()));
        value.backward();
        for (const auto& item : model->named_parameters()) {
          EXPECT_TRUE(item.value().grad().defined()) << item.key();
        }
      }
    }
  }
}

}  // namespace
}  // namespace norma::models

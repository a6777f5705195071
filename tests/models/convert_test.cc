// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/convert.h"

#include <gtest/gtest.h>

#include "models/decoder_only.h"
#include "models/norma_folder.h"
#include "tests/models/small_models.h"
#include "tests/support/temp_folder.h"

namespace norma::models {
namespace {

using test::must_make;

ModelConfig small(const std::string& family, const std::string& placement,
                  const std::string& norm = "layernorm") {
  ModelConfig config = test::small_encdec(placement, norm);
  config.family = family;
  return config;
}

// As training leaves it: no parameter is at its start, and what writes to the stream has a mean.
std::shared_ptr<Model> trained(const ModelConfig& config, bool shifts = true) {
  std::shared_ptr<Model> model = must_make(config);
  torch::NoGradGuard no_grad;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(7);
  for (auto& item : model->named_parameters()) {
    const bool of_norm = item.key().find(".norms.") != std::string::npos;
    if (!shifts && of_norm && item.key().ends_with(".bias")) continue;
    item.value().add_(at::normal(0.1, 0.2, item.value().sizes(), generator));
  }
  model->to(torch::kFloat64);
  model->eval();
  return model;
}

// In float64, where the rewriting is exact but for some thousand roundings of 1.1e-16 each, of
// values below 100 that at most three layers of norms enlarge.
constexpr double kExact = 1e-11;

double difference(Model& a, Model& b) {
  const LogitDifference found = compare_logits(a, b, 3, 11, 5);
  EXPECT_GT(found.logit, 1e-2);
  EXPECT_EQ(found.tokens, 33);
  return found.greatest;
}

bool has_parameter(const Model& model, const std::string& part) {
  for (const auto& item : model.named_parameters()) {
    if (item.key().find(part) != std::string::npos) return true;
  }
  return false;
}

TEST(Convert, LayerNormBecomesRmsNormInEachFamilyAndPlacement) {
  for (const char* family : {"gpt", "encdec"}) {
    for (const char* placement : {"pre", "parallel"}) {
      for (const bool tied : {true, false}) {
        for (const bool fold : {false, true}) {
          SCOPED_TRACE(std::string(family) + " " + placement + (tied ? " tied" : "") +
                       (fold ? " folded" : ""));
          ModelConfig config = small(family, placement);
          config.tie_embeddings = tied;
          const auto model = trained(config);
          const auto made = convert(*model, {.to_rmsnorm = true, .fold_gains = fold});
          ASSERT_TRUE(made.ok()) << made.status().message();
          Model& converted = *made.value();
          EXPECT_EQ(converted.config().norm, "rmsnorm");
          EXPECT_TRUE(validate(converted.config()).ok());
          EXPECT_LT(difference(*model, converted), kExact);
          EXPECT_FALSE(converted.is_training());
          EXPECT_TRUE(has_parameter(converted, ".norms.final.weight"));
          EXPECT_FALSE(has_parameter(converted, ".norms.final.bias"));
          // The check can fail: the same norm over a stream that is not centred is far off.
          torch::NoGradGuard no_grad;
          converted.named_parameters()["embedding.weight"].add_(0.05);
          EXPECT_GT(difference(*model, converted), 1e6 * kExact);
        }
      }
    }
  }
}

TEST(Convert, TheStreamOfAConvertedModelHasMeanZeroAtEachDepth) {
  const auto model = trained(small("gpt", "pre"));
  const auto made = convert(*model, {.to_rmsnorm = true});
  ASSERT_TRUE(made.ok()) << made.status().message();
  torch::NoGradGuard no_grad;
  Batch batch;
  batch.target_in_BT = torch::arange(4, 20, torch::kInt64).view({2, 8});
  const auto means = [&](Model& of) {
    std::vector<double> all;
    of.set_stream_tap([&](const std::string&, int64_t layer, const torch::Tensor& x_NC) {
      if (layer >= 0) all.push_back(x_NC.mean(1).abs().max().item<double>());
    });
    of.logits_BTV(batch);
    return all;
  };
  const std::vector<double> before = means(*model), after = means(*made.value());
  ASSERT_EQ(after.size(), 3U);
  for (size_t layer = 0; layer < after.size(); ++layer) {
    EXPECT_GT(before[layer], 1e-2) << layer;
    EXPECT_LT(after[layer], kExact) << layer;
  }
}

TEST(Convert, GainsFoldInModelsOfEitherNormAndAreOneThen) {
  for (const char* norm : {"layernorm", "rmsnorm"}) {
    for (const char* family : {"gpt", "llama", "encdec"}) {
      if (std::string(norm) == "layernorm" && std::string(family) == "llama") continue;
      SCOPED_TRACE(std::string(family) + " " + norm);
      ModelConfig config = small(family, "pre", norm);
      if (std::string(family) == "llama") config.kv_heads = 1;
      const auto model = trained(config);
      const auto made = convert(*model, {.fold_gains = true});
      ASSERT_TRUE(made.ok()) << made.status().message();
      EXPECT_EQ(made.value()->config().norm, norm);
      EXPECT_LT(difference(*model, *made.value()), kExact);
      for (const auto& item : made.value()->named_parameters()) {
        if (item.key().find(".norms.") == std::string::npos) continue;
        const double expected = item.key().ends_with(".weight") ? 1 : 0;
        EXPECT_TRUE(item.value().eq(expected).all().item<bool>()) << item.key();
      }
    }
  }
}

// QK-norm keeps its own gains: its queries and keys go nowhere but into each other.
TEST(Convert, FoldingLeavesQkNormAlone) {
  ModelConfig config = small("llama", "pre", "rmsnorm");
  config.qk_norm = "head";
  const auto model = trained(config);
  const auto made = convert(*model, {.fold_gains = true});
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_LT(difference(*model, *made.value()), kExact);
  EXPECT_TRUE(torch::equal(made.value()->named_parameters()["decoder.norms.0.self_q.weight"],
                           model->named_parameters()["decoder.norms.0.self_q.weight"]));
}

TEST(Convert, Float32IsWithinWhatTheCommandAllows) {
  const auto model = trained(small("gpt", "pre"));
  model->to(torch::kFloat32);
  const auto made = convert(*model, {.to_rmsnorm = true, .fold_gains = true});
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ(made.value()->parameters().front().scalar_type(), torch::kFloat32);
  EXPECT_LT(difference(*model, *made.value()), 1e-4);
}

TEST(Convert, WhatIsNotExactIsRefusedWithTheReason) {
  const auto refused = [](const ModelConfig& config, const Conversion& conversion,
                          const std::string& reason) {
    const Status status = convert(*trained(config), conversion).status();
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
  };
  const Conversion to{.to_rmsnorm = true}, fold{.fold_gains = true};
  refused(small("gpt", "post"), to, "placement is \"post\"");
  refused(small("gpt", "post"), fold, "placement is \"post\"");
  refused(small("gpt", "peri"), to, "placement is \"peri\"");
  refused(small("gpt", "none"), to, "placement is \"none\"");
  refused(small("gpt", "pre", "rmsnorm"), to, "norm is \"rmsnorm\"");
  refused(small("gpt", "pre", "dyt"), fold, "norm is \"dyt\"");
  refused(small("bert", "pre"), to, "the model is a bert");
  refused(small("lstm", "gates"), to, "the model is a lstm");
  ModelConfig mlp = small("mlp", "pre");
  mlp.inputs = 7;
  refused(mlp, to, "the model is a mlp");
  refused(small("llama", "pre"), to, "has a shift");
  refused(small("gpt", "pre"), {}, "nothing to do");
  ModelConfig qk = small("gpt", "pre");
  qk.qk_norm = "head";
  refused(qk, to, "qk_norm is \"head\"");
}

// A LLaMA with LayerNorm has no biases; where its norms have no shift there is none to take.
TEST(Convert, ALlamaWithoutShiftsIsExact) {
  const auto model = trained(small("llama", "pre"), /*shifts=*/false);
  const auto made = convert(*model, {.to_rmsnorm = true});
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_LT(difference(*model, *made.value()), kExact);
}

TEST(NormaFolder, ADecoderWithItsRotationComesBack) {
  ModelConfig config = small("llama", "pre", "rmsnorm");
  config.tie_embeddings = false;
  config.output_bias = true;
  DecoderOptions options;
  options.head_width = 6;
  options.rotary = {.base = 5e5, .factor = 8, .original_positions = 16, .low_frequency = 1,
                    .high_frequency = 4};
  const auto model = std::make_shared<DecoderOnly>(config, 3, options);
  model->eval();
  const test::TempFolder folder;
  ASSERT_TRUE(write_norma_folder(folder.path(), {model, 2, {5, 6}}).ok());
  const auto back = load_hugging_face(folder.path());
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back.value().bos, 2);
  EXPECT_EQ(back.value().ends, (std::vector<int32_t>{5, 6}));
  EXPECT_EQ(to_json(back.value().model->config()), to_json(config));
  EXPECT_EQ(compare_logits(*model, *back.value().model, 2, 32, 1).greatest, 0);
}

TEST(NormaFolder, WhatItHasNoPlaceForIsRefused) {
  DecoderOptions options;
  options.logit_softcap = 30;
  const auto model =
      std::make_shared<DecoderOnly>(small("llama", "pre", "rmsnorm"), 3, options);
  const test::TempFolder folder;
  const Status status = write_norma_folder(folder.path(), {model, 1, {2}});
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_FALSE(load_hugging_face(folder.path()).ok());
}

TEST(NormaFolder, AHostileConfigurationIsRefused) {
  const auto model =
      std::make_shared<DecoderOnly>(small("gpt", "pre", "layernorm"), 3, DecoderOptions());
  const auto refused = [&](const std::string& from, const std::string& to,
                           const std::string& reason) {
    const test::TempFolder folder;
    ASSERT_TRUE(write_norma_folder(folder.path(), {model, 1, {2}}).ok());
    std::string config = folder.read("config.json");
    const size_t at = config.find(from);
    ASSERT_NE(at, std::string::npos) << from << " in " << config;
    folder.write("config.json", config.replace(at, from.size(), to));
    const Status status = load_hugging_face(folder.path()).status();
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
  };
  refused("\"vocab_size\": 40", "\"vocab_size\": 16000000", "embedding.weight");
  refused("\"decoder_layers\": 2", "\"decoder_layers\": 100000", "decoder.2");
  refused("\"d_model\": 16", "\"d_model\": -1", "d_model");
  refused("\"family\": \"gpt\"", "\"family\": \"lstm\"", "placement");
  refused("\"norm\": \"layernorm\"", "\"norm\": \"layernrm\"", "layernorm");
  refused("\"norm\": \"layernorm\"", "\"norm\": 3", "norm cannot be 3");
  refused("\"model\": {", "\"model\": 3, \"more\": {", "model must be an object");
}

}  // namespace
}  // namespace norma::models

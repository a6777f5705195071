// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/plain.h"
#include "tests/models/small_models.h"

namespace norma::models {
namespace {

using ::testing::ElementsAre;

TEST(Inspect, GainsOfEveryNormInOrder) {
  const auto model = test::must_make(test::small_encdec("pre", "layernorm"));
  auto parameters = model->named_parameters();
  {
    torch::NoGradGuard no_grad;
    torch::Tensor& gain = parameters["decoder.norms.1.cross.weight"];
    gain.copy_(1 + 0.01 * torch::arange(16));  // median 1.075, typical distance 0.04
    gain[3] = 5.0;
    gain[9] = -2.0;
  }
  std::vector<std::string> places;
  for (const BlockSummary& block : inspect_blocks(*model)) {
    for (const GainSummary& gain : block.gains) {
      places.push_back(block.stack + std::to_string(block.layer) + gain.name);
      EXPECT_EQ(gain.channels, 16);
      if (places.back() == "decoder1cross") {
        EXPECT_FLOAT_EQ(gain.least, -2);
        EXPECT_FLOAT_EQ(gain.most, 5);
        EXPECT_NEAR(gain.median, 1.075, 0.011);
        EXPECT_THAT(gain.outliers, ElementsAre(3, 9)) << "the farthest first";
      } else {
        EXPECT_EQ(gain.median, 1);
        EXPECT_TRUE(gain.outliers.empty());
      }
    }
    if (block.layer < 0) continue;
    double squares = 0;
    int64_t count = 0;
    const std::string prefix = block.stack + "." + std::to_string(block.layer) + ".";
    for (const auto& item : parameters) {
      if (!item.key().starts_with(prefix)) continue;
      squares += item.value().square().sum().item<double>();
      count += item.value().numel();
    }
    EXPECT_EQ(block.parameters, count);
    EXPECT_NEAR(block.length, std::sqrt(squares), 1e-4 * block.length);
  }
  EXPECT_THAT(places, ElementsAre("decoder0self", "decoder0cross", "decoder0ffn", "decoder1self",
                                  "decoder1cross", "decoder1ffn", "decoder-1final", "encoder0self",
                                  "encoder0ffn", "encoder1self", "encoder1ffn", "encoder-1final"));
}

// Against plain operations: the embedding's stream, and the first block's scores.
TEST(Inspect, StreamPeaksAndAttentionLogits) {
  ModelConfig config = test::small_encdec("pre", "rmsnorm");
  config.family = "gpt";
  const auto model = test::must_make(config);
  test::jitter_parameters(*model, 3);
  const test::Parameters p = test::copies_of_parameters(*model);
  Batch batch;
  batch.target_in_BT = torch::tensor({5, 9, 7, 11, 6, 8}, torch::kInt64).unsqueeze(0);
  const std::vector<DepthSummary> depths = inspect_depths(*model, {batch});
  ASSERT_EQ(depths.size(), 4u);
  EXPECT_EQ(depths[0].layer, 0);
  EXPECT_EQ(depths[2].layer, 2);
  EXPECT_EQ(depths[3].layer, -1);

  const test::Plain plain{p, "rmsnorm"};
  const torch::Tensor x = p.at("embedding.weight").index_select(0, batch.target_in_BT[0]) +
                          p.at("positions.weight").narrow(0, 0, 6);
  const double rms = x.square().mean().sqrt().item<double>();
  EXPECT_NEAR(depths[0].rms, rms, 1e-5 * rms);
  EXPECT_NEAR(depths[0].peak, x.abs().max().item<double>() / rms, 1e-4);
  EXPECT_TRUE(std::isnan(depths[0].attention_logit));
  EXPECT_TRUE(std::isnan(depths[3].attention_logit));

  const torch::Tensor in = plain.normalize(x, "decoder.norms.0.self");
  const torch::Tensor q = plain.linear(in, "decoder.0.self.q");
  const torch::Tensor k = plain.linear(in, "decoder.0.self.k");
  double most = -INFINITY;
  for (int64_t head = 0; head < 2; ++head) {
    for (int64_t t = 0; t < 6; ++t) {
      for (int64_t s = 0; s <= t; ++s) {
        const double score = (q[t].narrow(0, 8 * head, 8) * k[s].narrow(0, 8 * head, 8))
                                 .sum()
                                 .item<double>() /
                             std::sqrt(8.0);
        most = std::max(most, score);
      }
    }
  }
  EXPECT_NEAR(depths[1].attention_logit, most, 1e-4 * std::abs(most));
}

// What looks at a model leaves it as it was.
TEST(Inspect, LeavesNoTapBehind) {
  ModelConfig config = test::small_encdec("post", "layernorm");
  config.family = "llama";
  const auto model = test::must_make(config);
  model->train();
  Batch batch;
  batch.target_in_BT = torch::tensor({5, 9, 7}, torch::kInt64).unsqueeze(0);
  const torch::Tensor before = model->logits_BTV(batch);
  inspect_depths(*model, {batch});
  EXPECT_TRUE(model->is_training());
  EXPECT_TRUE(torch::equal(model->logits_BTV(batch), before));
}

}  // namespace
}  // namespace norma::models

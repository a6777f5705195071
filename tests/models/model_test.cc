// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/model.h"

#include <gtest/gtest.h>

#include "models/placement_info.h"
#include "tests/models/plain.h"
#include "tests/models/small_models.h"

namespace norma::models {
namespace {

using test::must_make;
using test::random_batch;
using test::relative_error;
using test::small_encdec;

// In f64, against sums written out: rounding alone.
TEST(Loss, IsTheMeanOverPositionsThatCount) {
  torch::manual_seed(1);
  const torch::Tensor logits = torch::randn({2, 3, 5}, torch::kFloat64);
  const torch::Tensor target =
      torch::tensor(std::vector<int64_t>{4, 0, kIgnore, 2, kIgnore, kIgnore}).view({2, 3});
  for (const double smoothing : {0.0, 0.1}) {
    double sum = 0;
    for (const auto [b, t, y] : {std::array<int64_t, 3>{0, 0, 4}, {0, 1, 0}, {1, 0, 2}}) {
      const torch::Tensor p = logits[b][t].exp() / logits[b][t].exp().sum();
      for (int64_t v = 0; v < 5; ++v) {
        const double target_probability = smoothing / 5 + (v == y ? 1 - smoothing : 0);
        sum -= target_probability * std::log(p[v].item<double>());
      }
    }
    EXPECT_NEAR(loss(logits, target, smoothing).item<double>(), sum / 3, 1e-13);
  }
}

TEST(Model, StreamTapSeesEveryDepth) {
  for (const std::string& placement : stack_placements()) {
    const auto model = must_make(small_encdec(placement, "layernorm"));
    std::vector<std::string> seen;
    model->set_stream_tap([&](const std::string& stack, int64_t layer, const torch::Tensor& x) {
      seen.push_back(stack + std::to_string(layer));
      EXPECT_EQ(x.size(-1), 16);
    });
    model->logits_BTV(random_batch({5, 5}, {4, 4}, 40, 1));
    std::vector<std::string> expected;
    for (const std::string stack : {"encoder", "decoder"}) {
      for (int64_t layer = 0; layer <= test::fewest_layers(placement); ++layer) {
        expected.push_back(stack + std::to_string(layer));
      }
      if (*find_placement(placement)->final_norm != '\0') expected.push_back(stack + "-1");
    }
    EXPECT_EQ(seen, expected) << placement;
  }
}

TEST(Model, CountsItsNorms) {
  const auto count = [](const std::string& placement) {
    return must_make(small_encdec(placement, "rmsnorm"))->norm_calls_per_forward();
  };
  EXPECT_EQ(count("none"), 0);
  EXPECT_EQ(count("post"), 2 * 2 + 2 * 3);
  EXPECT_EQ(count("pre"), 2 * 2 + 1 + 2 * 3 + 1);
  EXPECT_EQ(count("peri"), 2 * 4 + 1 + 2 * 6 + 1);
  EXPECT_EQ(count("parallel"), 2 + 1 + 2 + 1);
  EXPECT_EQ(count("parallel_two"), 2 * 2 + 1 + 2 * 3 + 1);
  EXPECT_EQ(count("peri_embedding"), count("peri") + 2);
  EXPECT_EQ(count("gpas"), count("pre"));
  EXPECT_EQ(count("keel"), 2 + 4 + 3 + 6);
  EXPECT_EQ(count("dlcl"), 2 * 2 + 3 + 1 + 2 * 3 + 3 + 1);
  EXPECT_EQ(count("hybrid"), 2 * (1 + 3) + 1 + 2 * (1 + 6) + 1);
  EXPECT_EQ(count("hybrid_star"), count("hybrid") + 1 + 2);
}

TEST(Model, OurNormsAndTorchsAgree) {
  const Batch batch = random_batch({5, 3, 6}, {4, 7, 2}, 40, 1);
  for (const std::string placement : {"post", "pre"}) {
    const torch::Tensor ours = must_make(small_encdec(placement, "layernorm"))->logits_BTV(batch);
    const torch::Tensor theirs =
        must_make(small_encdec(placement, "torch_layernorm"))->logits_BTV(batch);
    // float32: ten norms of about 1e-6 each.
    EXPECT_LT(relative_error(ours, theirs), 1e-4) << placement;
  }
}

}  // namespace
}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/encoder_decoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/decode.h"
#include "tests/models/plain.h"
#include "tests/models/small_models.h"

namespace norma::models {
namespace {

using test::must_make;
using test::random_batch;
using test::relative_error;
using test::small_encdec;

// float32 logits that should be equal but may be summed in another order.
constexpr double kF32 = 1e-5;

TEST(EncoderDecoder, SinusoidsFollowTheirFormula) {
  const torch::Tensor table = sinusoidal_positions(50, 6);
  const auto at = table.accessor<double, 2>();
  for (int64_t t : {0, 1, 49}) {
    for (int64_t i = 0; i < 3; ++i) {
      const double angle = t / std::pow(10000.0, 2.0 * i / 6.0);
      EXPECT_NEAR(at[t][2 * i], std::sin(angle), 1e-14);
      EXPECT_NEAR(at[t][2 * i + 1], std::cos(angle), 1e-14);
    }
  }
}

// Input: embedding * sqrt(d) + position. Output: the same matrix.
TEST(EncoderDecoder, SourceTargetAndOutputShareOneMatrix) {
  ModelConfig config = small_encdec("pre", "layernorm");
  const auto model = must_make(config);
  const auto parameters = model->named_parameters();
  EXPECT_FALSE(parameters.contains("output.weight"));
  const torch::Tensor embedding = parameters["embedding.weight"];
  std::map<std::string, torch::Tensor> tapped;
  model->set_stream_tap([&](const std::string& stack, int64_t layer, const torch::Tensor& x) {
    tapped[stack + std::to_string(layer)] = x;
  });
  const Batch batch = random_batch({5}, {4}, config.vocab_size, 2);
  const torch::Tensor logits = model->logits_BTV(batch);
  const torch::Tensor positions = sinusoidal_positions(5, 16).to(torch::kFloat32);
  const auto embedded = [&](const torch::Tensor& ids) {
    return embedding.index_select(0, ids[0]) * 4.0 + positions.slice(0, 0, ids.size(1));
  };
  EXPECT_LT(relative_error(tapped["encoder0"], embedded(batch.source_BS)), kF32);
  EXPECT_LT(relative_error(tapped["decoder0"], embedded(batch.target_in_BT)), kF32);
  EXPECT_LT(relative_error(logits[0], tapped["decoder-1"].matmul(embedding.t())), kF32);

  config.tie_embeddings = false;
  const auto untied = must_make(config);
  const auto separate = untied->named_parameters();
  ASSERT_TRUE(separate.contains("output.weight"));
  EXPECT_NE(separate["output.weight"].data_ptr(), separate["embedding.weight"].data_ptr());
  untied->logits_BTV(batch).sum().backward();
  EXPECT_TRUE(separate["output.weight"].grad().defined());
}

TEST(EncoderDecoder, TheFutureDoesNotChangeThePast) {
  for (const std::string& placement : stack_placements()) {
    const auto model = must_make(small_encdec(placement, "layernorm"));
    Batch batch = random_batch({5, 5}, {6, 6}, 40, 3);
    const torch::Tensor before = model->logits_BTV(batch);
    batch.target_in_BT.slice(1, 4).fill_(7);
    const torch::Tensor after = model->logits_BTV(batch);
    EXPECT_TRUE(torch::equal(before.slice(1, 0, 4), after.slice(1, 0, 4))) << placement;
    EXPECT_GT(relative_error(before.slice(1, 4), after.slice(1, 4)), 1e-3) << placement;
  }
}

TEST(EncoderDecoder, EverySourceTokenMatters) {
  const auto model = must_make(small_encdec("pre", "layernorm"));
  Batch batch = random_batch({5}, {4}, 40, 3);
  const torch::Tensor before = model->logits_BTV(batch);
  for (int64_t s = 0; s < 5; ++s) {
    Batch changed = batch;
    changed.source_BS = batch.source_BS.clone();
    changed.source_BS[0][s] = batch.source_BS[0][s].item<int64_t>() == 9 ? 10 : 9;
    EXPECT_GT(relative_error(model->logits_BTV(changed), before), 1e-4) << s;
  }
}

TEST(EncoderDecoder, PaddingChangesNothing) {
  for (const std::string& placement : stack_placements()) {
    const auto model = must_make(small_encdec(placement, "rmsnorm"));
    const Batch alone = random_batch({4}, {3}, 40, 4);
    Batch padded;
    padded.source_BS = at::constant_pad_nd(alone.source_BS, {0, 3}, text::kPadId);
    padded.target_in_BT = at::constant_pad_nd(alone.target_in_BT, {0, 2}, text::kPadId);
    padded.target_out_BT = at::constant_pad_nd(alone.target_out_BT, {0, 2}, kIgnore);
    const torch::Tensor expected = model->logits_BTV(alone);
    const torch::Tensor logits = model->logits_BTV(padded);
    EXPECT_LT(relative_error(logits.slice(1, 0, 3), expected), kF32) << placement;
    const double value = loss(expected, alone.target_out_BT, 0.1).item<double>();
    EXPECT_NEAR(loss(logits, padded.target_out_BT, 0.1).item<double>(), value, 1e-5);
    EXPECT_NEAR(model->loss(padded, 0.1).item<double>(), value, 1e-5);
  }
}

TEST(EncoderDecoder, GradientsOfAPaddedBatchAreTheSumOfItsSentences) {
  const ModelConfig config = small_encdec("post", "layernorm");
  const auto together = must_make(config), apart = must_make(config);
  const Batch batch = random_batch({5, 3}, {2, 6}, 40, 5);
  const auto total = [](Model& model, const Batch& some) {
    return model.loss(some, 0.0) * (some.target_out_BT != kIgnore).sum();
  };
  total(*together, batch).backward();
  for (int64_t r : {0, 1}) {
    const int64_t s = (batch.source_BS[r] != text::kPadId).sum().item<int64_t>();
    const int64_t t = (batch.target_out_BT[r] != kIgnore).sum().item<int64_t>();
    const Batch one = {batch.source_BS.slice(0, r, r + 1).slice(1, 0, s),
                       batch.target_in_BT.slice(0, r, r + 1).slice(1, 0, t),
                       batch.target_out_BT.slice(0, r, r + 1).slice(1, 0, t)};
    total(*apart, one).backward();
  }
  const auto expected = apart->named_parameters();
  for (const auto& item : together->named_parameters()) {
    if (item.key().ends_with(".k.bias")) continue;  // zero but for rounding
    // Gradients through ten norms in float32.
    EXPECT_LT(relative_error(item.value().grad(), expected[item.key()].grad()), 1e-4) << item.key();
  }
}

TEST(EncoderDecoder, ASourceOfPaddingAloneGivesFiniteLogits) {
  const auto model = must_make(small_encdec("pre", "layernorm"));
  Batch batch = random_batch({3, 3}, {4, 4}, 40, 6);
  batch.source_BS[1].fill_(text::kPadId);
  EXPECT_TRUE(model->logits_BTV(batch).isfinite().all().item<bool>());
}

TEST(EncoderDecoder, DropoutActsInTrainingAlone) {
  ModelConfig config = small_encdec("pre", "layernorm");
  config.dropout = 0.3;
  const auto model = must_make(config);
  const Batch batch = random_batch({5, 4}, {4, 4}, 40, 7);
  model->eval();
  const torch::Tensor still = model->logits_BTV(batch);
  EXPECT_TRUE(torch::equal(still, model->logits_BTV(batch)));
  model->train();
  torch::manual_seed(1);
  const torch::Tensor first = model->logits_BTV(batch);
  EXPECT_FALSE(torch::equal(first, model->logits_BTV(batch)));
  EXPECT_FALSE(torch::equal(first, still));
  torch::manual_seed(1);
  EXPECT_TRUE(torch::equal(first, model->logits_BTV(batch)));
  config.dropout = 0;
  EXPECT_TRUE(torch::equal(still, must_make(config)->logits_BTV(batch)));
}

TEST(EncoderDecoder, TooLongASentenceSaysSo) {
  const auto model = must_make(small_encdec("pre", "layernorm"));
  try {
    model->logits_BTV(random_batch({33}, {4}, 40, 8));
    FAIL();
  } catch (const c10::Error& error) {
    EXPECT_NE(std::string(error.what()).find("33 tokens is longer than max_length=32"),
              std::string::npos);
  }
}

// Ten sentences to be copied: the model must learn them by heart, and both searches must then give
// them back.
TEST(EncoderDecoder, LearnsToCopyAndTranslatesWhatItLearnt) {
  for (const std::string placement : {"post", "pre"}) {
    ModelConfig config = small_encdec(placement, "layernorm");
    config.d_model = 32;
    config.ffn = 64;
    config.vocab_size = 14;
    const auto model = must_make(config);
    Batch batch = random_batch(std::vector<int64_t>(10, 6), std::vector<int64_t>(10, 6), 14, 9);
    batch.source_BS.select(1, 5).fill_(text::kEosId);
    batch.target_out_BT = batch.source_BS.clone();
    batch.target_in_BT = batch.source_BS.roll(1, 1);
    batch.target_in_BT.select(1, 0).fill_(text::kBosId);
    torch::optim::Adam adam(model->parameters(), torch::optim::AdamOptions(1e-3));
    double value = 0, start = 0;
    for (int step = 0; step < 200; ++step) {
      adam.zero_grad();
      const torch::Tensor l = model->loss(batch, 0.0);
      l.backward();
      adam.step();
      value = l.item<double>();
      if (step == 0) start = value;
    }
    EXPECT_GT(start, 2.0) << placement;  // about ln 14
    EXPECT_LT(value, 0.1) << placement;
    for (const int64_t beam : {1, 3}) {
      const auto outputs = translate(*model, batch.source_BS, {beam, 20, 0.6});
      ASSERT_EQ(outputs.size(), 10u);
      for (int64_t r = 0; r < 10; ++r) {
        std::vector<int32_t> expected;
        for (int64_t t = 0; t < 5; ++t) expected.push_back(batch.source_BS[r][t].item<int32_t>());
        EXPECT_EQ(outputs[r], expected) << placement << " beam " << beam;
      }
    }
    EXPECT_TRUE(model->is_training());
  }
}

}  // namespace
}  // namespace norma::models

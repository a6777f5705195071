// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/decode.h"

#include <gtest/gtest.h>

#include "models/not_finite.h"
#include "tests/models/plain.h"
#include "tests/models/small_models.h"

namespace norma::models {
namespace {

using test::must_make;
using test::random_batch;
using test::small_encdec;

// Without a cache: the whole prefix again for every token.
std::vector<int32_t> slow_greedy(Model& model, const torch::Tensor& source_BS, int64_t max_length) {
  std::vector<int64_t> prefix = {text::kBosId};
  std::vector<int32_t> words;
  while (static_cast<int64_t>(words.size()) < max_length) {
    Batch batch;
    batch.source_BS = source_BS;
    batch.target_in_BT = torch::tensor(prefix, torch::kInt64).unsqueeze(0);
    torch::Tensor last = model.logits_BTV(batch)[0][-1].clone();
    last[text::kPadId] = last[text::kBosId] = -INFINITY;
    const int64_t token = last.argmax().item<int64_t>();
    if (token == text::kEosId) break;
    prefix.push_back(token);
    words.push_back(static_cast<int32_t>(token));
  }
  return words;
}

// Random weights, made sharper so that no two tokens are close: sentences of all kinds come out.
std::shared_ptr<Model> sharp_model(const std::string& placement) {
  const auto model = must_make(small_encdec(placement, "layernorm"), 3);
  test::jitter_parameters(*model, 8);
  return model;
}

TEST(Translate, TheCacheGivesWhatAFullPassGives) {
  for (const std::string& placement : stack_placements()) {
    const auto model = sharp_model(placement);
    const Batch batch = random_batch({6, 2, 5, 4}, {1, 1, 1, 1}, 40, 1);
    const auto outputs = translate(*model, batch.source_BS, {1, 12, 0.6});
    for (int64_t r = 0; r < 4; ++r) {
      const int64_t length = (batch.source_BS[r] != text::kPadId).sum().item<int64_t>();
      const torch::Tensor alone = batch.source_BS.slice(0, r, r + 1).slice(1, 0, length);
      EXPECT_EQ(outputs[r], slow_greedy(*model, alone, 12)) << placement << " " << r;
      EXPECT_EQ(translate(*model, alone, {4, 12, 0.6})[0],
                translate(*model, batch.source_BS, {4, 12, 0.6})[r])
          << placement << " " << r;
    }
  }
}

TEST(Translate, LeavesTheModelAsItWas) {
  const auto model = sharp_model("pre");
  const Batch batch = random_batch({6}, {1}, 40, 1);
  model->train();
  translate(*model, batch.source_BS, {2, 5, 0.6});
  EXPECT_TRUE(model->is_training());
  model->eval();
  translate(*model, batch.source_BS, {2, 5, 0.6});
  EXPECT_FALSE(model->is_training());
  EXPECT_TRUE(torch::GradMode::is_enabled());
}

TEST(Translate, AndGenerateRefuseTheOthersModel) {
  const auto encdec = must_make(small_encdec("pre", "layernorm"));
  ModelConfig config = small_encdec("pre", "layernorm");
  config.family = "gpt";
  const auto gpt = must_make(config);
  EXPECT_THROW(translate(*gpt, torch::ones({1, 2}, torch::kInt64), {}), c10::Error);
  EXPECT_THROW(generate(*encdec, {5}, {}, [](int32_t) { return true; }), c10::Error);
}

std::shared_ptr<Model> sharp_gpt(const std::string& family) {
  ModelConfig config = small_encdec("pre", "layernorm");
  config.family = family;
  config.max_length = 16;
  const auto model = must_make(config, 4);
  test::jitter_parameters(*model, 9);
  return model;
}

TEST(Generate, GreedyIsTheBestTokenOfAFullPass) {
  for (const std::string family : {"gpt", "llama"}) {
    const auto model = sharp_gpt(family);
    SampleOptions options;
    options.steps = 10;
    options.temperature = 0;
    std::vector<int32_t> streamed;
    const auto out = generate(*model, {5, 9, 11}, options, [&](int32_t token) {
      streamed.push_back(token);
      return true;
    });
    EXPECT_EQ(streamed, out);
    std::vector<int64_t> text = {5, 9, 11};
    std::vector<int32_t> expected;
    while (expected.size() < 10) {
      Batch batch;
      batch.target_in_BT = torch::tensor(text, torch::kInt64).unsqueeze(0);
      torch::Tensor last = model->logits_BTV(batch)[0][-1].clone();
      last[text::kPadId] = last[text::kBosId] = -INFINITY;
      text.push_back(last.argmax().item<int64_t>());
      if (text.back() == text::kEosId) break;
      expected.push_back(static_cast<int32_t>(text.back()));
    }
    EXPECT_EQ(out, expected) << family;
    EXPECT_FALSE(out.empty());
  }
}

// 800 draws that are nearly uniform: without the rule, 20 of them would be padding.
TEST(Generate, NeverDrawsPadding) {
  const auto model = sharp_gpt("gpt");
  SampleOptions options;
  options.steps = 40;
  options.temperature = 50;
  options.top_p = 1;
  for (options.seed = 1; options.seed <= 20; ++options.seed) {
    for (const int32_t token : generate(*model, {7}, options, [](int32_t) { return true; })) {
      EXPECT_NE(token, text::kPadId);
      EXPECT_NE(token, text::kBosId);
    }
  }
}

TEST(TranslateAndGenerate, AModelThatDivergedIsAnError) {
  const auto diverge = [](Model& model) {
    torch::NoGradGuard no_grad;
    for (torch::Tensor& p : model.parameters()) p.fill_(std::nan(""));
  };
  const auto encdec = must_make(small_encdec("pre", "layernorm"));
  diverge(*encdec);
  encdec->train();
  for (const int64_t beam : {1, 4}) {
    EXPECT_THROW(translate(*encdec, torch::full({1, 3}, 7, torch::kInt64), {beam, 12, 0.6}),
                 NotFinite);
  }
  EXPECT_TRUE(encdec->is_training()) << "left as it was";
  const auto gpt = sharp_gpt("gpt");
  diverge(*gpt);
  SampleOptions options;
  for (options.temperature = 0; options.temperature < 2; options.temperature += 1) {
    EXPECT_THROW(generate(*gpt, {7}, options, [](int32_t) { return true; }), NotFinite);
  }
}

TEST(Generate, GoesOnBeyondTheWindow) {
  const auto model = sharp_gpt("gpt");
  SampleOptions options;
  options.steps = 60;
  options.temperature = 2.0;
  options.top_p = 1.0;
  std::vector<int32_t> longest;
  for (options.seed = 1; options.seed <= 20; ++options.seed) {
    const auto out =
        generate(*model, std::vector<int32_t>(40, 7), options, [](int32_t) { return true; });
    if (out.size() > longest.size()) longest = out;
    for (const int32_t token : out) EXPECT_NE(token, text::kEosId);
  }
  EXPECT_GT(longest.size(), 16u);
}

TEST(Generate, ASeedRepeatsAndTheReaderCanStop) {
  const auto model = sharp_gpt("llama");
  SampleOptions options;
  options.steps = 12;
  options.temperature = 1.5;
  const auto go_on = [](int32_t) { return true; };
  const auto first = generate(*model, {}, options, go_on);
  EXPECT_EQ(first, generate(*model, {}, options, go_on));
  ASSERT_GT(first.size(), 2u);
  const auto stopped = generate(*model, {}, options, [](int32_t) { return false; });
  EXPECT_EQ(stopped, std::vector<int32_t>{first.front()});
  options.temperature = -1;
  EXPECT_THROW(generate(*model, {}, options, go_on), c10::Error);
}

}  // namespace
}  // namespace norma::models

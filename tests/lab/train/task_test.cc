// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "lab/data/images.h"
#include "lab/train/evaluate.h"
#include "tests/support/tiny_pictures.h"
#include "tests/support/tiny_task.h"

namespace norma::lab {
namespace {

using ::testing::HasSubstr;

class TaskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = test::fresh_folder(::testing::UnitTest::GetInstance()->current_test_info()->name());
    test::write_tiny_pairs(root_ + "/pairs.tsv");
    recipe_ = test::tiny_recipe(root_ + "/pairs.tsv");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  Task load() const {
    Result<Task> task = load_task(recipe_, "data");
    EXPECT_TRUE(task.ok()) << task.status().message();
    return task.value();
  }

  std::string root_;
  TrainRecipe recipe_;
};

std::vector<int64_t> flat(const torch::Tensor& ids) {
  const torch::Tensor c = ids.contiguous();
  return {c.data_ptr<int64_t>(), c.data_ptr<int64_t>() + c.numel()};
}

TEST_F(TaskTest, ABatchIsAFunctionOfSeedAndStep) {
  const Task a = load(), b = load();
  const auto batch_of = [](const Task& task, int64_t step) {
    return flat(task.train_batch(step).batch.source_BS);
  };
  const auto later = batch_of(a, 50);
  EXPECT_EQ(batch_of(a, 3), batch_of(b, 3)) << "in any order of steps";
  EXPECT_EQ(batch_of(b, 50), later);
  EXPECT_NE(batch_of(a, 3), batch_of(a, 4));
  recipe_.train.seed = 2;
  EXPECT_NE(batch_of(load(), 3), batch_of(a, 3));
}

TEST_F(TaskTest, TrainSampleIsAsLargeAsTheHeldOutPart) {
  const Task task = load();
  const auto rows = [](const std::vector<CountedBatch>& batches) {
    int64_t sum = 0;
    for (const CountedBatch& b : batches) sum += b.batch.source_BS.size(0);
    return sum;
  };
  EXPECT_EQ(rows(task.valid), task.valid_items);
  EXPECT_EQ(rows(task.train_sample), task.valid_items);
  EXPECT_EQ(task.train_items + task.valid_items, 300);
}

// The test set is held out whole, and training sees each picture once an epoch.
TEST_F(TaskTest, PicturesComeOnceAnEpochAndTheTestSetIsHeldOut) {
  test::write_tiny_pictures(root_ + "/pictures");
  recipe_ = test::tiny_picture_recipe(root_ + "/pictures", "layernorm");
  recipe_.train.batch_size = 9;
  const Task task = load();
  EXPECT_EQ(task.outputs, 3);
  EXPECT_EQ(task.features, 20);
  EXPECT_EQ(task.train_items, 90);
  EXPECT_EQ(task.valid_items, 30);
  EXPECT_FALSE(task.tokenizer.has_value());
  EXPECT_EQ(task.train_counts, (std::vector<int64_t>{30, 30, 30}));
  const ImageSplit split = load_images(root_ + "/pictures").value();
  // A picture's pixels are its name: noise makes all different.
  const auto pixels = [](const torch::Tensor& features, int64_t row) {
    std::string bytes;
    for (int64_t f = 0; f < features.size(1); ++f) {
      bytes += static_cast<char>(std::lround(255 * features[row][f].item<float>()));
    }
    return bytes;
  };
  const auto names_of = [&](const Images& images) {
    std::map<std::string, int64_t> names;
    for (int64_t i = 0; i < images.count; ++i) {
      names[images.pixels.substr(static_cast<size_t>(i * 20), 20)] = images.label[i];
    }
    return names;
  };
  std::map<std::string, int64_t> seen;
  for (int64_t step = 0; step < 10; ++step) {
    const models::Batch batch = task.train_batch(step).batch;
    for (int64_t r = 0; r < 9; ++r) {
      seen[pixels(batch.features_BF, r)] = batch.target_out_BT[r][0].item<int64_t>();
    }
  }
  EXPECT_EQ(seen, names_of(split.train));
  std::map<std::string, int64_t> held_out;
  for (const CountedBatch& b : task.valid) {
    for (int64_t r = 0; r < b.tokens; ++r) {
      held_out[pixels(b.batch.features_BF, r)] = b.batch.target_out_BT[r][0].item<int64_t>();
    }
  }
  EXPECT_EQ(held_out, names_of(split.valid));
  EXPECT_NEAR(unigram_loss(task), std::log(3.0), 1e-12);
  EXPECT_NE(pixels(task.train_batch(10).batch.features_BF, 0),
            pixels(task.train_batch(0).batch.features_BF, 0));
}

// Of a model whose logits are known: class 1 for all.
TEST_F(TaskTest, AccuracyIsTheShareOfRightAnswers) {
  test::write_tiny_pictures(root_ + "/pictures");
  recipe_ = test::tiny_picture_recipe(root_ + "/pictures", "layernorm");
  const Task task = load();
  const auto model = models::make_model(model_config(recipe_, task), 1).value();
  {
    const torch::NoGradGuard no_grad;
    for (auto& item : model->named_parameters()) item.value().zero_();
    model->named_parameters()["output.bias"].copy_(torch::tensor({0.0, 1.0, 0.5}));
  }
  const Evaluation all = evaluate(*model, task.valid);
  EXPECT_EQ(all.accuracy, 1.0 / 3.0);
  const double sum = 1 + std::exp(1.0) + std::exp(0.5);
  EXPECT_NEAR(all.loss, std::log(sum) - (0 + 1 + 0.5) / 3, 1e-6) << "in f32";
}

TEST_F(TaskTest, FamiliesAndDataOfAnotherKindAreRefused) {
  recipe_.data.name = "fashion-mnist";
  std::filesystem::create_directories(root_ + "/fashion-mnist");
  test::write_tiny_pictures(root_ + "/fashion-mnist");
  EXPECT_THAT(load_task(recipe_, root_).status().message(),
              HasSubstr("\"fashion-mnist\" is pictures but family \"encdec\" learns from sentence "
                        "pairs"));
  recipe_ = test::tiny_picture_recipe(root_ + "/pairs.tsv", "layernorm");
  EXPECT_THAT(load_task(recipe_, root_).status().message(),
              HasSubstr("pairs.tsv/train-images-idx3-ubyte: Not a directory"));
}

TEST_F(TaskTest, UnigramLossIsTheCrossEntropyOfWordFrequencies) {
  const Task task = load();
  std::map<int64_t, double> valid;
  double tokens = 0;
  for (const CountedBatch& b : task.valid) {
    int64_t counted = 0;
    for (int64_t id : flat(b.batch.target_out_BT)) {
      if (id == models::kIgnore) continue;
      valid[id] += 1;
      tokens += 1;
      ++counted;
    }
    EXPECT_EQ(counted, b.tokens);
  }
  double total = 0, expected = 0;
  for (int64_t count : task.train_counts) total += static_cast<double>(count + 1);
  for (const auto& [id, count] : valid) {
    const double p = static_cast<double>(task.train_counts[id] + 1) / total;
    expected += count / tokens * -std::log(p);
  }
  EXPECT_NEAR(unigram_loss(task), expected, 1e-9);
  EXPECT_LT(expected, std::log(static_cast<double>(task.tokenizer->vocab_size())));
}

TEST_F(TaskTest, SentencesLongerThanTheModelAreNamed) {
  recipe_.model.max_length = 4;
  const Result<Task> task = load_task(recipe_, "data");
  EXPECT_THAT(task.status().message(), HasSubstr("max_length=4"));
}

TEST_F(TaskTest, AKnownSetOfTheOtherKindIsRefused) {
  recipe_.data.name = "kjv";
  std::filesystem::create_directories(root_ + "/kjv");
  std::ofstream(root_ + "/kjv/kjv.txt") << "In the beginning\n";
  EXPECT_THAT(load_task(recipe_, root_).status().message(),
              HasSubstr("running text but family \"encdec\" learns from sentence pairs"));
}

// Of some thousand tokens 15% are to be said, and of these 80% are hidden: four deviations of the
// binomial distributions around it.
TEST_F(TaskTest, AnEncoderIsToSayHiddenTokens) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "word" + std::to_string(i * 7 % 31) + (i % 9 ? " " : "\n");
  std::ofstream(root_ + "/text.txt") << text;
  recipe_.data.name = root_ + "/text.txt";
  recipe_.data.window = 32;
  recipe_.model.family = "bert";
  const Task a = load(), b = load();
  double tokens = 0, said = 0, hidden = 0, same = 0;
  for (int64_t step = 0; step < 40; ++step) {
    const CountedBatch batch = a.train_batch(step);
    const auto in = flat(batch.batch.target_in_BT), out = flat(batch.batch.target_out_BT);
    EXPECT_EQ(flat(b.train_batch(step).batch.target_in_BT), in);
    int64_t counted = 0;
    for (size_t i = 0; i < in.size(); ++i) {
      tokens += 1;
      if (out[i] == models::kIgnore) {
        EXPECT_NE(in[i], text::kBosId) << "nothing to say and yet hidden";
        continue;
      }
      ++counted;
      EXPECT_NE(out[i], text::kBosId);
      hidden += in[i] == text::kBosId;
      same += in[i] == out[i];
    }
    EXPECT_EQ(counted, batch.tokens);
    said += static_cast<double>(counted);
  }
  EXPECT_NEAR(said / tokens, 0.15, 4 * std::sqrt(0.15 * 0.85 / tokens));
  EXPECT_NEAR(hidden / said, 0.8, 4 * std::sqrt(0.8 * 0.2 / said));
  // What is drawn at random may be the token itself, one of at most 80.
  EXPECT_NEAR(same / said, 0.1, 4 * std::sqrt(0.1 * 0.9 / said) + 0.1 / 20);
  recipe_.train.seed = 2;
  EXPECT_EQ(flat(load().valid.front().batch.target_in_BT),
            flat(a.valid.front().batch.target_in_BT))
      << "what is held out is the same in all runs";
}

TEST_F(TaskTest, SourceRowsEndWithEosAndPadding) {
  const torch::Tensor ids = source_tensor({{7, 8, 9}, {5}});
  EXPECT_EQ(flat(ids), (std::vector<int64_t>{7, 8, 9, text::kEosId, 5, text::kEosId, text::kPadId,
                                             text::kPadId}));
}

TEST_F(TaskTest, MeanLossWeighsTokensAndSparesTheMode) {
  const Task task = load();
  models::ModelConfig config = recipe_.model;
  config.vocab_size = task.tokenizer->vocab_size();
  auto model = models::make_model(config, 1).value();
  model->train();
  // All of the held-out pairs in one batch, without dropout, have the same mean.
  const double several = mean_loss(*model, task.valid);
  EXPECT_TRUE(model->is_training());
  double nats = 0, tokens = 0;
  model->eval();
  for (const CountedBatch& b : task.valid) {
    const torch::Tensor log_p = model->logits_BTV(b.batch).to(torch::kFloat64).log_softmax(-1);
    const torch::Tensor out = b.batch.target_out_BT;
    for (int64_t r = 0; r < out.size(0); ++r) {
      for (int64_t t = 0; t < out.size(1); ++t) {
        const int64_t id = out[r][t].item<int64_t>();
        if (id == models::kIgnore) continue;
        nats -= log_p[r][t][id].item<double>();
        tokens += 1;
      }
    }
  }
  // float32 sums of some hundred terms near 5: 2^-24 * 5 * sqrt(1000) is 1e-5.
  EXPECT_NEAR(several, nats / tokens, 2e-5);
}

}  // namespace
}  // namespace norma::lab

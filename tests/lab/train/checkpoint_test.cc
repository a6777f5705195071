// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/resident_bytes.h"
#include "tests/support/tiny_task.h"
#include "weights/safetensors.h"

namespace norma::lab {
namespace {

using ::testing::HasSubstr;

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() : tokenizer_(text::Tokenizer::train_characters({"abcdefgh ijkl"}).value()) {}
  void SetUp() override {
    root_ = test::fresh_folder(::testing::UnitTest::GetInstance()->current_test_info()->name());
    path_ = root_ + "/checkpoint.safetensors";
    model_ = make(8);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::shared_ptr<models::Model> make(int64_t width) const {
    models::ModelConfig config;
    config.d_model = width;
    config.heads = 2;
    config.ffn = 8;
    config.encoder_layers = config.decoder_layers = 1;
    config.vocab_size = tokenizer_.vocab_size();
    return models::make_model(config, 5).value();
  }
  // The checkpoint with other metadata or tensors.
  void rewrite(const std::function<void(std::map<std::string, weights::TensorInfo>*,
                                        std::map<std::string, std::string>*)>& change) const {
    const auto file = weights::SafetensorsFile::open(path_).value();
    auto tensors = file.tensors();
    auto metadata = file.metadata();
    change(&tensors, &metadata);
    ASSERT_TRUE(weights::write_safetensors(path_, tensors, metadata).ok());
  }

  text::Tokenizer tokenizer_;
  std::string root_, path_;
  std::shared_ptr<models::Model> model_;
};

TEST_F(CheckpointTest, AModelComesBackWhole) {
  ASSERT_TRUE(save_model(path_, *model_, tokenizer_, 42).ok());
  const Result<TrainedModel> back = load_model(path_);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back.value().step, 42);
  EXPECT_EQ(back.value().tokenizer->to_json(), tokenizer_.to_json());
  EXPECT_FALSE(back.value().model->is_training());
  const auto expected = model_->named_parameters();
  for (const auto& item : back.value().model->named_parameters()) {
    EXPECT_TRUE(torch::equal(item.value(), expected[item.key()])) << item.key();
  }
}

// 50 MB of weights: loading touches next to none of the file's pages, and a pass each once.
TEST_F(CheckpointTest, NoWeightIsInMemoryTwice) {
  ASSERT_GE(test::resident_bytes(), 0) << "no /proc/self/status";
  const auto write = [&](int64_t layers) {
    models::ModelConfig config = model_->config();
    config.family = "gpt";
    config.d_model = 256;
    config.ffn = 1024;
    config.max_length = 16;
    config.decoder_layers = layers;
    EXPECT_TRUE(save_model(path_, *models::make_model(config, 5).value(), tokenizer_, 1).ok());
  };
  const auto pass = [&](models::Model& model) {
    torch::NoGradGuard no_grad;
    models::Batch batch;
    batch.target_in_BT = torch::zeros({1, 8}, torch::kInt64);
    model.logits_BTV(batch);
  };
  // What torch makes once for products of these sizes is none of the model's.
  write(1);
  pass(*load_model(path_).value().model);
  write(16);
  const auto file_bytes = static_cast<int64_t>(std::filesystem::file_size(path_));
  const int64_t before = test::resident_bytes();
  const Result<TrainedModel> loaded = load_model(path_);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_LT(test::resident_bytes() - before, file_bytes / 5);
  pass(*loaded.value().model);
  EXPECT_LT(test::resident_bytes() - before, file_bytes * 6 / 5);
}

// A model that classifies has no vocabulary; what a norm has kept comes back.
TEST_F(CheckpointTest, RunningStatisticsComeBack) {
  models::ModelConfig config;
  config.family = "mlp";
  config.norm = "batchnorm";
  config.vocab_size = 3;
  config.inputs = 5;
  config.d_model = 8;
  config.decoder_layers = 2;
  const auto model = models::make_model(config, 5).value();
  models::Batch batch;
  batch.features_BF = torch::rand({6, 5});
  batch.target_out_BT = torch::zeros({6, 1}, torch::kInt64);
  model->train();
  model->loss(batch, 0);
  ASSERT_TRUE(save_model(path_, *model, std::nullopt, 7).ok());
  const Result<TrainedModel> back = load_model(path_);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_FALSE(back.value().tokenizer.has_value());
  const auto expected = model->named_buffers();
  EXPECT_EQ(expected.size(), 4u);
  for (const auto& item : back.value().model->named_buffers()) {
    EXPECT_TRUE(torch::equal(item.value(), expected[item.key()])) << item.key();
    EXPECT_FALSE(torch::equal(item.value(), torch::zeros({8}))) << "as it began";
  }
  model->eval();
  EXPECT_TRUE(torch::equal(back.value().model->logits_BTV(batch), model->logits_BTV(batch)));
  rewrite([&](auto* tensors, auto*) { tensors->erase("layers.norms.1.pre.running_var"); });
  EXPECT_THAT(load_model(path_).status().message(),
              HasSubstr("\"layers.norms.1.pre.running_var\" is missing"));
  // One that says it is larger is not made.
  ASSERT_TRUE(save_model(path_, *model, std::nullopt, 7).ok());
  config.inputs = 1 << 24;
  rewrite([&](auto*, auto* metadata) { (*metadata)["model"] = models::to_json(config); });
  EXPECT_THAT(load_model(path_).status().message(), HasSubstr("larger than the file"));
}

TEST_F(CheckpointTest, WhatDoesNotFitIsNamed) {
  ASSERT_TRUE(save_model(path_, *model_, tokenizer_, 42).ok());
  const std::string whole = test::read_text(path_);
  const auto message = [&] { return load_model(path_).status().message(); };
  const auto restore = [&] { std::ofstream(path_, std::ios::binary) << whole; };

  rewrite([&](auto*, auto* metadata) {
    (*metadata)["model"] = models::to_json(make(16)->config());
  });
  EXPECT_THAT(message(), HasSubstr("larger than the file"));
  restore();
  rewrite([&](auto*, auto* metadata) {
    (*metadata)["model"] = models::to_json(make(4)->config());
  });
  EXPECT_THAT(message(), HasSubstr("but the model needs F32 ["));
  restore();
  rewrite([&](auto* tensors, auto*) { tensors->erase(tensors->begin()); });
  EXPECT_THAT(message(), HasSubstr("is missing"));
  restore();
  rewrite([&](auto*, auto* metadata) { metadata->clear(); });
  EXPECT_THAT(message(), HasSubstr("not a checkpoint of norma"));
  restore();
  rewrite([&](auto*, auto* metadata) { (*metadata)["step"] = "many"; });
  EXPECT_THAT(message(), HasSubstr("\"step\" is no number"));
  restore();
  rewrite([&](auto*, auto* metadata) { (*metadata)["model"] = "{\"wings\": 2}"; });
  EXPECT_THAT(message(), HasSubstr("wings"));
  restore();
  std::filesystem::resize_file(path_, whole.size() - 10);
  EXPECT_FALSE(load_model(path_).ok());
  EXPECT_THAT(message(), HasSubstr(path_));
  EXPECT_EQ(load_model(root_ + "/absent.safetensors").status().code(), StatusCode::kNotFound);
}

// Each would be at least a terabyte, or hours of filling tables, if it were made.
TEST_F(CheckpointTest, AModelLargerThanItsFileIsNotMade) {
  ASSERT_TRUE(save_model(path_, *model_, tokenizer_, 42).ok());
  const std::string whole = test::read_text(path_);
  const auto refused = [&](const char* rule,
                           const std::function<void(models::ModelConfig*)>& grow) {
    models::ModelConfig config = model_->config();
    grow(&config);
    rewrite([&](auto*, auto* metadata) { (*metadata)["model"] = models::to_json(config); });
    EXPECT_THAT(load_model(path_).status().message(), HasSubstr(path_));
    EXPECT_THAT(load_model(path_).status().message(), HasSubstr(rule));
    std::ofstream(path_, std::ios::binary) << whole;
  };
  const char* larger = "the model that it describes is larger than the file: at least ";
  refused(larger, [](models::ModelConfig* c) { c->d_model = 1 << 22; });
  refused(larger, [](models::ModelConfig* c) { c->ffn = 1 << 24, c->decoder_layers = 100000; });
  refused(larger, [](models::ModelConfig* c) { c->encoder_layers = 100000; });
  refused("max_length=16777216 times d_model=8 must be at most 67108864",
          [](models::ModelConfig* c) { c->max_length = 1 << 24; });
  EXPECT_TRUE(load_model(path_).ok());
  // Many layers of a width of 1 need few bytes, but tensors of their own.
  std::vector<float> bytes(1 << 20);
  rewrite([&](auto* tensors, auto* metadata) {
    (*tensors)["padding"] = {"F32", {1 << 20}, bytes.data(), bytes.size() * sizeof(float)};
    models::ModelConfig config = model_->config();
    config.d_model = config.heads = config.ffn = 1;
    config.encoder_layers = config.decoder_layers = 100000;
    (*metadata)["model"] = models::to_json(config);
  });
  EXPECT_THAT(load_model(path_).status().message(), HasSubstr("in 1200000 tensors"));
  std::ofstream(path_, std::ios::binary) << whole;
  EXPECT_TRUE(load_model(path_).ok());
}

TEST_F(CheckpointTest, WhereThereIsNoneYetTheMessageSaysHowToComeToOne) {
  const auto message = [this] { return load_model(path_).status().message(); };
  EXPECT_THAT(message(), HasSubstr("Give the path of a checkpoint.safetensors"));
  std::ofstream(root_ + "/config.toml") << "";
  EXPECT_THAT(message(), HasSubstr(path_));
  EXPECT_THAT(message(), HasSubstr("norma train --resume --out " + root_ + "."));
  std::filesystem::create_directory(root_ + "/members");
  EXPECT_THAT(message(), HasSubstr("give one of the runs in " + root_ + "/members."));
}

TEST_F(CheckpointTest, StateComesBackWithMomentsAndGenerator) {
  const std::string path = root_ + "/state.safetensors";
  TrainingRecipe train;
  Adam adam(*model_, train);
  torch::manual_seed(11);
  for (const Adam::Parameter& p : adam.parameters()) {
    p.exp_avg.normal_();
    p.exp_avg_sq.uniform_();
  }
  const TrainState state = {7, 1234, 0.1, 1.0 / 3.0, 3, 5.5, 99};
  const StateOrigin origin = {"the recipe", "the data"};
  ASSERT_TRUE(save_state(path, *model_, adam, state, origin).ok());
  const torch::Tensor next = torch::rand({20});

  const auto made = make(8);
  Adam other(*made, train);
  torch::manual_seed(12);
  const Result<TrainState> back = load_state(path, *made, other, origin);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back.value().step, 7);
  EXPECT_EQ(back.value().tokens, 1234);
  EXPECT_EQ(back.value().loss_sum, 1.0 / 3.0) << "every bit";
  EXPECT_EQ(back.value().metrics_bytes, 99);
  EXPECT_EQ(other.steps(), 7);
  for (size_t i = 0; i < adam.parameters().size(); ++i) {
    EXPECT_TRUE(torch::equal(other.parameters()[i].exp_avg, adam.parameters()[i].exp_avg));
    EXPECT_TRUE(torch::equal(other.parameters()[i].exp_avg_sq, adam.parameters()[i].exp_avg_sq));
    EXPECT_TRUE(torch::equal(other.parameters()[i].value, adam.parameters()[i].value));
  }
  EXPECT_TRUE(torch::equal(torch::rand({20}), next)) << "the generator goes on where it was";
  EXPECT_THAT(load_state(path, *made, other, {"another recipe", "the data"}).status().message(),
              HasSubstr("belongs to another recipe"));
  EXPECT_THAT(load_state(path, *made, other, {"the recipe", "more data"}).status().message(),
              HasSubstr("was trained on other data"));
  EXPECT_THAT(load_model(path).status().message(), HasSubstr("format"));
}

}  // namespace
}  // namespace norma::lab

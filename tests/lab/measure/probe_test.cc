// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/probe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/tiny_task.h"

namespace norma::lab {
namespace {

class ProbeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = test::fresh_folder(::testing::UnitTest::GetInstance()->current_test_info()->name());
    test::write_tiny_pairs(root_ + "/pairs.tsv");
    recipe_ = test::tiny_recipe(root_ + "/pairs.tsv");
    recipe_.model.encoder_layers = 2;
    recipe_.model.decoder_layers = 3;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string root_;
  TrainRecipe recipe_;
};

// The gradient of the mean of the batches' losses is the mean of their gradients.
TEST_F(ProbeTest, AveragesTheGradientBeforeItsNorm) {
  const Task task = load_task(recipe_, "data").value();
  const Probe measured = probe(recipe_, task).value();
  models::ModelConfig config = recipe_.model;
  config.vocab_size = task.tokenizer->vocab_size();
  auto model = models::make_model(config, 1).value();
  model->eval();
  torch::Tensor total = torch::zeros({});
  double norms = 0;
  for (int64_t step = 0; step < kProbeBatches; ++step) {
    const models::Batch batch = task.train_batch(step).batch;
    const torch::Tensor loss = models::loss(model->logits_BTV(batch), batch.target_out_BT, 0);
    total = total + loss / kProbeBatches;
    norms += torch::autograd::grad({loss}, {model->ffn_output_weights()[0].weight}, {},
                                   /*retain_graph=*/true)[0].norm().item<double>();
  }
  std::map<std::string, size_t> layers;
  for (const models::ProbedWeight& w : model->ffn_output_weights()) {
    const double expected =
        torch::autograd::grad({total}, {w.weight}, {}, true)[0].norm().item<double>();
    const double found = measured.gradient_norm.at(w.stack).at(static_cast<size_t>(w.layer));
    EXPECT_NEAR(found, expected, 1e-5 * expected) << w.stack << w.layer;
    ++layers[w.stack];
  }
  EXPECT_EQ(measured.gradient_norm.at("encoder").size(), layers["encoder"]);
  EXPECT_EQ(measured.gradient_norm.at("decoder").size(), layers["decoder"]);
  // The other order of the two would be larger: batches disagree.
  EXPECT_GT(norms / kProbeBatches, 1.05 * measured.gradient_norm.at("encoder")[0]);
}

TEST_F(ProbeTest, StreamByDepth) {
  const Task task = load_task(recipe_, "data").value();
  const Probe pre = probe(recipe_, task).value();
  EXPECT_EQ(pre.stream_rms.at("encoder").size(), 2u + 1) << "embedding, blocks; no final norm";
  EXPECT_EQ(pre.stream_rms.at("decoder").size(), 3u + 1);
  recipe_.model.placement = "post";
  const Probe post = probe(recipe_, task).value();
  EXPECT_EQ(post.stream_rms.at("encoder").size(), 2u + 1) << "embedding, blocks";
  EXPECT_NEAR(post.stream_rms.at("decoder")[0], pre.stream_rms.at("decoder")[0], 1e-12)
      << "the same embedding";
  // A LayerNorm of gain 1 and bias 0 ends each block: mean 0, variance var / (var + eps).
  for (size_t depth = 1; depth < 4; ++depth) {
    EXPECT_NEAR(post.stream_rms.at("decoder")[depth], 1.0, 1e-3);
  }
}

TEST_F(ProbeTest, JsonHasTheReportsKeys) {
  const Json json = to_json(probe(recipe_, load_task(recipe_, "data").value()).value());
  EXPECT_EQ(json["placement"], "pre");
  EXPECT_EQ(json["seed"], 1);
  EXPECT_EQ(json["gradient_norm"]["decoder"].size(), 3u);
}

}  // namespace
}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The models in which a case may depend on the others of its batch, and that no other does.
// Spans: models

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/decode.h"
#include "models/perceptron.h"
#include "models/recurrent.h"
#include "models/step_batch_norm.h"
#include "tests/models/plain.h"
#include "tests/models/small_models.h"

namespace norma::models {
namespace {

using ::testing::HasSubstr;
using test::relative_error;
using torch::Tensor;

ModelConfig perceptron(const std::string& placement, const std::string& norm) {
  ModelConfig config;
  config.family = "mlp";
  config.placement = placement;
  config.norm = norm;
  config.vocab_size = 4;
  config.inputs = 7;
  config.d_model = 6;
  config.decoder_layers = 2;
  return config;
}

Batch pictures(int64_t count, uint64_t seed) {
  torch::manual_seed(seed);
  Batch batch;
  batch.features_BF = torch::rand({count, 7}, torch::kFloat64);
  batch.target_out_BT = torch::randint(4, {count, 1}, torch::kInt64);
  return batch;
}

// In f64 rounding alone; a bias before batch statistics has no gradient but rounding.
TEST(Perceptron, IsItsEquations) {
  for (const std::string& norm : known_norms()) {
    // Of 6 columns it looks at one: what is divided by that has no bound.
    if (norm == "prmsnorm") continue;
    for (const std::string placement : {"none", "pre", "post"}) {
      SCOPED_TRACE(placement + " " + norm);
      const auto model = test::must_make(perceptron(placement, norm));
      model->to(torch::kFloat64);
      test::jitter_parameters(*model, 5);
      model->train();
      const test::Parameters p = test::copies_of_parameters(*model);
      const Batch batch = pictures(9, 3);
      Tensor x = batch.features_BF;
      for (const std::string layer : {"0", "1"}) {
        const auto N = [&](const Tensor& v) {
          return test::Plain{p, norm}.normalize(v, "layers.norms." + layer + "." + placement);
        };
        x = x.matmul(p.at("layers." + layer + ".affine.w.weight").t()) +
            p.at("layers." + layer + ".affine.w.bias");
        if (placement == "pre") x = N(x);
        x = x.clamp_min(0);
        if (placement == "post") x = N(x);
      }
      const Tensor want = x.matmul(p.at("output.weight").t()) + p.at("output.bias");
      const Tensor logits = model->logits_BTV(batch);
      EXPECT_EQ(logits.sizes(), (std::vector<int64_t>{9, 1, 4}));
      EXPECT_LT(relative_error(logits.squeeze(1), want), 1e-11);
      const Tensor want_loss =
          -(want - want.logsumexp(1, true)).gather(1, batch.target_out_BT).mean();
      const Tensor loss = model->loss(batch, 0);
      EXPECT_NEAR(loss.item<double>(), want_loss.item<double>(), 1e-11);
      loss.backward();
      want_loss.backward();
      for (const auto& item : model->named_parameters()) {
        const Tensor& theirs = p.at(item.key()).grad();
        const bool shifts_columns =
            norm == "batchnorm" && placement == "pre" && item.key().ends_with("affine.w.bias");
        if (shifts_columns) {
          EXPECT_LT(item.value().grad().abs().max().item<double>(), 1e-12) << item.key();
        } else {
          EXPECT_LT(relative_error(item.value().grad(), theirs), 1e-9) << item.key();
        }
      }
      EXPECT_EQ(model->norm_calls_per_forward(), placement == "none" ? 0 : 2);
    }
  }
}

TEST(Perceptron, OnlyBatchStatisticsLetACaseDependOnTheOthers) {
  const Batch batch = pictures(8, 1), others = pictures(8, 2);
  for (const std::string norm : {"layernorm", "rmsnorm", "scalenorm", "dyt", "batchnorm"}) {
    const auto model = test::must_make(perceptron("pre", norm));
    model->to(torch::kFloat64);
    Batch replaced = others;
    replaced.features_BF = others.features_BF.clone();
    replaced.features_BF[3].copy_(batch.features_BF[3]);
    const auto change = [&] {
      return (model->logits_BTV(replaced)[3] - model->logits_BTV(batch)[3]).abs().max();
    };
    model->train();
    const double training = change().item<double>();
    EXPECT_EQ(training > 0.01, norm == "batchnorm") << norm << " " << training;
    EXPECT_EQ(training == 0, norm != "batchnorm") << norm << " " << training;
    model->eval();
    EXPECT_EQ(change().item<double>(), 0) << norm << ", by what is kept";
  }
}

TEST(Perceptron, StartsFromTheSameMatricesUnderEachNorm) {
  const auto none = test::must_make(perceptron("none", "layernorm"))->named_parameters();
  for (const std::string& norm : known_norms()) {
    const auto other = test::must_make(perceptron("pre", norm))->named_parameters();
    for (const auto& item : none) {
      EXPECT_TRUE(torch::equal(item.value(), other[item.key()])) << norm << " " << item.key();
    }
  }
}

TEST(BatchStatistics, AreRefusedWhereTheyMakeNoSense) {
  const auto refusal = [](const char* family, const char* placement) {
    ModelConfig config = test::small_encdec(placement, "batchnorm");
    config.family = family;
    return validate(config).message();
  };
  for (const char* family : {"encdec", "gpt", "llama"}) {
    EXPECT_THAT(refusal(family, "pre"), HasSubstr("told of the positions it is to predict"));
    EXPECT_EQ(refusal(family, "none"), "") << "no norm is applied";
  }
  for (const char* family : {"rnn", "gru"}) {
    EXPECT_THAT(refusal(family, "gates"), HasSubstr("Take that, or another norm."));
  }
  EXPECT_THAT(refusal("lstm", "cell"), HasSubstr("lstm with placement gates"));
  EXPECT_EQ(refusal("lstm", "gates"), "");
  EXPECT_EQ(refusal("bert", "pre"), "");
  EXPECT_THAT(refusal("bert", "admin"), HasSubstr("no running statistics yet"));
  ModelConfig queries = test::small_encdec("none", "batchnorm");
  queries.qk_norm = "head";
  EXPECT_THAT(validate(queries).message(), HasSubstr("told of the positions"));
}

ModelConfig bert(const std::string& placement) {
  ModelConfig config = test::small_encdec(placement, "batchnorm");
  config.family = "bert";
  return config;
}

// More padding at the end of each row is other input and no other result, to rounding: longer rows
// are other products of matrices.
TEST(BatchStatistics, OfAnEncoderAreThoseOfRealPositionsAlone) {
  for (const std::string placement : {"pre", "post", "sub_ln", "hybrid"}) {
    SCOPED_TRACE(placement);
    const Batch batch = test::random_batch({}, {5, 3, 7}, 40, 9);
    Batch padded = batch;
    const auto pad = [](const Tensor& ids, int64_t with) {
      return at::constant_pad_nd(ids, {0, 6}, with);
    };
    padded.target_in_BT = pad(batch.target_in_BT, text::kPadId);
    padded.target_out_BT = pad(batch.target_out_BT, kIgnore);
    const auto run = [&](const Batch& b) {
      const auto model = test::must_make(bert(placement));
      model->train();
      model->loss(b, 0).backward();
      std::vector<Tensor> all = {model->logits_BTV(b).narrow(1, 0, 7).detach()};
      all[0] = all[0].index({batch.target_in_BT != text::kPadId});
      for (const auto& item : model->named_buffers()) all.push_back(item.value());
      for (const auto& item : model->named_parameters()) {
        if (item.value().grad().defined()) all.push_back(item.value().grad());
      }
      return all;
    };
    const auto one = run(batch), two = run(padded);
    ASSERT_EQ(one.size(), two.size());
    for (size_t i = 0; i < one.size(); ++i) {
      const double scale = 1 + one[i].abs().max().item<double>();
      EXPECT_LT((one[i] - two[i]).abs().max().item<double>(), 1e-4 * scale) << i;
    }
  }
}

// Where attention does not enter, to the bit: the first norm's statistics, of the embedding.
TEST(BatchStatistics, OfTheEmbeddingDoNotChangeByABitWithPadding) {
  const Batch batch = test::random_batch({}, {5, 3, 7}, 40, 9);
  std::vector<Tensor> means, variances;
  for (const int64_t more : {0, 1, 20}) {
    const auto model = test::must_make(bert("pre"));
    model->train();
    Batch padded = batch;
    padded.target_in_BT = at::constant_pad_nd(batch.target_in_BT, {0, more}, text::kPadId);
    padded.target_out_BT = at::constant_pad_nd(batch.target_out_BT, {0, more}, kIgnore);
    model->loss(padded, 0);
    const auto buffers = model->named_buffers();
    means.push_back(buffers["encoder.norms.embedding.running_mean"]);
    variances.push_back(buffers["encoder.norms.embedding.running_var"]);
  }
  for (size_t i = 1; i < means.size(); ++i) {
    EXPECT_TRUE(torch::equal(means[i], means[0]));
    EXPECT_TRUE(torch::equal(variances[i], variances[0]));
  }
  EXPECT_GT(means[0].abs().max().item<double>(), 0) << "of something";
}

TEST(BatchStatistics, AnEncoderEvaluatesATextByItself) {
  const auto model = test::must_make(bert("post"));
  const Batch batch = test::random_batch({}, {6, 6, 6}, 40, 9);
  model->train();
  for (int i = 0; i < 20; ++i) model->loss(batch, 0);
  model->eval();
  Batch alone;
  alone.target_in_BT = batch.target_in_BT.narrow(0, 1, 1);
  const Tensor among = model->logits_BTV(batch)[1], by_itself = model->logits_BTV(alone)[0];
  // One text and three are other products of matrices, in f32.
  EXPECT_LT(relative_error(by_itself, among), 1e-5);
}

TEST(StepBatchNormTest, EachPositionHasItsOwnStatistics) {
  torch::manual_seed(4);
  StepBatchNorm norm(3, 4, 1e-5, true);
  norm.to(torch::kFloat64);
  norm.train();
  const double gain = 0.1f;  // an f32 at the start
  const Tensor x = torch::randn({2, 50, 3}, torch::kFloat64) *
                       torch::tensor({1.0, 5.0}, torch::kFloat64).view({2, 1, 1}) + 2;
  Tensor y;
  for (int64_t t = 0; t < 2; ++t) {
    y = norm.forward(x[t], t);
    const Tensor centred = x[t] - x[t].mean(0, true);
    const Tensor want = gain * centred / (centred.pow(2).mean(0, true) + 1e-5).sqrt();
    EXPECT_LT(relative_error(y, want), 1e-12);
  }
  const auto buffers = norm.named_buffers();
  for (int64_t t = 0; t < 2; ++t) {
    EXPECT_LT(relative_error(buffers["running_mean"][t], 0.1 * x[t].mean(0)), 1e-12);
    EXPECT_LT(relative_error(buffers["running_var"][t], 0.9 + 0.1 * x[t].var(0, true)), 1e-12);
  }
  norm.eval();
  const Tensor row = x[0].narrow(0, 0, 1);
  const auto evaluated = [&](int64_t t) {
    return gain * (row - buffers["running_mean"][t]) / (buffers["running_var"][t] + 1e-5).sqrt();
  };
  EXPECT_LT(relative_error(norm.forward(row, 0), evaluated(0)), 1e-12);
  // Positions 2 and 3 have places but were never seen; 9 has none.
  for (const int64_t later : {1, 2, 3, 9}) {
    EXPECT_LT(relative_error(norm.forward(row, later), evaluated(1)), 1e-12) << later;
  }
}

ModelConfig lstm() {
  ModelConfig config;
  config.family = "lstm";
  config.norm = "batchnorm";
  config.placement = "gates";
  config.vocab_size = 12;
  config.d_model = 8;
  config.decoder_layers = 2;
  config.max_length = 10;
  return config;
}

TEST(BatchNormalisedLstm, TellsNoPositionOfLaterOnes) {
  const auto model = test::must_make(lstm());
  model->train();
  const Batch batch = test::random_batch({}, {10, 10, 10, 10}, 12, 3);
  Batch changed = batch;
  changed.target_in_BT = batch.target_in_BT.clone();
  changed.target_in_BT.narrow(1, 6, 4).copy_(
      test::random_batch({}, {4, 4, 4, 4}, 12, 8).target_out_BT);
  const Tensor one = model->logits_BTV(batch), two = model->logits_BTV(changed);
  EXPECT_TRUE(torch::equal(one.narrow(1, 0, 6), two.narrow(1, 0, 6)));
  EXPECT_FALSE(torch::equal(one.narrow(1, 6, 4), two.narrow(1, 6, 4)));
}

// A text alone, token by token, by the running statistics, beyond the positions that were seen.
TEST(BatchNormalisedLstm, GeneratesByRunningStatistics) {
  const auto model = test::must_make(lstm());
  auto& recurrent = dynamic_cast<Recurrent&>(*model);
  EXPECT_EQ(recurrent.computed_by(), "composed: norm batchnorm is not fused");
  model->train();
  const Batch batch = test::random_batch({}, {7, 7, 7, 7}, 12, 3);
  for (int i = 0; i < 5; ++i) model->loss(batch, 0);
  model->eval();
  const torch::NoGradGuard no_grad;
  Batch alone;
  alone.target_in_BT = torch::randint(12, {1, 25}, torch::kInt64);
  const Tensor at_once = model->logits_BTV(alone);
  EXPECT_TRUE(at_once.isfinite().all().item<bool>());
  const auto state = recurrent.fresh_state(1);
  recurrent.next_logits(alone.target_in_BT.narrow(1, 0, 4), state.get());
  Tensor last;
  for (int64_t t = 4; t < 25; ++t) {
    last = recurrent.next_logits(alone.target_in_BT.narrow(1, t, 1), state.get());
  }
  // One row at a time and 25 are other products of matrices, in f32.
  EXPECT_LT(relative_error(last.select(1, 0), at_once.select(1, 24)), 1e-4);
}

}  // namespace
}  // namespace norma::models

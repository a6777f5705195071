// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/llama2c.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/decode.h"
#include "tests/support/llama2c_files.h"
#include "tests/support/resident_bytes.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "weights/safetensors.h"

namespace norma::models {
namespace {

using test::Llama2cModel;
using test::resident_bytes;
using Vector = std::vector<double>;

// LLaMA's equations, number by number in float64, from the lists that are in the file.
class PlainLlama {
 public:
  explicit PlainLlama(const Llama2cModel& model) : m_(model) {}

  // Logits of the last of `ids`.
  Vector logits(const std::vector<int64_t>& ids) const {
    const size_t C = m_.dim, L = m_.layers;
    std::vector<Vector> x;
    for (const int64_t id : ids) x.push_back(row("token_embedding", id, C));
    for (size_t l = 0; l < L; ++l) {
      attend(x, l);
      for (Vector& one : x) {
        const Vector y = norm(one, row("rms_ffn", l, C));
        Vector gate = times("w1", l, y, m_.hidden_dim);
        const Vector up = times("w3", l, y, m_.hidden_dim);
        for (size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
        add(one, times("w2", l, gate, C));
      }
    }
    return times(m_.shared ? "token_embedding" : "wcls", 0,
                 norm(x.back(), row("rms_final", 0, C)), m_.vocab_size);
  }

 private:
  Vector row(const std::string& name, size_t index, size_t width) const {
    const float* const at = m_.tensors.at(name).data() + index * width;
    return Vector(at, at + width);
  }
  Vector times(const std::string& name, size_t layer, const Vector& x, size_t rows) const {
    const float* at = m_.tensors.at(name).data() + layer * rows * x.size();
    Vector y(rows);
    for (double& out : y) {
      for (const double value : x) out += *at++ * value;
    }
    return y;
  }
  static Vector norm(const Vector& x, const Vector& weight) {
    double squares = 0;
    for (const double value : x) squares += value * value;
    Vector y(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      y[i] = weight[i] * x[i] / std::sqrt(squares / static_cast<double>(x.size()) + 1e-5);
    }
    return y;
  }
  static void add(Vector& x, const Vector& y) {
    for (size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }
  void turn(Vector& x, size_t position) const {
    const size_t width = m_.dim / m_.heads;
    for (size_t i = 0; i < x.size(); i += 2) {
      const double angle = static_cast<double>(position) *
                           std::pow(10000.0, -static_cast<double>(i % width) / width);
      const double a = x[i], b = x[i + 1];
      x[i] = a * std::cos(angle) - b * std::sin(angle);
      x[i + 1] = a * std::sin(angle) + b * std::cos(angle);
    }
  }
  void attend(std::vector<Vector>& x, size_t layer) const {
    const size_t C = m_.dim, width = C / m_.heads, K = width * m_.kv_heads;
    std::vector<Vector> keys, values, updates;
    for (size_t t = 0; t < x.size(); ++t) {
      const Vector y = norm(x[t], row("rms_att", layer, C));
      Vector query = times("wq", layer, y, C);
      keys.push_back(times("wk", layer, y, K));
      values.push_back(times("wv", layer, y, K));
      turn(query, t);
      turn(keys.back(), t);
      Vector heads(C);
      for (size_t h = 0; h < static_cast<size_t>(m_.heads); ++h) {
        const size_t kv = h / (m_.heads / m_.kv_heads) * width;
        Vector weights;
        double total = 0;
        for (const Vector& key : keys) {
          double score = 0;
          for (size_t i = 0; i < width; ++i) score += query[h * width + i] * key[kv + i];
          weights.push_back(std::exp(score / std::sqrt(static_cast<double>(width))));
          total += weights.back();
        }
        for (size_t s = 0; s < weights.size(); ++s) {
          for (size_t i = 0; i < width; ++i) {
            heads[h * width + i] += weights[s] / total * values[s][kv + i];
          }
        }
      }
      updates.push_back(times("wo", layer, heads, C));
    }
    for (size_t t = 0; t < x.size(); ++t) add(x[t], updates[t]);
  }

  const Llama2cModel& m_;
};

torch::Tensor logits_of(Model& model, const std::vector<int64_t>& ids) {
  torch::NoGradGuard no_grad;
  Batch batch;
  batch.target_in_BT = torch::tensor(ids, torch::kInt64).unsqueeze(0);
  return model.logits_BTV(batch)[0];
}

std::shared_ptr<DecoderOnly> must_load(const std::string& path) {
  const auto loaded = load_llama2c(path);
  TORCH_CHECK(loaded.ok(), loaded.status().message());
  return loaded.value();
}

// float32 against float64 through two layers: some hundred roundings of 6e-8.
TEST(Llama2cModel, BothVersionsAreTheEquations) {
  const test::TempFolder folder;
  for (const bool shared : {true, false}) {
    for (const int32_t kv_heads : {1, 2, 4}) {
      Llama2cModel written;
      written.shared = shared;
      written.kv_heads = kv_heads;
      written.fill(7);
      const std::vector<int64_t> ids = {1, 5, 10, 3, 5};
      const Vector expected = PlainLlama(written).logits(ids);
      for (const bool legacy : {true, false}) {
        const auto model = must_load(
            folder.write("x.bin", legacy ? written.legacy() : written.version_1()));
        EXPECT_FALSE(model->is_training());
        const torch::Tensor logits = logits_of(*model, ids)[-1];
        ASSERT_EQ(logits.size(0), 11);
        for (int64_t v = 0; v < 11; ++v) {
          EXPECT_NEAR(logits[v].item<double>(), expected[v], 2e-5)
              << shared << " " << kv_heads << " " << legacy;
        }
      }
    }
  }
}

TEST(Llama2cModel, SaysWhatItIs) {
  const test::TempFolder folder;
  Llama2cModel written;
  written.shared = false;
  written.fill(1);
  const ModelConfig config = must_load(folder.write("x.bin", written.legacy()))->config();
  EXPECT_EQ(config.family, "llama");
  EXPECT_EQ(config.norm, "rmsnorm");
  EXPECT_EQ(config.placement, "pre");
  EXPECT_EQ(config.norm_eps, 1e-5);
  EXPECT_EQ(config.kv_heads, 2);
  EXPECT_EQ(config.ffn, 12);
  EXPECT_EQ(config.max_length, 6);
  EXPECT_FALSE(config.tie_embeddings);
}

// Its parameters lie in the mapped file, and writing to them changes no file.
TEST(Llama2cModel, TrainsWithoutTouchingTheFile) {
  const test::TempFolder folder;
  Llama2cModel written;
  written.fill(2);
  const std::string path = folder.write("x.bin", written.legacy());
  const auto model = must_load(path);
  {
    torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : model->parameters()) parameter.add_(1.0);
  }
  EXPECT_EQ(model->named_parameters()["decoder.0.self.q.weight"][0][0].item<float>(),
            written.tensors.at("wq")[0] + 1);
  EXPECT_EQ(folder.read("x.bin"), written.legacy());
}

TEST(Llama2cModel, HostileFilesAreRefused) {
  const test::TempFolder folder;
  Llama2cModel written;
  written.fill(3);
  const auto refuse = [&](const std::string& bytes, const std::string& reason) {
    const Status status = load_llama2c(folder.write("x.bin", bytes)).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_NE(status.message().find(folder.path("x.bin")), std::string::npos);
    EXPECT_NE(status.message().find(reason), std::string::npos) << status.message();
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
  };
  refuse(written.legacy() + "x", "describes a file of");
  refuse(written.version_1().substr(0, 300), "describes a file of");
  // Nothing in a version 1 file bears this number out, and tables are made of it.
  written.max_length = INT32_MAX;
  refuse(written.version_1(), "max_seq_len must be at most 1048576 but is 2147483647");
  written.dim = 128, written.heads = 1, written.kv_heads = 1;
  written.max_length = 1 << 20;
  written.tensors.clear();
  written.fill(3);
  refuse(written.version_1(),
         "max_seq_len=1048576 times the width of a head, 128, must be at most");
  EXPECT_EQ(load_llama2c(folder.path("none")).status().code(), StatusCode::kNotFound);
}

// 64 MB of weights: what a pass leaves resident is the file's pages, once.
TEST(Llama2cModel, NoWeightIsInMemoryTwice) {
  ASSERT_GE(resident_bytes(), 0) << "no /proc/self/status";
  const test::TempFolder folder;
  int64_t file_bytes = 0;
  const auto write = [&](int32_t layers) {
    Llama2cModel written;
    written.dim = 256, written.hidden_dim = 1024, written.layers = layers;
    written.fill(4);
    const std::string bytes = written.version_1();
    file_bytes = static_cast<int64_t>(bytes.size());
    return folder.write(std::to_string(layers) + ".bin", bytes);
  };
  // What torch makes once for products of these sizes is none of the model's.
  logits_of(*must_load(write(1)), {1, 2, 3});
  const std::string path = write(15);
  const int64_t before = resident_bytes();
  const auto model = must_load(path);
  const int64_t loaded = resident_bytes();
  EXPECT_LT(loaded - before, file_bytes / 5);
  logits_of(*model, {1, 2, 3});
  EXPECT_LT(resident_bytes() - before, file_bytes * 6 / 5);
}

class RealWeights : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = test::shared_data_path("stories260k");
    NORMA_SKIP_IF_ABSENT(folder);
    model_ = must_load(folder + "/stories260K.bin");
    auto file = weights::SafetensorsFile::open(folder + "/reference.safetensors");
    ASSERT_TRUE(file.ok()) << file.status().message();
    reference_ = file.value();
  }
  torch::Tensor reference(const std::string& name, torch::ScalarType type) const {
    const weights::TensorInfo& info = reference_.tensors().at(name);
    return torch::from_blob(const_cast<void*>(info.data), info.shape, type).clone();
  }
  std::vector<int64_t> ids() const {
    const torch::Tensor all = reference("ids", torch::kInt32).to(torch::kInt64);
    return {all.data_ptr<int64_t>(), all.data_ptr<int64_t>() + all.numel()};
  }

  std::shared_ptr<DecoderOnly> model_;
  weights::SafetensorsFile reference_;
};

// The reference is a float64 pass of another program. Logits are up to 20 large, and float32
// rounds some hundred times on the way.
TEST_F(RealWeights, LogitsAndStreamAreTheReferences) {
  std::vector<torch::Tensor> stream(6);
  model_->set_stream_tap([&](const std::string&, int64_t layer, const torch::Tensor& x) {
    if (layer >= 0) stream[layer] = x;
  });
  const torch::Tensor logits = logits_of(*model_, ids());
  const auto worst = [](const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().max().item<double>();
  };
  EXPECT_LT(worst(logits.slice(0, 0, 64), reference("logits_first64", torch::kFloat32)), 1e-4);
  EXPECT_LT(worst(logits[-1], reference("logits_last", torch::kFloat32)), 1e-4);
  for (int l = 0; l < 6; ++l) {
    const std::string name = "hidden_" + std::to_string(l) + "_first16";
    EXPECT_LT(worst(stream[l].slice(0, 0, 16), reference(name, torch::kFloat32)), 1e-4) << name;
  }
  const torch::Tensor targets = torch::tensor(ids(), torch::kInt64).slice(0, 1);
  const torch::Tensor nll = -logits.slice(0, 0, -1).log_softmax(-1).gather(1, targets.unsqueeze(1));
  EXPECT_LT(worst(nll.squeeze(1), reference("nll_next", torch::kFloat64)), 1e-4);
}

TEST_F(RealWeights, GreedyTokensAreTheReferences) {
  const std::vector<int64_t> expected = ids();
  SampleOptions options;
  options.steps = 255;
  options.temperature = 0;
  options.never = {};
  options.ends = {1, 2};
  const auto out = generate(*model_, {1}, options, [](int32_t) { return true; });
  EXPECT_EQ(out, std::vector<int32_t>(expected.begin() + 1, expected.end()));
}

}  // namespace
}  // namespace norma::models

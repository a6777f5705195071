// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: models/hugging_face_encoder.cc, models/encoder_only.cc
#include "models/hugging_face_encoder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "models/inspect.h"
#include "tests/models/small_models.h"
#include "tests/models/transformers_files.h"
#include "tests/support/temp_folder.h"
#include "weights/safetensors.h"

namespace norma::models {
namespace {

using nlohmann::json;
using test::far_of;
using test::must_open;
using test::tensor_of;
using test::worst;
using weights::SafetensorsFile;
using weights::TensorInfo;

// Made by transformers; see make.py in it.
std::string bert_fixture(const std::string& name = "") {
  return std::string(NORMA_SOURCE_DIR) + "/tests/parity/bert" + (name.empty() ? "" : "/" + name);
}

class HuggingFaceBert : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(bert_fixture("config.json"));
    config_ = json::parse(file);
    source_ = must_open(bert_fixture("model.safetensors"));
    tensors_ = source_.tensors();
  }
  Result<HuggingFaceEncoder> load() {
    folder_.write("config.json", config_.dump());
    const Status written =
        weights::write_safetensors(folder_.path("model.safetensors"), tensors_, {});
    TORCH_CHECK(written.ok(), written.message());
    return load_hugging_face_encoder(folder_.path());
  }
  void refuse(StatusCode code, const std::string& reason) {
    const Status status = load().status();
    EXPECT_EQ(status.code(), code) << reason;
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
    EXPECT_NE(status.message().find(folder_.path()), std::string::npos);
  }
  void refuse(const std::string& key, const json& value, StatusCode code,
              const std::string& reason) {
    const json before = config_;
    config_[key] = value;
    refuse(code, reason);
    config_ = before;
  }

  test::TempFolder folder_;
  json config_;
  SafetensorsFile source_;
  std::map<std::string, TensorInfo> tensors_;
};

// Two sentences, one of them padded.
TEST_F(HuggingFaceBert, HiddenStatesAndPooledOutputAreTransformers) {
  const auto loaded = load_hugging_face_encoder(bert_fixture());
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EncoderOnly& model = *loaded.value().model;
  EXPECT_FALSE(model.is_training());
  const SafetensorsFile expected = must_open(bert_fixture("expected.safetensors"));
  const torch::Tensor ids = tensor_of(expected, "ids");
  const Layout layout = EncoderOnly::layout_of(ids, loaded.value().padding);
  std::map<int64_t, torch::Tensor> stream;
  model.set_stream_tap([&](const std::string&, int64_t layer, const torch::Tensor& x) {
    stream[layer] = x;
  });
  const torch::NoGradGuard no_grad;
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    model.to(type);
    const double most = far_of(type);
    const torch::Tensor x_NC = model.encode(ids, layout);
    ASSERT_EQ(stream.size(), 3u);
    for (const auto& [layer, x] : stream) {
      const torch::Tensor hidden = tensor_of(expected, "hidden_" + std::to_string(layer));
      EXPECT_LT(worst(x, layout.unpad(hidden)), most) << layer;
    }
    EXPECT_LT(worst(model.pool(x_NC, layout, Pooling::kPooler), tensor_of(expected, "pooled")),
              most);
    const torch::Tensor last = tensor_of(expected, "hidden_2");
    EXPECT_LT(worst(model.pool(x_NC, layout, Pooling::kCls), last.select(1, 0)), most);
    const torch::Tensor mean = model.pool(x_NC, layout, Pooling::kMean);
    EXPECT_LT(worst(mean[0], last[0].mean(0)), most);
    EXPECT_LT(worst(mean[1], last[1].slice(0, 0, 7).mean(0)), most) << "without padding";
    EXPECT_EQ(model.pool(x_NC, layout, Pooling::kNone).sizes(), last.sizes());
  }
}

TEST_F(HuggingFaceBert, AHeadAroundItIsNotRead) {
  std::map<std::string, TensorInfo> inside;
  for (const auto& [name, info] : tensors_) {
    if (!name.starts_with("pooler.")) inside["bert." + name] = info;
  }
  inside["cls.predictions.bias"] = tensors_.at("pooler.dense.bias");
  tensors_ = inside;
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_FALSE(loaded.value().model->has_pooler());
}

TEST_F(HuggingFaceBert, TheNormOfTheEmbeddingStandsBeforeTheFirstBlock) {
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const std::vector<BlockSummary> blocks = inspect_blocks(*loaded.value().model);
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].layer, -2);
  ASSERT_EQ(blocks[0].gains.size(), 1u);
  EXPECT_EQ(blocks[0].gains[0].name, "embedding");
  EXPECT_EQ(blocks[2].layer, 1);
  EXPECT_EQ(loaded.value().model->norm_calls_per_forward(), 5);
}

TEST_F(HuggingFaceBert, WhatDoesNotFitIsNamed) {
  const auto damaged = StatusCode::kDataLoss, unsupported = StatusCode::kUnsupported;
  refuse("model_type", "llama", unsupported, "must be \"bert\" but is \"llama\"");
  refuse("hidden_act", "relu", unsupported, "hidden_act must be \"gelu\"");
  refuse("position_embedding_type", "relative_key", unsupported, "must be \"absolute\"");
  refuse("is_decoder", true, unsupported, "is_decoder must be false");
  refuse("pad_token_id", 140, damaged, "pad_token_id must be a token");
  refuse("num_attention_heads", 3, damaged, "heads=3 must divide d_model=16");
  refuse("vocab_size", 1 << 24, damaged, "\"embeddings.word_embeddings.weight\" of [16777216, 16]");
  refuse("max_position_embeddings", 1 << 20, damaged, "\"embeddings.position_embeddings.weight\"");
  refuse("type_vocab_size", 1 << 30, damaged, "\"embeddings.token_type_embeddings.weight\"");
  refuse("num_hidden_layers", 90000, damaged, "\"encoder.layer.2.attention.self.query.weight\"");
  refuse("intermediate_size", 1 << 24, damaged, "\"encoder.layer.0.intermediate.dense.weight\"");
  const std::map<std::string, TensorInfo> whole = tensors_;
  for (const char* name : {"embeddings.LayerNorm.bias", "encoder.layer.1.output.LayerNorm.weight",
                           "encoder.layer.0.attention.self.key.bias"}) {
    tensors_.erase(name);
    refuse(damaged, std::string("tensor \"") + name + "\" is missing");
    tensors_ = whole;
  }
  tensors_["lm_head.weight"] = whole.at("pooler.dense.bias");
  refuse(damaged, "\"lm_head.weight\" has no place");
}

// The lab's own, under every placement it takes: each position sees the ones after it, padding is
// seen by none, and the loss has a gradient for every parameter.
TEST(EncoderOnly, EveryPlacementSeesAllOfASentenceAndLearns) {
  for (const std::string& placement : stack_placements()) {
    ModelConfig config = test::small_encdec(placement, "layernorm");
    config.family = "bert";
    const auto made = make_model(config, 1);
    EXPECT_EQ(made.ok(), placement != "ngpt") << placement;
    if (!made.ok()) continue;
    const std::shared_ptr<Model> model = made.value();
    Batch batch = test::random_batch({}, {6, 4}, 40, 3);
    const torch::Tensor before = model->logits_BTV(batch);
    Batch other = batch;
    other.target_in_BT = batch.target_in_BT.clone();
    other.target_in_BT[0][5] = batch.target_in_BT[0][5] % 30 + 5;
    const torch::Tensor after = model->logits_BTV(other);
    // ReZero begins without its sub-layers, and so without attention.
    EXPECT_EQ(torch::equal(before[0][0], after[0][0]), placement == "rezero") << placement;
    Batch alone;
    alone.target_in_BT = batch.target_in_BT.slice(0, 1).slice(1, 0, 4);
    // float32 in sums of another order.
    EXPECT_LT(worst(model->logits_BTV(alone)[0], before[1].slice(0, 0, 4)), 1e-4) << placement;
    model->loss(batch, 0).backward();
    for (const auto& item : model->named_parameters()) {
      EXPECT_TRUE(item.value().grad().defined()) << placement << " " << item.key();
    }
  }
}

}  // namespace
}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/models/transformers_files.h"
#include "tests/support/resident_bytes.h"
#include "tests/support/temp_folder.h"
#include "weights/safetensors.h"

namespace norma::models {
namespace {

using nlohmann::json;
using test::far_of;
using test::logits_of;
using test::must_open;
using test::tensor_of;
using test::worst;
using weights::SafetensorsFile;
using weights::TensorInfo;

// Made by transformers; see make.py in it.
std::string fixture(const std::string& name = "") {
  return std::string(NORMA_SOURCE_DIR) + "/tests/parity/llama" + (name.empty() ? "" : "/" + name);
}

// A copy of the fixture's folder that can be changed.
class HuggingFaceLlama : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(fixture("config.json"));
    config_ = json::parse(file);
    source_ = must_open(fixture("model.safetensors"));
    tensors_ = source_.tensors();
  }
  Result<HuggingFaceModel> load() {
    folder_.write("config.json", config_.dump());
    const Status written =
        weights::write_safetensors(folder_.path("model.safetensors"), tensors_, {});
    TORCH_CHECK(written.ok(), written.message());
    return load_hugging_face(folder_.path());
  }
  void refuse(StatusCode code, const std::string& reason) {
    const Status status = load().status();
    EXPECT_EQ(status.code(), code) << reason;
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
    EXPECT_NE(status.message().find(folder_.path()), std::string::npos);
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
  }
  // With one setting changed, null: left out.
  void refuse(const std::string& key, const json& value, StatusCode code,
              const std::string& reason) {
    const json before = config_;
    config_[key] = value;
    if (value.is_null()) config_.erase(key);
    refuse(code, reason);
    config_ = before;
  }

  test::TempFolder folder_;
  json config_;
  SafetensorsFile source_;
  std::map<std::string, TensorInfo> tensors_;
};

TEST_F(HuggingFaceLlama, LogitsAndHiddenStatesAreTransformers) {
  const auto loaded = load_hugging_face(fixture());
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const std::shared_ptr<DecoderOnly> model = loaded.value().model;
  EXPECT_FALSE(model->is_training());
  EXPECT_EQ(loaded.value().bos, 1);
  EXPECT_EQ(loaded.value().ends, std::vector<int32_t>{2});
  const SafetensorsFile expected = must_open(fixture("expected.safetensors"));
  std::map<int64_t, torch::Tensor> stream;
  model->set_stream_tap([&](const std::string&, int64_t layer, const torch::Tensor& x) {
    stream[layer] = x;
  });
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    model->to(type);
    const double most = far_of(type);
    const torch::Tensor logits = logits_of(*model, tensor_of(expected, "ids"));
    EXPECT_LT(worst(logits.slice(0, -8), tensor_of(expected, "logits_last8")), most);
    EXPECT_LT(worst(stream[0], tensor_of(expected, "hidden_0")), most);
    EXPECT_LT(worst(stream[1], tensor_of(expected, "hidden_1")), most);
    EXPECT_LT(worst(stream[-1], tensor_of(expected, "hidden_2")), most) << "after the final norm";
  }
}

// As transformers 4 wrote it, and what a missing key stands for.
TEST_F(HuggingFaceLlama, OlderConfigurationsMeanTheSame) {
  const SafetensorsFile expected = must_open(fixture("expected.safetensors"));
  json scaling = config_["rope_parameters"];
  scaling.erase("rope_theta");
  config_.erase("rope_parameters");
  config_["rope_theta"] = 500.0;
  config_["rope_scaling"] = scaling;
  for (const char* key : {"head_dim", "attention_bias", "mlp_bias", "hidden_act"}) {
    config_.erase(key);
  }
  config_["eos_token_id"] = {2, 7};
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded.value().ends, (std::vector<int32_t>{2, 7}));
  const torch::Tensor logits = logits_of(*loaded.value().model, tensor_of(expected, "ids"));
  EXPECT_LT(worst(logits.slice(0, -8), tensor_of(expected, "logits_last8")),
            far_of(torch::kFloat32));
}

// The same numbers as bfloat16 and float16 in two shards, and rounded to them in float32.
TEST_F(HuggingFaceLlama, HalfWidthsAndShards) {
  const torch::Tensor ids = torch::arange(3, 20);
  const std::pair<torch::ScalarType, const char*> kinds[] = {{torch::kBFloat16, "BF16"},
                                                             {torch::kFloat16, "F16"}};
  for (const auto& [type, dtype] : kinds) {
    std::vector<torch::Tensor> alive;
    std::map<std::string, TensorInfo> halves[2];
    json map;
    for (const auto& [name, info] : source_.tensors()) {
      alive.push_back(tensor_of(source_, name).to(type));
      const TensorInfo half = {dtype, info.shape, alive.back().data_ptr(), alive.back().nbytes()};
      const size_t shard = alive.size() % 2;
      halves[shard][name] = half;
      map[name] = "shard-" + std::to_string(shard) + ".safetensors";
      alive.push_back(alive.back().to(torch::kFloat32));
      tensors_[name].data = alive.back().data_ptr();
    }
    const test::TempFolder sharded;
    sharded.write("config.json", config_.dump());
    sharded.write("model.safetensors.index.json", json{{"weight_map", map}}.dump());
    for (const int shard : {0, 1}) {
      const std::string path = sharded.path("shard-" + std::to_string(shard) + ".safetensors");
      ASSERT_TRUE(weights::write_safetensors(path, halves[shard], {}).ok());
    }
    const auto whole = load();
    const auto half = load_hugging_face(sharded.path());
    ASSERT_TRUE(half.ok()) << half.status().message();
    EXPECT_TRUE(torch::equal(logits_of(*half.value().model, ids),
                             logits_of(*whole.value().model, ids)))
        << dtype;
  }
}

TEST_F(HuggingFaceLlama, TiedEmbeddings) {
  config_["tie_word_embeddings"] = true;
  ASSERT_TRUE(load().ok()) << "a matrix that is not used may be there";
  tensors_.erase("lm_head.weight");
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_TRUE(loaded.value().model->config().tie_embeddings);
}

// 30 MB of bfloat16 become 60 MB, and leave the memory as they do.
TEST_F(HuggingFaceLlama, NoWeightIsInMemoryTwice) {
  ASSERT_GE(test::resident_bytes(), 0) << "no /proc/self/status";
  constexpr int64_t kWidth = 256, kFfn = 1024, kLayers = 15;
  config_["hidden_size"] = kWidth;
  config_["intermediate_size"] = kFfn;
  config_["head_dim"] = kWidth / 4;
  const torch::Tensor numbers = torch::full({kFfn * kWidth}, 0.01, torch::kBFloat16);
  int64_t elements = 0;
  tensors_.clear();
  const auto add = [&](const std::string& name, std::vector<int64_t> shape) {
    const int64_t count = shape.size() == 1 ? shape[0] : shape[0] * shape[1];
    tensors_[name] = {"BF16", shape, numbers.data_ptr(), static_cast<size_t>(2 * count)};
    elements += count;
  };
  add("model.embed_tokens.weight", {330, kWidth});
  add("lm_head.weight", {330, kWidth});
  add("model.norm.weight", {kWidth});
  const auto add_layer = [&](int64_t l) {
    const std::string layer = "model.layers." + std::to_string(l) + ".";
    add(layer + "input_layernorm.weight", {kWidth});
    add(layer + "post_attention_layernorm.weight", {kWidth});
    add(layer + "self_attn.q_proj.weight", {kWidth, kWidth});
    add(layer + "self_attn.k_proj.weight", {kWidth / 2, kWidth});
    add(layer + "self_attn.v_proj.weight", {kWidth / 2, kWidth});
    add(layer + "self_attn.o_proj.weight", {kWidth, kWidth});
    add(layer + "mlp.gate_proj.weight", {kFfn, kWidth});
    add(layer + "mlp.up_proj.weight", {kFfn, kWidth});
    add(layer + "mlp.down_proj.weight", {kWidth, kFfn});
  };
  // What torch makes once for products of these sizes is none of the model's.
  config_["num_hidden_layers"] = 1;
  add_layer(0);
  {
    const auto one = load();
    ASSERT_TRUE(one.ok()) << one.status().message();
    logits_of(*one.value().model, torch::arange(3, 6));
  }
  config_["num_hidden_layers"] = kLayers;
  for (int64_t l = 1; l < kLayers; ++l) add_layer(l);
  const int64_t before = test::resident_bytes();
  test::begin_peak();
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  logits_of(*loaded.value().model, torch::arange(3, 6));
  EXPECT_LT(test::resident_bytes() - before, 4 * elements * 6 / 5);
  EXPECT_LT(test::peak_resident_bytes() - before, 4 * elements * 6 / 5);
}

TEST_F(HuggingFaceLlama, TensorsThatDoNotFitAreNamed) {
  const auto code = StatusCode::kDataLoss;
  const std::map<std::string, TensorInfo> whole = tensors_;
  for (const char* name : {"lm_head.weight", "model.norm.weight", "model.embed_tokens.weight",
                           "model.layers.1.self_attn.k_proj.weight",
                           "model.layers.0.mlp.gate_proj.weight"}) {
    tensors_.erase(name);
    refuse(code, std::string("tensor \"") + name + "\"");
    tensors_ = whole;
  }
  tensors_["model.layers.0.self_attn.q_proj.bias"] = whole.at("model.norm.weight");
  refuse(code, "\"model.layers.0.self_attn.q_proj.bias\" has no place");
  tensors_ = whole;
  tensors_["model.norm.weight"].shape = {4, 4};
  refuse(code, "\"model.norm.weight\" is [4, 4] but must be [16]");
  tensors_["model.norm.weight"].shape = {16};
  tensors_["model.norm.weight"].dtype = "I32";
  refuse(code, "\"model.norm.weight\" has the dtype I32");
}

TEST_F(HuggingFaceLlama, SettingsWithoutACounterpartAreNamed) {
  const auto code = StatusCode::kUnsupported;
  refuse("model_type", "mamba", code,
         "model_type must be one of gemma3, llama, gpt2, olmo2, qwen3, gemma2, gemma3_text, norma "
         "but is \"mamba\"");
  refuse("model_type", nullptr, code, "but is missing");
  refuse("hidden_act", "gelu", code, "hidden_act must be \"silu\" but is \"gelu\"");
  refuse("attention_bias", true, code, "attention_bias must be false");
  refuse("mlp_bias", true, code, "mlp_bias must be false");
  refuse("head_dim", 8, StatusCode::kDataLoss,
         "\"model.layers.0.self_attn.q_proj.weight\" of [32, 16]");
  refuse("head_dim", 5, StatusCode::kDataLoss, "head_dim must be even but is 5");
  refuse("rope_parameters", {{"rope_type", "yarn"}}, code, "linear or llama3 but is \"yarn\"");
  refuse("max_position_embeddings", INT32_MAX, StatusCode::kDataLoss, "max_length must be");
}

TEST_F(HuggingFaceLlama, HostileConfigurationsAreRefused) {
  const auto code = StatusCode::kDataLoss;
  for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                          "num_attention_heads", "num_key_value_heads",
                          "max_position_embeddings"}) {
    for (const json& value : {json(0), json(-1), json(1.5), json("5"), json::array(),
                              json(int64_t{1} << 60), json(UINT64_MAX)}) {
      refuse(key, value, code, std::string(key) + " must be a positive whole number");
    }
  }
  refuse("hidden_size", nullptr, code, "hidden_size must be a positive whole number but is miss");
  refuse("rms_norm_eps", "x", code, "rms_norm_eps must be a positive number");
  refuse("num_attention_heads", 3, code, "heads=3 must divide d_model=16");
  refuse("vocab_size", 1 << 24, code, "needs a tensor \"model.embed_tokens.weight\" of [16777216,");
  refuse("num_hidden_layers", 100000, code, "\"model.layers.2.self_attn.q_proj.weight\"");
  refuse("intermediate_size", 1 << 24, code, "\"model.layers.0.mlp.gate_proj.weight\"");
  refuse("bos_token_id", 330, code, "bos_token_id must be a token");
  refuse("eos_token_id", {2, -1}, code, "eos_token_id must be a token");
  json rope = config_["rope_parameters"];
  rope["factor"] = 0;
  refuse("rope_parameters", rope, code, "factor must be a positive number but is 0");
  rope["factor"] = 2;
  rope["high_freq_factor"] = 1;
  refuse("rope_parameters", rope, code, "high_freq_factor must be above");
  const auto broken = [&](const std::string& text, const std::string& reason) {
    folder_.write("config.json", text);
    const Status status = load_hugging_face(folder_.path()).status();
    EXPECT_EQ(status.code(), code);
    EXPECT_NE(status.message().find(reason), std::string::npos) << status.message();
  };
  broken("", "not valid JSON");
  broken("[]", "no JSON object");
  broken(std::string(1000000, '['), "nested too deeply");
}

}  // namespace
}  // namespace norma::models

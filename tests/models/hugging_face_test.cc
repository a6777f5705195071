// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <tuple>

#include "tests/support/resident_bytes.h"
#include "tests/support/temp_folder.h"
#include "weights/safetensors.h"

namespace norma::models {
namespace {

using nlohmann::json;
using weights::SafetensorsFile;
using weights::TensorInfo;

// Made by transformers; see make.py in it.
std::string fixture(const std::string& name = "") {
  return std::string(NORMA_SOURCE_DIR) + "/tests/parity/llama" + (name.empty() ? "" : "/" + name);
}

SafetensorsFile must_open(const std::string& path) {
  auto file = SafetensorsFile::open(path);
  TORCH_CHECK(file.ok(), file.status().message());
  return file.value();
}

torch::Tensor tensor_of(const SafetensorsFile& file, const std::string& name,
                        torch::ScalarType type = torch::kFloat32) {
  const TensorInfo& info = file.tensors().at(name);
  return torch::from_blob(const_cast<void*>(info.data), info.shape, type).clone();
}

double worst(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

torch::Tensor logits_of(Model& model, const torch::Tensor& ids_T) {
  torch::NoGradGuard no_grad;
  Batch batch;
  batch.target_in_BT = ids_T.unsqueeze(0);
  return model.logits_BTV(batch)[0];
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

// The reference is transformers' pass in float64: what is left is float32's rounding, of logits up
// to 20 in size.
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
  const torch::Tensor logits = logits_of(*model, tensor_of(expected, "ids", torch::kInt64));
  EXPECT_LT(worst(logits.slice(0, -8), tensor_of(expected, "logits_last8")), 1e-5);
  EXPECT_LT(worst(stream[0], tensor_of(expected, "hidden_0")), 1e-5);
  EXPECT_LT(worst(stream[1], tensor_of(expected, "hidden_1")), 1e-5);
  EXPECT_LT(worst(stream[-1], tensor_of(expected, "hidden_2")), 1e-5) << "after the final norm";
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
  const torch::Tensor logits =
      logits_of(*loaded.value().model, tensor_of(expected, "ids", torch::kInt64));
  EXPECT_LT(worst(logits.slice(0, -8), tensor_of(expected, "logits_last8")), 1e-5);
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

std::string decoder_fixture(const std::string& name) {
  return std::string(NORMA_SOURCE_DIR) + "/tests/parity/decoders/" + name;
}

// As of LLaMA above. The texts are longer than the windows of Gemma's layers.
TEST(HuggingFaceDecoders, LogitsAndHiddenStatesAreTransformers) {
  for (const std::string name : {"gpt2", "gpt2_gelu", "olmo2", "qwen3", "gemma2", "gemma3",
                                 "gemma3_seeing"}) {
    const auto loaded = load_hugging_face(decoder_fixture(name));
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    DecoderOnly& model = *loaded.value().model;
    const SafetensorsFile expected = must_open(decoder_fixture(name) + "/expected.safetensors");
    std::map<int64_t, torch::Tensor> stream;
    model.set_stream_tap([&](const std::string&, int64_t layer, const torch::Tensor& x) {
      stream[layer] = x;
    });
    const torch::Tensor ids = tensor_of(expected, "ids", torch::kInt64);
    const torch::Tensor logits = logits_of(model, ids);
    EXPECT_LT(worst(logits.slice(0, -8), tensor_of(expected, "logits")), 1e-5) << name;
    EXPECT_LT(worst(stream[0], tensor_of(expected, "hidden_0")), 1e-5) << name;
    EXPECT_LT(worst(stream[1], tensor_of(expected, "hidden_1")), 1e-5) << name;
    EXPECT_LT(worst(stream[-1], tensor_of(expected, "hidden_2")), 1e-5) << name;
    // Token by token out of the cache, past the windows.
    torch::NoGradGuard no_grad;
    const auto state = model.fresh_state(1);
    model.next_logits(ids.slice(0, 0, 20).unsqueeze(0), state.get());
    for (int64_t t = 20; t < 40; ++t) {
      const torch::Tensor id = ids.slice(0, t, t + 1).unsqueeze(0);
      const torch::Tensor next = model.next_logits(id, state.get());
      EXPECT_LT(worst(next[0][0], logits[t]), 1e-5) << name << " " << t;
    }
  }
}

// With another folder's config.json or a tensor less, what is wrong is named.
TEST(HuggingFaceDecoders, WhatDoesNotFitIsNamed) {
  const test::TempFolder folder;
  const auto refuse = [&](const std::string& name, const std::string& key, const json& value,
                          const std::string& without, const std::string& reason) {
    std::ifstream file(decoder_fixture(name) + "/config.json");
    json config = json::parse(file);
    if (!key.empty()) config[key] = value;
    const SafetensorsFile source = must_open(decoder_fixture(name) + "/model.safetensors");
    std::map<std::string, TensorInfo> tensors = source.tensors();
    tensors.erase(without);
    folder.write("config.json", config.dump());
    ASSERT_TRUE(weights::write_safetensors(folder.path("model.safetensors"), tensors, {}).ok());
    const Status status = load_hugging_face(folder.path()).status();
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
  };
  refuse("gpt2", "activation_function", "relu", "", "must be \"gelu_new\" but is \"relu\"");
  refuse("gpt2", "scale_attn_by_inverse_layer_idx", true, "", "must be false but is true");
  refuse("gpt2", "n_inner", 32, "", "\"transformer.h.0.mlp.c_fc.weight\" of [16, 32], but it is");
  refuse("gpt2", "n_positions", 1 << 20, "", "\"transformer.wpe.weight\" of [1048576, 16]");
  refuse("gpt2", "", 0, "transformer.h.1.attn.c_attn.bias", "c_attn.bias\" is missing");
  refuse("olmo2", "model_type", "llama", "", "input_layernorm.weight\" is missing");
  refuse("olmo2", "", 0, "model.layers.1.self_attn.k_norm.weight", "k_norm.weight\" is missing");
  refuse("qwen3", "use_sliding_window", true, "", "use_sliding_window must be false");
  refuse("qwen3", "head_dim", 8, "", "\"model.layers.0.self_attn.q_proj.weight\" of [32, 16]");
  refuse("gemma2", "layer_types", json::array(), "", "layer_types must be a list of 2");
  refuse("gemma2", "layer_types", {"full_attention", "linear"}, "", "but has \"linear\"");
  refuse("gemma2", "sliding_window", 0, "", "sliding_window must be a positive whole number");
  refuse("gemma2", "query_pre_attn_scalar", -1, "", "query_pre_attn_scalar must be a positive");
  refuse("gemma3", "hidden_activation", "silu", "", "must be \"gelu_pytorch_tanh\"");
  refuse("gemma3", "use_bidirectional_attention", true, "", "must be false but is true");
  refuse("gemma3", "rope_parameters", {{"full_attention", json::object()}}, "",
         "rope_parameters has no sliding_attention");
  refuse("gemma3_seeing", "text_config", nullptr, "", "text_config must be an object but is");
  refuse("gemma3_seeing", "text_config", json::object(), "",
         "\"language_model.model.embed_tokens.weight\" of [262208, 2304]");
  refuse("gemma3_seeing", "", 0, "language_model.model.norm.weight", "norm.weight\" is missing");
}

// GPT-2's first files have no "transformer." in their names, and carry masks.
TEST(HuggingFaceDecoders, OlderFilesOfGpt2) {
  const test::TempFolder folder;
  std::ifstream file(decoder_fixture("gpt2") + "/config.json");
  folder.write("config.json", json::parse(file).dump());
  const SafetensorsFile source = must_open(decoder_fixture("gpt2") + "/model.safetensors");
  std::map<std::string, TensorInfo> tensors;
  for (const auto& [name, info] : source.tensors()) tensors[name.substr(12)] = info;
  tensors["h.0.attn.bias"] = source.tensors().at("transformer.wpe.weight");
  ASSERT_TRUE(weights::write_safetensors(folder.path("model.safetensors"), tensors, {}).ok());
  const auto older = load_hugging_face(folder.path());
  ASSERT_TRUE(older.ok()) << older.status().message();
  const auto newer = load_hugging_face(decoder_fixture("gpt2"));
  const torch::Tensor ids = torch::arange(3, 20);
  EXPECT_TRUE(torch::equal(logits_of(*older.value().model, ids),
                           logits_of(*newer.value().model, ids)));
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

// 85 MB of float32, every matrix of which is turned: the file's pages leave as the copies come.
TEST(HuggingFaceDecoders, MemoryOfGpt2IsItsWeightsOnceAtItsPeakToo) {
  constexpr int64_t kWidth = 768, kLayers = 3;
  const test::TempFolder folder;
  std::ifstream file(decoder_fixture("gpt2") + "/config.json");
  json config = json::parse(file);
  config["n_embd"] = kWidth;
  config["n_layer"] = kLayers;
  folder.write("config.json", config.dump());
  std::vector<torch::Tensor> alive;
  std::map<std::string, TensorInfo> tensors;
  int64_t bytes = 0;
  const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) {
    alive.push_back(torch::zeros(shape));
    tensors[name] = {"F32", shape, alive.back().data_ptr(), alive.back().nbytes()};
    bytes += static_cast<int64_t>(alive.back().nbytes());
  };
  add("wte.weight", {340, kWidth});
  add("wpe.weight", {64, kWidth});
  for (const char* name : {"ln_f.weight", "ln_f.bias"}) add(name, {kWidth});
  for (int64_t l = 0; l < kLayers; ++l) {
    const std::string block = "h." + std::to_string(l) + ".";
    for (const char* norm : {"ln_1", "ln_2"}) {
      for (const char* kind : {".weight", ".bias"}) add(block + norm + kind, {kWidth});
    }
    for (const auto& [name, in, out] : {std::tuple("attn.c_attn", 1, 3), {"attn.c_proj", 1, 1},
                                        {"mlp.c_fc", 1, 4}, {"mlp.c_proj", 4, 1}}) {
      add(block + name + ".weight", {in * kWidth, out * kWidth});
      add(block + name + ".bias", {out * kWidth});
    }
  }
  ASSERT_TRUE(weights::write_safetensors(folder.path("model.safetensors"), tensors, {}).ok());
  tensors.clear();
  alive.clear();
  ASSERT_TRUE(load_hugging_face(decoder_fixture("gpt2")).ok());  // what loading itself needs
  const int64_t before = test::resident_bytes();
  ASSERT_GE(before, 0) << "no /proc/self/status";
  test::begin_peak();
  const auto loaded = load_hugging_face(folder.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_LT(test::peak_resident_bytes() - before, bytes * 6 / 5);
}

// Of each architecture's config.json, with bytes changed: loaded, or refused in one line.
TEST(HuggingFaceDecoders, DamagedConfigurationsNeverCrash) {
  std::mt19937 random(43);
  int loaded = 0, refused = 0;
  for (const std::string name :
       {"gpt2", "olmo2", "qwen3", "gemma2", "gemma3", "gemma3_seeing"}) {
    std::ifstream file(decoder_fixture(name) + "/config.json");
    const std::string whole = json::parse(file).dump();
    const test::TempFolder folder;
    std::filesystem::copy(decoder_fixture(name) + "/model.safetensors",
                          folder.path("model.safetensors"));
    for (int i = 0; i < 300; ++i) {
      std::string text = whole;
      for (unsigned n = 1 + random() % 3; n > 0; --n) {
        text[random() % text.size()] = random() % 2 ? "019[]{},\":-e."[random() % 13]
                                                    : static_cast<char>(random());
      }
      folder.write("config.json", text);
      const Status status = load_hugging_face(folder.path()).status();
      (status.ok() ? loaded : refused) += 1;
      EXPECT_EQ(status.message().find('\n'), std::string::npos) << status.message();
    }
  }
  EXPECT_GT(loaded, 100);
  EXPECT_GT(refused, 100);
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

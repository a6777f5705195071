// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: models/hugging_face_decoders.cc, models/hugging_face_tensors.cc
#include "models/hugging_face.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <tuple>

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

std::string decoder_fixture(const std::string& name) {
  return std::string(NORMA_SOURCE_DIR) + "/tests/parity/decoders/" + name;
}

// The texts are longer than the windows of Gemma's layers.
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
    const torch::Tensor ids = tensor_of(expected, "ids");
    for (const auto type : {torch::kFloat32, torch::kFloat64}) {
      model.to(type);
      const double most = far_of(type);
      const torch::Tensor logits = logits_of(model, ids);
      EXPECT_LT(worst(logits.slice(0, -8), tensor_of(expected, "logits")), most) << name;
      EXPECT_LT(worst(stream[0], tensor_of(expected, "hidden_0")), most) << name;
      EXPECT_LT(worst(stream[1], tensor_of(expected, "hidden_1")), most) << name;
      EXPECT_LT(worst(stream[-1], tensor_of(expected, "hidden_2")), most) << name;
      // Token by token out of the cache, past the windows.
      torch::NoGradGuard no_grad;
      const auto state = model.fresh_state(1);
      model.next_logits(ids.slice(0, 0, 20).unsqueeze(0), state.get());
      for (int64_t t = 20; t < 40; ++t) {
        const torch::Tensor id = ids.slice(0, t, t + 1).unsqueeze(0);
        const torch::Tensor next = model.next_logits(id, state.get());
        EXPECT_LT(worst(next[0][0], logits[t]), most) << name << " " << t;
      }
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

}  // namespace
}  // namespace norma::models

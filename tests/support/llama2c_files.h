// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Model and tokenizer files as llama2.c's exporters write them, small and with random numbers.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace norma::test {

template <typename Number>
void append_number(std::string& bytes, Number value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes.append(raw, sizeof value);
}

struct Llama2cModel {
  int32_t dim = 8, hidden_dim = 12, layers = 2, heads = 4, kv_heads = 2, vocab_size = 11,
          max_length = 6;
  bool shared = true;
  std::map<std::string, std::vector<float>> tensors;

  // Every tensor with its numbers: norms around 1, matrices around 0.
  void fill(uint32_t seed) {
    std::mt19937 random(seed);
    const int32_t kv = dim / heads * kv_heads;
    const auto add = [&](const char* name, int64_t count, bool norm) {
      std::vector<float>& values = tensors[name];
      for (int64_t i = 0; i < count; ++i) {
        const float x = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 2000;
        values.push_back(norm ? 1 + x : x);
      }
    };
    add("token_embedding", vocab_size * dim, false);
    add("rms_att", layers * dim, true);
    add("wq", layers * dim * dim, false);
    add("wk", layers * kv * dim, false);
    add("wv", layers * kv * dim, false);
    add("wo", layers * dim * dim, false);
    add("rms_ffn", layers * dim, true);
    add("w1", layers * hidden_dim * dim, false);
    add("w2", layers * dim * hidden_dim, false);
    add("w3", layers * hidden_dim * dim, false);
    add("rms_final", dim, true);
    if (!shared) add("wcls", vocab_size * dim, false);
  }

  std::string legacy() const {
    std::string bytes = fields(shared ? vocab_size : -vocab_size);
    append_tensors(bytes, {"token_embedding", "rms_att", "wq", "wk", "wv", "wo", "rms_ffn", "w1",
                           "w2", "w3", "rms_final"});
    // Cosines and sines, which no reader needs: a number that would be seen in any result.
    for (int32_t i = 0; i < max_length * (dim / heads); ++i) append_number(bytes, 1e30f);
    if (!shared) append_tensors(bytes, {"wcls"});
    return bytes;
  }
  std::string version_1() const {
    std::string bytes;
    append_number(bytes, uint32_t{0x616b3432});
    append_number(bytes, int32_t{1});
    bytes += fields(vocab_size);
    bytes += static_cast<char>(shared ? 1 : 0);
    bytes.resize(256, '\0');
    append_tensors(bytes, {"rms_att", "rms_ffn", "rms_final", "token_embedding", "wq", "wk", "wv",
                           "wo", "w1", "w2", "w3"});
    if (!shared) append_tensors(bytes, {"wcls"});
    return bytes;
  }

 private:
  std::string fields(int32_t signed_vocab_size) const {
    std::string bytes;
    for (const int32_t field :
         {dim, hidden_dim, layers, heads, kv_heads, signed_vocab_size, max_length}) {
      append_number(bytes, field);
    }
    return bytes;
  }
  void append_tensors(std::string& bytes, const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      const std::vector<float>& values = tensors.at(name);
      bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    }
  }
};

using ScoredTokens = std::vector<std::pair<std::string, float>>;

// <unk>, bos, eos and, with bytes, <0x00> to <0xFF>.
inline ScoredTokens first_tokens(bool bytes) {
  ScoredTokens tokens = {{"<unk>", 0.0f}, {"\n<s>\n", 0.0f}, {"\n</s>\n", 0.0f}};
  const char* const digits = "0123456789ABCDEF";
  for (int byte = 0; bytes && byte < 256; ++byte) {
    tokens.emplace_back(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">", 0.0f);
  }
  return tokens;
}

inline std::string tokenizer_file(const ScoredTokens& tokens, int32_t max_length = 10) {
  std::string bytes;
  append_number(bytes, max_length);
  for (const auto& [text, score] : tokens) {
    append_number(bytes, score);
    append_number(bytes, static_cast<int32_t>(text.size()));
    bytes += text;
  }
  return bytes;
}

}  // namespace norma::test

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the libFuzzer programs of readers share (scripts/fuzz.sh runs them). An input is a byte that
// chooses the reader, and what it reads. Every build runs them over their seeds, by fuzz_main.cc.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/status.h"

namespace norma::test {

inline int accepted = 0;  // inputs that a reader took

inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// One short line, of the two codes that a reader of bytes has.
inline void must_be_a_refusal(const Status& status) {
  must(status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kUnsupported, "code");
  must(status.message().find('\n') == std::string::npos, "one line");
  must(!status.message().empty() && status.message().size() < 600, "length of the message");
}

// Reads every byte, for the address sanitizer.
inline unsigned touch(const void* data, size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(data);
  unsigned sum = 0;
  for (size_t i = 0; i < bytes; ++i) sum += at[i];
  return sum;
}

inline std::string fixture(const std::string& name) {
  std::ifstream file(std::string(NORMA_SOURCE_DIR) + "/tests/parity/" + name, std::ios::binary);
  must(file.is_open(), name.c_str());
  return {std::istreambuf_iterator<char>(file), {}};
}

// The folder of an argument --seeds=FOLDER, empty where there is none. libFuzzer leaves arguments
// with two dashes alone.
inline std::string seeds_folder(int argc, char** argv) {
  constexpr std::string_view kFlag = "--seeds=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with(kFlag)) return std::string(word.substr(kFlag.size()));
  }
  return "";
}

inline void write_seed(const std::string& folder, const std::string& name, char reader,
                       const std::string& bytes) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/" + name, std::ios::binary) << reader << bytes;
}

}  // namespace norma::test

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A folder of pictures as MNIST has them, small: three classes, each with a bright column of its
// own under noise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

#include "base/random.h"

namespace norma::test {

inline std::string idx_head(uint8_t dimensions, std::initializer_list<uint32_t> sizes) {
  std::string head = {0, 0, 8, static_cast<char>(dimensions)};
  for (const uint32_t size : sizes) {
    for (const int shift : {24, 16, 8, 0}) head += static_cast<char>(size >> shift & 255);
  }
  return head;
}

constexpr uint32_t kPictureRows = 4, kPictureCols = 5;

inline void write_tiny_pictures(const std::string& folder) {
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* part, uint32_t count, uint64_t seed) {
    SplitMix64 random(seed, 0);
    std::string pixels, labels;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t label = i % 3;
      labels += static_cast<char>(label);
      for (uint32_t p = 0; p < kPictureRows * kPictureCols; ++p) {
        const uint64_t noise = random.below(120);
        pixels += static_cast<char>(p % kPictureCols == label ? 130 + noise : noise);
      }
    }
    const std::string path = folder + "/" + part;
    std::ofstream(path + "-images-idx3-ubyte", std::ios::binary)
        << idx_head(3, {count, kPictureRows, kPictureCols}) << pixels;
    std::ofstream(path + "-labels-idx1-ubyte", std::ios::binary) << idx_head(1, {count}) << labels;
  };
  write("train", 90, 1);
  write("t10k", 30, 2);
}

}  // namespace norma::test

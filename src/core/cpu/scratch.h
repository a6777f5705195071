// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Pieces of a caller's workspace.
#pragma once

#include <cstddef>
#include <cstdint>

namespace norma::cpu {

// Hands out 64-byte aligned pieces of the workspace; without memory it only counts.
class Scratch {
 public:
  explicit Scratch(void* memory) : memory_(static_cast<char*>(memory)) {}
  template <typename T>
  T* take(int64_t count) {
    const size_t offset = used_;
    used_ += (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + offset);
  }
  size_t used() const { return used_; }

 private:
  char* memory_;
  size_t used_ = 0;
};

}  // namespace norma::cpu

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The element types of tensors and the exact conversions between them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace norma {

// The numbers are part of the C ABI (include/norma/norma.h).
enum class DType : int32_t { kF32 = 0, kBF16 = 1, kF16 = 2, kF64 = 3 };

// Bytes of an element. A digit a type, not a branch a type: checks ask for it again and again.
constexpr size_t size_of(DType dtype) {
  return 0x8224u >> (4 * (static_cast<uint32_t>(dtype) & 3)) & 15;
}
constexpr const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kF32: return "f32";
    case DType::kBF16: return "bf16";
    case DType::kF16: return "f16";
    case DType::kF64: return "f64";
  }
  return "unknown";
}
constexpr bool is_known(DType dtype) {
  return static_cast<int32_t>(dtype) >= 0 && static_cast<int32_t>(dtype) <= 3;
}

}  // namespace norma

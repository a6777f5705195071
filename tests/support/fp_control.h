// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The bits of this thread's floating point environment that C++ has no names for.
#pragma once

#include <cstdint>

namespace norma::test {

#if defined(__x86_64__)
inline constexpr uint32_t kFlushToZero = 0x8000, kDenormalsAreZero = 0x40, kFpFlags = 0x3F;
inline uint32_t fp_control() { return __builtin_ia32_stmxcsr() & ~kFpFlags; }
inline void set_fp_bits(uint32_t bits) { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | bits); }
#else
inline constexpr uint32_t kFlushToZero = 1u << 24, kDenormalsAreZero = kFlushToZero;
inline uint32_t fp_control() {
  uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return static_cast<uint32_t>(value);
}
inline void set_fp_bits(uint32_t bits) {
  const uint64_t value = fp_control() | bits;
  asm volatile("msr fpcr, %0" : : "r"(value));
}
#endif

}  // namespace norma::test

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Which SIMD target the kernels run on: the best that this build and this processor have, or the
// one that the environment variable NORMA_TARGET names (sse4, avx2, avx512, avx512_bf16; neon on
// AArch64). avx512_bf16 is avx512 with AVX512_BF16's rounding.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/cpu/kernels.h"

namespace norma::cpu {

namespace internal {
extern std::atomic<const Kernels*> active;  // null before the first call too
const Kernels* find_active();
}  // namespace internal

// The kernels of the target that runs. Null where the processor has none of the targets, or where
// NORMA_TARGET asks for one that is unknown or not there: target_status() says so.
inline const Kernels* active_kernels() {
  const Kernels* found = internal::active.load(std::memory_order_acquire);
  return found != nullptr ? found : internal::find_active();
}
const Status& target_status();

// Names of the targets that this build and this processor have, best first.
std::vector<std::string> available_targets();

// For tests: from now on every call of the process runs on this target. Not while a call runs.
Status force_target(std::string_view name);

}  // namespace norma::cpu

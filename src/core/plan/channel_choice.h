// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Which implementation of a channel norm takes a dtype.
#pragma once

#include "base/dtype.h"
#include "core/cpu/targets.h"

namespace norma {

enum class Choice { kCpu, kRef };

inline Choice choice_for(DType dtype) {
  return dtype != DType::kF64 && cpu::active_kernels() != nullptr ? Choice::kCpu : Choice::kRef;
}

}  // namespace norma

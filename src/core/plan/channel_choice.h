// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Which implementation of a channel norm takes a dtype.
#pragma once

#include <string>

#include "base/status.h"
#include "core/cpu/targets.h"
#include "core/plan/channel_checks.h"

namespace norma {

enum class Choice { kCpu, kRef, kNone };

inline Choice choice_for(DType dtype) {
  if (dtype == DType::kF32 && cpu::active_kernels() != nullptr) return Choice::kCpu;
  return dtype == DType::kF32 || dtype == DType::kF64 ? Choice::kRef : Choice::kNone;
}

// What every pass asks before it begins: a target, and an implementation of the dtype.
inline Status ready(const ChannelChecker& check, const char* what, DType dtype) {
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  if (choice_for(dtype) != Choice::kNone) return Status();
  return check.unsupported(std::string(what) + " of dtype " + name_of(dtype) +
                           " are not supported yet: convert them to f32 or f64.");
}

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The dispatch table: every implementation of the norms, best first, the reference last.
#pragma once

#include <cstddef>
#include <span>

#include "base/executor.h"
#include "core/norm_spec.h"

namespace norma {

struct Implementation {
  // Printable, such as "cpu:avx512" or "ref".
  const char* (*name)();
  // Why it cannot take rows of this dtype; null where it can.
  const char* (*refusal)(DType dtype);

  // REQUIRES, of all three: checked arguments of an accepted dtype.
  // backward works with any bytes from backward_workspace(.., serial_executor()) on.
  void (*forward)(const NormSpec& spec, const NormForward& args, const Executor& executor);
  size_t (*backward_workspace)(const NormSpec& spec, const NormBackward& args,
                               const Executor& executor);
  void (*backward)(const NormSpec& spec, const NormBackward& args, void* workspace, size_t bytes,
                   const Executor& executor);
};

std::span<const Implementation> implementations();

}  // namespace norma

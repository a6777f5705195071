// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the arguments of a norm must obey before any implementation sees them.
// Where a check passes, nothing is allocated.
#pragma once

#include <cstddef>

#include "base/status.h"
#include "core/norm_spec.h"

namespace norma {

Status check_forward(const NormSpec& spec, const NormForward& args);
Status check_backward(const NormSpec& spec, const NormBackward& args);

// `bytes` of workspace against the `needed` ones and against every other argument.
Status check_workspace(const NormSpec& spec, const NormBackward& args, const void* workspace,
                       size_t bytes, size_t needed);

// Whether a gradient that depends on x and its statistics is asked for; dbias alone needs neither.
bool needs_x(const NormBackward& args);

}  // namespace norma

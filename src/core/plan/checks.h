// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the arguments of a norm must obey before any implementation sees them.
// Where a check passes, nothing is allocated.
#pragma once

#include <cstddef>
#include <span>

#include "base/status.h"
#include "core/norm_spec.h"
#include "core/plan/checker.h"

namespace norma {

Status check_forward(const NormSpec& spec, const NormForward& args);
Status check_backward(const NormSpec& spec, const NormBackward& args);
// Of a call that does not store y, and must not have it.
Status check_forward_without_y(const NormSpec& spec, const NormForward& args);

// What a call has beside those of its norm: inputs apart from the norm's outputs, outputs apart
// from everything.
bool extras_apart(Checker& check, const NormForward& args, std::span<const Named> inputs,
                  std::span<const Named> outputs);
bool extras_apart(Checker& check, const NormBackward& args, std::span<const Named> inputs,
                  std::span<const Named> outputs);

// `bytes` of workspace against the `needed` ones and against every other argument.
Status check_workspace(const NormSpec& spec, const NormBackward& args, const void* workspace,
                       size_t bytes, size_t needed);

// Whether a gradient that depends on x and its statistics is asked for; dbias alone needs neither.
bool needs_x(const NormBackward& args);

}  // namespace norma

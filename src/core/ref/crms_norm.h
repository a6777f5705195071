// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// CRMSNorm, the scalar specification: contract norma-1 as the text says it, for every type, slow
// and obvious. Every other implementation must have its bits.
#pragma once

#include <cstdint>

#include "core/norm_spec.h"
#include "core/ref/statistics.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept.
void crms_norm_forward(const NormSpec& spec, const NormForward& args);
void crms_norm_backward(const NormSpec& spec, const NormBackward& args);

// The sums of a row x[0, n), n >= 1, as tests compare them, of the f32 pass.
RowSums crms_norm_sums(const float* x, int64_t n);

}  // namespace norma::ref

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// DyT and Derf, the scalar specification: docs/pointwise.md as the text says it, for every type,
// slow and obvious. Every other implementation must have its bits.
#pragma once

#include "core/pointwise_spec.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept.
void pointwise_forward(const PointwiseSpec& spec, const PointwiseForward& args);
void pointwise_backward(const PointwiseSpec& spec, const PointwiseBackward& args);

}  // namespace norma::ref

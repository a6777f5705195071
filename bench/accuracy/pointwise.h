// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// DyT and Derf, measured against the bounds of docs/pointwise.md.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "bench/accuracy/elements.h"
#include "core/pointwise_spec.h"

namespace norma::accuracy {

// y and dx without weight and bias; the parameters' gradients with both.
Status measure_pointwise(const PointwiseSpec& spec, ElementEntry* entry, int64_t rows);

}  // namespace norma::accuracy

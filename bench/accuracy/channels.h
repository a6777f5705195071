// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The channel norms, measured: what each normalises together, a column of a batch or a group of an
// image's channels, is a row of LayerNorm, and its exact answer that row's; in evaluation it is the
// row's by the running statistics.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "bench/accuracy/elements.h"

namespace norma::accuracy {

// Adds an entry for each; `rows` such rows, a multiple of 8, of 256 elements.
Status survey_channels(DType dtype, Family family, int64_t rows,
                       std::vector<ElementEntry>* entries);

}  // namespace norma::accuracy

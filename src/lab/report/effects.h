// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The effect of one choice on each variant, all else equal: warm-up, and initialisation.
#pragma once

#include <optional>

#include "lab/report/contrasts.h"

namespace norma::lab::report {

// Each length of warm-up against none. Absent where no variant has both.
std::optional<Contrast> contrast_of_warmup(const Grid& grid);

// Each initialisation against the first of the folder. Absent where no variant has both.
std::optional<Contrast> contrast_of_init(const Grid& grid);

// Each batch size against the largest, at as many steps. Absent where no variant has both.
std::optional<Contrast> contrast_of_batch_size(const Grid& grid);

}  // namespace norma::lab::report

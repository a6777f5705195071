// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Does what a norm makes of one training case depend on the other cases of the batch?
#pragma once

#include <cstdint>

#include "lab/train/run_folder.h"

namespace norma::lab {

// Largest change of one case's outputs when all other cases of the batch are replaced, in training
// mode. A case is a row of `cols` standard normal numbers, a batch has 32.
struct Independence {
  double layernorm_max_abs_change = 0;  // norma's LayerNorm
  double batchnorm_max_abs_change = 0;  // norma's BatchNorm
};
Independence measure_independence(int64_t cols, uint64_t seed);

Json to_json(const Independence& independence);

}  // namespace norma::lab

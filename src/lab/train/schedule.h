// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The learning rate of each step.
#pragma once

#include <cstdint>

#include "lab/recipes/recipe.h"

namespace norma::lab {

// `step` counts from 1, w = warmup_steps, N = steps. For step <= w: lr * step / w. After that
//   constant      lr
//   inverse-sqrt  lr * sqrt(max(w, 1) / step)   (Vaswani et al. 2017, eq. 3, scaled to peak at lr)
//   cosine        lr * (1 + cos(pi * (step - w) / (N - w))) / 2, which is 0 at step N
double learning_rate(const TrainingRecipe& train, int64_t step);

}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace norma::lab {

double learning_rate(const TrainingRecipe& train, int64_t step) {
  const double at = static_cast<double>(step);
  const double warmup = static_cast<double>(train.warmup_steps);
  if (at <= warmup) return train.lr * at / warmup;
  if (train.schedule == "inverse-sqrt") return train.lr * std::sqrt(std::max(warmup, 1.0) / at);
  if (train.schedule == "cosine") {
    const double done = (at - warmup) / (static_cast<double>(train.steps) - warmup);
    return train.lr * (1 + std::cos(std::numbers::pi * std::min(done, 1.0))) / 2;
  }
  return train.lr;
}

}  // namespace norma::lab

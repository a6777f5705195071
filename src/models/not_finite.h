// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What decoding throws where no token can be chosen.
#pragma once

#include <stdexcept>

namespace norma::models {

struct NotFinite : std::runtime_error {
  NotFinite()
      : std::runtime_error(
            "the model's outputs are not finite (nan): its weights diverged. Train again with a "
            "lower --lr or with --warmup-steps.") {}
};

}  // namespace norma::models

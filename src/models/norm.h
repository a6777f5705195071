// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The norms that a model can be built with. A new one is a row of the table in norm.cc.
#pragma once

#include <torch/torch.h>

#include <string>

namespace norma::models {

// A norm over the last dimension, `width` elements, that begins as norm_info.h says. eps: where the
// formula has one. Throws c10::Error for a name that is not among known_norms().
torch::nn::AnyModule make_norm(const std::string& name, int64_t width, double eps);

}  // namespace norma::models

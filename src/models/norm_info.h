// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a model can be normalised with, for help texts and tables. Torch-free.
#pragma once

#include <span>
#include <string>

namespace norma::models {

// In the formulas x is a row of C features, M(.) the mean over them, g a learned factor and b a
// learned shift of each feature. Of batchnorm the rows are those of the batch that are no padding.
struct NormInfo {
  const char* name;
  const char* formula;
  const char* start;       // of what it learns
  const char* parameters;  // how many numbers it learns
  const char* cost;        // of a row: sums over it, and operations a feature, roots and
                           // divisions of a row left out
  const char* source;
  const char* drawing;     // lines without an end
};

std::span<const NormInfo> norms();
// `unknown norm "layernrom"; did you mean "layernorm"? ..`, and for "none" what to do instead.
std::string unknown_norm(const std::string& name);

}  // namespace norma::models

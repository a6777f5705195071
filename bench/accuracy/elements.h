// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Measured beside the row norms: the channel norms; DyT and Derf in a norm's place; SeeDNorm; the
// gate, RoPE and quantised output after one, whose exact answer starts from z, the norm's output as
// it is stored.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "bench/accuracy/inputs.h"
#include "bench/accuracy/judge.h"

namespace norma::accuracy {

// Empty: the operator has no such parameter.
struct ParameterGradients {
  Seen weight;  // SeeDNorm: gamma
  Seen bias;
  Seen alpha;
  Seen shift;  // SeeDNorm: beta
};

struct ElementEntry {
  std::string what;  // "DyT", ...
  DType dtype;
  Family family;
  Seen y;         // quantised: off q by so many steps, an ulp being 2^-23 of one
  Seen gradient;  // dx; the gate: dgate; quantised output: none
  ParameterGradients parameters;
};

// rows of 256 columns, as many for each entry, a multiple of 8.
Result<std::vector<ElementEntry>> survey_elements(int64_t rows);

}  // namespace norma::accuracy

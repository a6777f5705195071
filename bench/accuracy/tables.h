// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A survey as Markdown: the body of docs/accuracy.md. No timing, no machine.
#pragma once

#include <string>
#include <vector>

#include "bench/accuracy/elements.h"
#include "bench/accuracy/survey.h"

namespace norma::accuracy {

std::string tables(const std::vector<Entry>& entries);
std::string tables(const std::vector<ElementEntry>& entries);

// "layer_norm bf16 plain, huge, 300 columns: y row 3 ...", a line for each broken promise.
std::string broken_promises(const std::vector<Entry>& entries);
std::string broken_promises(const std::vector<ElementEntry>& entries);

}  // namespace norma::accuracy

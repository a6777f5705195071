// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The page: verdict and configurations first, then curves, contrasts, cost, provenance.
#pragma once

#include <string>

#include "lab/report/read_run.h"

namespace norma::lab::report {

// One self-contained HTML document: no address of another file or machine in it, no time of day, no
// random order.
std::string make_page(const RunFolder& folder);

}  // namespace norma::lab::report

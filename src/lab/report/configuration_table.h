// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The table of the first screen: one row a configuration.
#pragma once

#include <string>

#include "lab/report/compare.h"
#include "lab/report/figures.h"
#include "lab/report/read_run.h"

namespace norma::lab::report {

// Rows from the lowest loss up, then those without one; columns nothing was measured for are left
// out. The page's script sorts by the data-sort of a cell.
std::string configuration_table(const RunFolder& folder, const Grid& grid, const Looks& looks);

}  // namespace norma::lab::report

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where and when a measurement was made.
#pragma once

#include <string>

namespace norma::bench {

// "AMD EPYC, 2 cores, 32 MiB last-level cache"
std::string machine_name();
// UTC, ISO 8601: "2026-11-23T20:05:00Z"
std::string date_now();

}  // namespace norma::bench

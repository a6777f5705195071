// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where and when a measurement was made.
#pragma once

#include <cstdint>
#include <string>

namespace norma::bench {

// "AMD EPYC, 2 cores, 32 MiB last-level cache"
std::string machine_name();

struct CacheSizes {
  int64_t l1 = 0, l2 = 0;  // bytes for data, of a core; 0: a result that does not say
  int64_t last_level = 0;

  bool operator==(const CacheSizes&) const = default;
};
// This machine's, as base/cache_size.h tells them.
CacheSizes cache_sizes();

// UTC, ISO 8601: "2026-11-23T20:05:00Z"
std::string date_now();

}  // namespace norma::bench

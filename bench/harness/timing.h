// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Paired samples: peers timed in turn, so that what disturbs the machine disturbs all of them.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "bench/harness/peer.h"

namespace norma::bench {

// Nanoseconds a call; [peer][sample], samples of one number were taken side by side.
using Samples = std::vector<std::vector<double>>;

// A sample is as many calls as last 50 microseconds. Each call takes the next of `sets` sets.
// Empty where `interrupted` said true between two rounds.
Samples time_in_turn(const std::vector<std::unique_ptr<Peer>>& peers, size_t sets, int samples,
                     const std::function<bool()>& interrupted);

// REQUIRES: not empty.
double median(std::vector<double> values);
double minimum(const std::vector<double>& values);
// Median of the ratios of samples taken side by side.
double paired_ratio(const std::vector<double>& of, const std::vector<double>& to);

}  // namespace norma::bench

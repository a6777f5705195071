// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Which implementations compete at which task, in this process.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/harness/peer.h"

namespace norma::bench {

struct Entrant {
  std::string impl;
  MakePeer make;  // may make none: its library is not there
};

// REQUIRES: norma is the first entrant, torch the second; the short suite has no other.
struct Contest {
  Task task;
  std::vector<Entrant> entrants;
};

const std::vector<Contest>& contests();

// What run() of bench.h does, among these entrants.
Status run(const Options& options, const std::vector<Contest>& contests, std::ostream& table,
           Report* report);

}  // namespace norma::bench

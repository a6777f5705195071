// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The suite "models": work of a size that a model does, each task on one problem of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/bench.h"
#include "bench/harness/peer.h"

namespace norma::bench {

class ModelPeer : public Peer {
 public:
  // Whether the last run's answer is right. The message names the peer and what is wrong.
  virtual Status check() const = 0;
  // Runs once; nanoseconds.
  virtual double time();
  Answer answer(size_t) final { return {}; }
};

// Under which a peer is made.
struct ModelRun {
  int threads = 1;
  std::string python;  // as in Options
  std::function<void(const std::string& why)> skip;  // told by who then makes none
};

struct ModelEntrant {
  std::string impl, what;  // what: in a few words, for the table
  std::function<std::unique_ptr<ModelPeer>(const ModelRun& run)> make;
};

struct ModelContest {
  std::string task, size;  // size: in words
  int64_t rows = 0, cols = 0;
  int64_t tokens = 0, bytes = 0;  // of a run: that are made, that must be read; 0: not told
  // The last is the one that the others are compared with.
  std::vector<ModelEntrant> entrants;
};

// Of model_task_names(). May take seconds: the truth is computed here.
ModelContest make_model_contest(const std::string& task, uint64_t seed);

// Times one contest on options.threads, prints its table and adds its records.
Status run_model_contest(const ModelContest& contest, const Options& options, std::ostream& table,
                         Report* report);

}  // namespace norma::bench

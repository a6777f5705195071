// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One implementation of one task, and the table of all of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "bench/harness/problem.h"

namespace norma::bench {

class Peer {
 public:
  virtual ~Peer() = default;
  // Runs the task once on one set. Throws where the implementation refuses.
  virtual void run(size_t set) = 0;
  // Where the last run left its outputs; lives until the next.
  virtual Answer answer(size_t set) = 0;
};

// REQUIRES: the problem outlives the peer.
using MakePeer = std::unique_ptr<Peer> (*)(const Problem& problem);

// memcpy of x, cut into equal parts for the executor's threads: the yardstick of every task.
std::unique_ptr<Peer> make_copy(const Problem& problem, const Executor& executor);

// Empty where the suite was built without oneDNN; its peers are null then.
std::string onednn_version();
// Of the oneDNN 3 inside torch. Empty where it cannot be called; its peers are null then.
std::string onednn3_version();

namespace layer_norm_forward {
std::unique_ptr<Peer> make_norma(const Problem& problem);
std::unique_ptr<Peer> make_torch(const Problem& problem);
std::unique_ptr<Peer> make_onednn(const Problem& problem);
std::unique_ptr<Peer> make_onednn3(const Problem& problem);
}  // namespace layer_norm_forward

namespace layer_norm_backward {
std::unique_ptr<Peer> make_norma(const Problem& problem);
std::unique_ptr<Peer> make_torch(const Problem& problem);
std::unique_ptr<Peer> make_onednn(const Problem& problem);
std::unique_ptr<Peer> make_onednn3(const Problem& problem);
}  // namespace layer_norm_backward

namespace rms_norm_forward {
std::unique_ptr<Peer> make_norma(const Problem& problem);
std::unique_ptr<Peer> make_torch(const Problem& problem);
std::unique_ptr<Peer> make_onednn3(const Problem& problem);
}  // namespace rms_norm_forward

namespace rms_norm_backward {
std::unique_ptr<Peer> make_norma(const Problem& problem);
std::unique_ptr<Peer> make_torch(const Problem& problem);
}  // namespace rms_norm_backward

namespace add_layer_norm_forward {
std::unique_ptr<Peer> make_norma(const Problem& problem);
std::unique_ptr<Peer> make_torch(const Problem& problem);
}  // namespace add_layer_norm_forward

namespace add_rms_norm_forward {
std::unique_ptr<Peer> make_norma(const Problem& problem);
std::unique_ptr<Peer> make_torch(const Problem& problem);
}  // namespace add_rms_norm_forward

}  // namespace norma::bench

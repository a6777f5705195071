// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The library through core/plan, on the executor's threads, which are as many at every call.
#pragma once

#include <memory>

#include "bench/harness/peer.h"

namespace norma::bench {

std::unique_ptr<Peer> make_norma_forward(const Problem& problem, const Executor& executor);
std::unique_ptr<Peer> make_norma_backward(const Problem& problem, const Executor& executor);

}  // namespace norma::bench

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The library through core/plan, on torch's threads, as torch_ops calls it.
#pragma once

#include <memory>

#include "bench/harness/peer.h"

namespace norma::bench {

std::unique_ptr<Peer> make_norma_forward(const Problem& problem);
std::unique_ptr<Peer> make_norma_backward(const Problem& problem);

}  // namespace norma::bench

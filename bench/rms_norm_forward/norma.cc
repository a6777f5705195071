// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/norma_peer.h"
#include "torch_ops/executor.h"

namespace norma::bench {

std::unique_ptr<Peer> rms_norm_forward::make_norma(const Problem& problem) {
  return make_norma_forward(problem, torch_ops::torch_executor());
}

}  // namespace norma::bench

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/norma_peer.h"

namespace norma::bench {

std::unique_ptr<Peer> rms_norm_backward::make_norma(const Problem& problem) {
  return make_norma_backward(problem);
}

}  // namespace norma::bench

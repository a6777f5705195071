// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onednn3.h"

namespace norma::bench {

std::unique_ptr<Peer> layer_norm_backward::make_onednn3(const Problem& problem) {
  return make_onednn3_backward(problem);
}

}  // namespace norma::bench

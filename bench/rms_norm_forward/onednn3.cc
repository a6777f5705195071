// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onednn3.h"

namespace norma::bench {

std::unique_ptr<Peer> rms_norm_forward::make_onednn3(const Problem& problem) {
  return make_onednn3_forward(problem);
}

}  // namespace norma::bench

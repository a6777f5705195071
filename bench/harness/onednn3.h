// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the peers of oneDNN 3 share: LayerNorm and RMSNorm are one primitive with other flags, made
// once and executed with arguments that exist.
#pragma once

#include <memory>
#include <string>

#include "bench/harness/peer.h"

namespace norma::bench {

// Null where there is no oneDNN 3 (torch_onednn.h), or it has no kernel for the problem's type on
// this processor. Made for the number of threads that torch has.
std::unique_ptr<Peer> make_onednn3_forward(const Problem& problem);
std::unique_ptr<Peer> make_onednn3_backward(const Problem& problem);

}  // namespace norma::bench

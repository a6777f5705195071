// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Linked where oneDNN is not installed, so that nothing above has an #ifdef: no peer is made.

#include "bench/harness/peer.h"

namespace norma::bench {

std::string onednn_version() { return ""; }

std::unique_ptr<Peer> layer_norm_forward::make_onednn(const Problem&) { return nullptr; }
std::unique_ptr<Peer> layer_norm_backward::make_onednn(const Problem&) { return nullptr; }

}  // namespace norma::bench

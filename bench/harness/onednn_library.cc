// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onednn_library.h"

#include <string>

namespace norma::bench {

#define NORMA_DOOR extern "C" __attribute__((visibility("default")))

NORMA_DOOR Peer* norma_bench_onednn_layer_norm_forward(const Problem& problem) {
  return layer_norm_forward::make_onednn(problem).release();
}
NORMA_DOOR Peer* norma_bench_onednn_layer_norm_backward(const Problem& problem) {
  return layer_norm_backward::make_onednn(problem).release();
}
NORMA_DOOR const char* norma_bench_onednn_version() {
  static const std::string version = onednn_version();
  return version.c_str();
}

}  // namespace norma::bench

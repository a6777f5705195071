// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The doors of the library that the oneDNN peers are, which a run opens where it times them and no
// other does. The oneDNN inside torch and the one of the system share once-flags
// (STB_GNU_UNIQUE, so by RTLD_LOCAL too): with both in a process torch's own was left without its
// gemm kernels, and at::lstm took six times as long.
#pragma once

#include "bench/harness/peer.h"

namespace norma::bench {

// Null where there is no such peer. Throws as peers do. The caller owns it.
using MakeInOnednnLibrary = Peer* (*)(const Problem& problem);
inline constexpr const char* kOnednnForward = "norma_bench_onednn_layer_norm_forward";
inline constexpr const char* kOnednnBackward = "norma_bench_onednn_layer_norm_backward";
inline constexpr const char* kOnednnVersion = "norma_bench_onednn_version";  // const char* ()

}  // namespace norma::bench

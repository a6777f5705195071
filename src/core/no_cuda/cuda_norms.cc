// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/cuda_norms.h"

namespace norma::cuda {

const char* refusal() { return "this build has no CUDA kernels"; }

}  // namespace norma::cuda

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The door to the CUDA kernels. src/core/cuda defines it where there is CUDA, src/core/no_cuda
// elsewhere, so that nothing above has to ask.
#pragma once

namespace norma::cuda {

// Why the CUDA kernels cannot be used; null where they can.
const char* refusal();

}  // namespace norma::cuda

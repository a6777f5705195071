// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The thread seam inside a torch process: torch's own pool, so that there is one.
#pragma once

#include "base/executor.h"

namespace norma::torch_ops {

// at::parallel_for over at::get_num_threads() threads; inside a parallel region of torch, the
// calling thread alone.
const Executor& torch_executor();

}  // namespace norma::torch_ops

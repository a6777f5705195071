// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The elementwise part of an LSTM on one target, in f32. A kernel runs on the calling thread,
// allocates nothing and depends on no state.
#pragma once

#include "core/lstm.h"

namespace norma::cpu {

struct Range;  // kernels.h

struct LstmKernels {
  void (*gates_forward)(const LstmGatesForward& args, Range rows);
  void (*output_forward)(const LstmOutputForward& args, Range rows);
  void (*output_backward)(const LstmOutputBackward& args, Range rows);
  void (*gates_backward)(const LstmGatesBackward& args, Range rows);
};

}  // namespace norma::cpu

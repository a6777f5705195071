// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The one door to the elementwise part of an LSTM: checks the arguments, then takes the SIMD
// kernels for f32, the scalar specification for f64 and where there are no kernels. Other types are
// kUnsupported.
//
// Threads: every function may be called from several threads at once, and runs on its caller: one
// position is too little to be worth waking another for. Nothing is allocated but the message of a
// failure.
#pragma once

#include "base/status.h"
#include "core/lstm.h"

namespace norma {

Status lstm_gates_forward(const LstmGatesForward& args);
Status lstm_output_forward(const LstmOutputForward& args);
Status lstm_output_backward(const LstmOutputBackward& args);
Status lstm_gates_backward(const LstmGatesBackward& args);

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The elementwise part of an LSTM, the scalar specification: core/lstm.h as its text says it. Every
// other implementation must have its bits in f32; f64 takes the C library's functions.
#pragma once

#include "core/lstm.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept.
void lstm_gates_forward(const LstmGatesForward& args);
void lstm_output_forward(const LstmOutputForward& args);
void lstm_output_backward(const LstmOutputBackward& args);
void lstm_gates_backward(const LstmGatesBackward& args);

}  // namespace norma::ref

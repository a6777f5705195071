// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A layer of an LSTM over a whole sequence as one node of the graph, with norms where Ba, Kiros and
// Hinton 2016 put them (their equations 20 to 22):
//
//   (f, i, o, g) = N_x(x) + N_h(W_h h) + b;  c' = s(f) c + s(i) tanh(g);  h' = s(o) tanh(N_c(c'))
//
// x is the input's share, W_x times the input at all positions, one product that the caller has
// made. A position costs one product of matrices, by torch, and one pass over the rows, which the
// pool's threads share: norms and gates of core/plan, no node of the graph. The gradient of W_h is
// one product over all positions.
//
// Legend: T positions, B texts, H units, G = 4 H gates f, i, o, g side by side.
#pragma once

#include <torch/torch.h>

#include "core/norm_spec.h"

namespace norma::torch_ops {

// LayerNorm or RMSNorm over rows; there is none where weight is undefined.
struct LstmNorm {
  NormSpec spec;
  torch::Tensor weight, bias;  // bias: may be undefined
};

struct LstmParameters {
  torch::Tensor weight_GH;
  torch::Tensor bias_G;  // may be undefined
  LstmNorm x, h, c;
};

struct LstmOutput {
  torch::Tensor h_TBH, c_BH;  // c: after the last position
};

// All tensors f32, or all f64 (by the scalar reference), on the CPU. Results are contiguous. Bad
// arguments throw c10::Error; first derivatives only. From two texts on the same bits for any
// number of threads (MKL's product with a single row has others).
LstmOutput lstm(const torch::Tensor& x_TBG, const torch::Tensor& h_BH, const torch::Tensor& c_BH,
                const LstmParameters& parameters);

}  // namespace norma::torch_ops

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The two passes of lstm.h over tensors that exist, without a graph. Legend: lstm.h.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "torch_ops/lstm.h"

namespace norma::torch_ops {

// What the forward pass keeps for the backward pass, all contiguous.
struct LstmKept {
  torch::Tensor x_TBG;      // the input's share before its norm; undefined without one
  torch::Tensor r_TBG;      // W_h h before its norm; undefined without one
  torch::Tensor gates_TBG;  // s(f), s(i), s(o), tanh(g)
  torch::Tensor c_TBH;      // T + 1 of them, the first before the first position
  torch::Tensor t_TBH;      // tanh(N_c(c'))
  torch::Tensor statistics_x, statistics_h, statistics_c;  // as functional.cc has them
};

// h_BH and c_BH contiguous. kept null: no backward pass follows, one position's memory serves all.
LstmOutput lstm_forward(const torch::Tensor& x_TBG, const torch::Tensor& h_BH,
                        const torch::Tensor& c_BH, const LstmParameters& p, LstmKept* kept);

struct LstmGradients {
  torch::Tensor x_TBG, h_BH, c_BH, weight_GH, bias_G;
  torch::Tensor weight_x, bias_x, weight_h, bias_h, weight_c, bias_c;  // of the norms
};

// h_TBH is what the forward pass gave; dh_TBH and dc_BH, the gradients of its results, may each be
// undefined. weights: whether gradients of parameters are wanted; else they stay undefined.
LstmGradients lstm_backward(const LstmParameters& p, const LstmKept& kept,
                            const torch::Tensor& h_TBH, const torch::Tensor& h_BH,
                            const torch::Tensor& dh_TBH, const torch::Tensor& dc_BH, bool weights);

}  // namespace norma::torch_ops

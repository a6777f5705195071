// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A layer of a recurrent net, with a norm where Ba, Kiros and Hinton 2016 put it or without. W x is
// the input's share, W h that of the state before; N a norm with its own gain (1 at the start) and
// bias (0); s the logistic function. Their supplement has the names of gain and bias the wrong way
// round.
//
// RNN (their section 3.1):
//   none   h' = tanh(W_x x + W_h h + b)
//   gates  h' = tanh(N(W_x x + W_h h) + b)
// LSTM (Hochreiter and Schmidhuber 1997; their equations 20 to 22):
//   none      (f, i, o, g) = W_x x + W_h h + b;  c' = s(f) c + s(i) tanh(g);  h' = s(o) tanh(c')
//   gates     (f, i, o, g) = N(W_x x) + N(W_h h) + b, each N over all four;  h' = s(o) tanh(N(c'))
//   per_gate  each of f, i, o, g is N(its share of W_x x + W_h h) + b, c' as it is: the cell of
//             TensorFlow (contrib, LayerNormBasicLSTMCell and TFLite)
//   cell      as none, but h' = s(o) tanh(N(c')): their DRAW
// GRU (Cho et al. 2014; their equations 23 to 25):
//   none   (z, r) = W_x x + W_h h + b;  n = tanh(V_x x + s(r) V_h h + b_n);
//          h' = (1 - s(z)) h + s(z) n
//   gates  (z, r) = N(W_x x) + N(W_h h) + b;  n = tanh(N(V_x x) + s(r) N(V_h h) + b_n)
//
// norm "batchnorm" with the LSTM's gates is the batch-normalised LSTM of Cooijmans et al. 2016
// (their equations 6 to 8): N of W_x x and of W_h h without a shift, and each with statistics of
// its own for each position (step_batch_norm.h).
//
// With peepholes (Gers and Schmidhuber 2000; LSTM, none or per_gate) p_i c, p_f c and p_o c' are
// added to the shares of i, f and o, inside N; with a projection (Sak et al. 2014) h' is P h'.
//
// Shapes: T positions, B texts, I inputs, H units, P outputs (H without a projection).
#pragma once

#include <torch/torch.h>

#include <map>
#include <memory>
#include <string>

#include "models/linear.h"
#include "models/step_batch_norm.h"

namespace norma::models {

enum class CellKind { kRnn, kGru, kLstm };

struct CellOptions {
  CellKind kind = CellKind::kLstm;
  int64_t input = 0, hidden = 0;
  std::string placement = "none";  // none | gates | per_gate | cell
  std::string norm = "layernorm";
  double norm_eps = 1e-5;
  int64_t positions = 1;  // batchnorm: for how many there are running statistics
  bool peephole = false;
  int64_t projection = 0;  // 0: none
  bool fused = true;       // where why_composed() has nothing against it
};

struct CellState {
  torch::Tensor h_BP, c_BH;  // c: of the LSTM
  int64_t position = 0;      // how many the state has read
};

// Parameters: x.weight (gates * H, I), h.weight (gates * H, P), bias (gates * H), peephole (3, H)
// for f, i, o, projection.weight (P, H). Gates stand in the order above, n last in the GRU.
class RecurrentCell : public torch::nn::Module {
 public:
  explicit RecurrentCell(const CellOptions& options);

  // All outputs, (T, B, P); the state is read and replaced.
  torch::Tensor forward(const torch::Tensor& x_TBI, CellState* state);
  CellState zero_state(int64_t batch, const torch::TensorOptions& type) const;

  // Not registered here: the model keeps norms apart from matrices. "x", "h", "c", "sum", or the
  // names of gates.
  const std::map<std::string, torch::nn::AnyModule>& norms() const { return norms_; }
  // One forward pass over T positions applies this many, counted by position.
  // How a sequence is computed. "": by torch_ops/lstm.h, one node of the graph for all positions.
  // Else the reason why not, and each operation of each position is a node of its own.
  std::string why_composed() const;
  int64_t norms_per_position() const { return static_cast<int64_t>(norms_.size()); }
  const torch::Tensor& recurrent_weight() const { return h_->weight; }

 private:
  // position: of what batchnorm is asked for.
  torch::Tensor apply(const char* norm, const torch::Tensor& x, int64_t position = 0);
  torch::Tensor normed_input(const torch::Tensor& x_TBG, int64_t position);
  torch::Tensor fused_lstm(const torch::Tensor& x_TBG, CellState* state);
  torch::Tensor rnn_step(const torch::Tensor& x, const torch::Tensor& h);
  torch::Tensor gru_step(const torch::Tensor& x, const torch::Tensor& h);
  torch::Tensor lstm_step(const torch::Tensor& x, CellState* state);

  const CellOptions options_;
  std::shared_ptr<Linear> x_, h_, projection_;
  torch::Tensor bias_, peephole_;
  std::map<std::string, torch::nn::AnyModule> norms_;
};

}  // namespace norma::models

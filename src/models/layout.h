// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Which rows of a residual stream stand for which positions of a batch.
//
// Everything but attention works position by position, so a stream holds the real positions alone,
// one after the other: (N, C), N = B * T without padding. Attention needs sentences side by side:
// pad() lays them out, unpad() takes the rows back.
#pragma once

#include <torch/torch.h>

#include <optional>

namespace norma::models {

struct Layout {
  int64_t batch = 0;     // B
  int64_t length = 0;    // T, the longest
  torch::Tensor rows_N;  // places of the stream's rows among B * T; undefined: all, in order
  // For attention to these positions: 0, or -infinity where there is padding; none: no padding.
  std::optional<torch::Tensor> key_bias_B11T;

  // Every position counts.
  static Layout dense(int64_t batch, int64_t length);
  // Positions of ids_BT other than padding_id; the biases have type `type`.
  static Layout of(const torch::Tensor& ids_BT, int64_t padding_id, torch::ScalarType type);

  // Of a stream (N, ...), the (B, T, ...) with zeros at padding.
  torch::Tensor pad(const torch::Tensor& x) const;
  // Of (B, T, ...), the stream (N, ...). What is at padding gets no gradient.
  torch::Tensor unpad(const torch::Tensor& x_BT) const;
};

}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Multi-head attention (Vaswani et al. 2017, section 3.2), with grouped queries (Ainslie et al.
// 2023) and rotary positions (Su et al. 2021) where asked for.
//
// Shapes: N rows of a stream (layout.h), B sentences, T positions of x, S positions of the memory,
// C width, H heads, D width of a head, E = D / 2 pairs.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>

#include "models/layout.h"
#include "models/linear.h"
#include "models/placement.h"

namespace norma::models {

struct AttentionOptions {
  int64_t d_model = 0;
  int64_t heads = 0;     // divides d_model
  int64_t kv_heads = 0;  // divides heads
  bool bias = true;      // of all four matrices
  int64_t head_width = 0;  // D; 0: d_model / heads
  double scale = 0;        // of query times key; 0: 1 / sqrt(D)
  double softcap = 0;  // c tanh(score / c) is what softmax sees (Gemma 2 2024); 0: the score itself

  int64_t width_of_head() const { return head_width ? head_width : d_model / heads; }
};

// Keys and values of the positions that were already seen, for decoding one token at a time. Not
// copied: two of them would write into the same room.
class KeyValues {
 public:
  KeyValues() = default;
  KeyValues(KeyValues&&) = default;
  KeyValues& operator=(KeyValues&&) = default;

  bool empty() const { return !key_.seen.defined(); }
  int64_t positions() const { return empty() ? 0 : key_.seen.size(2); }
  // (B, H, S, D); undefined: nothing seen. They keep their values whatever is appended.
  const torch::Tensor& key_BHSD() const { return key_.seen; }
  const torch::Tensor& value_BHSD() const { return value_.seen; }

  // Puts T positions behind those seen. Where no gradient is recorded, only what is new is copied.
  void append(const torch::Tensor& key_BHTD, const torch::Tensor& value_BHTD);
  // Row r becomes what row rows[r] was.
  void select_rows(const torch::Tensor& rows);

 private:
  struct Half {
    torch::Tensor seen;
    torch::Tensor room;  // what `seen` is the front of; undefined: there is no more than `seen`

    void append(const torch::Tensor& more);
    void select_rows(const torch::Tensor& rows);
  };
  Half key_, value_;
};

// What one call attends to.
struct AttentionContext {
  Layout layout;                 // of x
  bool causal = false;           // position t sees positions 0..t only
  torch::Tensor turns_TE;  // of the T positions of x; undefined: no rotation
  // What a stack puts in its place in layers with a window; undefined: nothing.
  torch::Tensor local_turns_TE;
  // Causal attention: a position sees itself and the window - 1 before it; 0: all before it.
  int64_t window = 0;
  // Cross-attention: to the memory, a stream (N, C), laid out by memory_layout.
  bool cross = false;
  torch::Tensor memory_NC;
  Layout memory_layout;
  // Self-attention: the new keys are appended, and x is either all of the text so far (nothing
  // seen) or one position. Cross-attention: filled by the first call; the others read it and no
  // memory.
  KeyValues* seen = nullptr;
  // Called with the queries (B, H, T, D) and the keys (B, H, S, D), whose products over sqrt(D) are
  // the scores before soft-capping.
  std::function<void(const torch::Tensor& query, const torch::Tensor& key)> tap;
};

class MultiHeadAttention : public torch::nn::Module {
 public:
  MultiHeadAttention(const AttentionOptions& options, InnerNorms inner);
  torch::Tensor forward(const torch::Tensor& x_NC, const AttentionContext& context) const;

 private:
  torch::Tensor project(const Linear& matrix, const torch::Tensor& x_NC, int64_t heads,
                        const InnerNorms::Function& norm, const Layout& layout) const;
  torch::Tensor attend(const torch::Tensor& query, const torch::Tensor& key_BHSD,
                       const torch::Tensor& value_BHSD, const AttentionContext& context) const;

  const AttentionOptions options_;
  const InnerNorms inner_;
  std::shared_ptr<Linear> q_, k_, v_, o_;
};

// Frequencies of rotary positions: pair i turns by f_i = base^(-2i/D) a position, and longer texts
// than were trained on are made to fit by turning slower. With original_positions 0: f_i / factor
// (Chen et al. 2023). Else as LLaMA 3.1 (Grattafiori et al. 2024) does it: with n the turns that
// pair i makes in original_positions, f_i / factor where n is below low_frequency, f_i where it is
// above high_frequency, and between them a mean, weighted by where n lies.
struct RotaryOptions {
  double base = 10000;  // Su et al. 2021, section 3.3
  double factor = 1;
  double original_positions = 0;
  double low_frequency = 0, high_frequency = 0;
};

// The complex numbers exp(sqrt(-1) position f_i): (positions, E), complex128.
torch::Tensor rotary_turns(int64_t positions, int64_t width, const RotaryOptions& options);
// Rotates the pairs (2i, 2i+1) of the last dimension of x (..., T, D), as complex numbers, by
// turns_TE of x's precision.
torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& turns_TE);

}  // namespace norma::models

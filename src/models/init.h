// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a model's matrices are before training.
//
// Every matrix is normal with mean 0. Its values are a function of (seed, its name, its standard
// deviation) alone: value i is std * z_i, where the z come from a generator seeded by (seed, name).
// So models that differ in norm, placement or depth start from the same numbers wherever names and
// shapes agree, and two inits differ in scale only. Biases are 0. Norms keep the values they are
// made with (gain 1, bias 0).
//
// Standard deviation, d = d_model, a matrix of (out, in):
//   xavier: sqrt(2 / (in + out)) for q, k, v, o and the feed-forward matrices, each on its own
//     (Glorot and Bengio 2010).
//   packed-xavier: attention as torch.nn.MultiheadAttention starts it. q, k and v count as one
//   matrix
//     (out_q + out_k + out_v, d) for Xavier, sqrt(2 / 4d) without grouped queries; o has the
//     deviation of torch.nn.Linear, 1 / sqrt(3d). Feed-forward matrices as in xavier. PyTorch draws
//     from uniform distributions of these deviations; here they are normal, so that only the scale
//     differs from xavier. (torch.nn.Transformer sets o again, as in xavier.)
//   small: q, k, v, o sqrt(2 / 5d) (SmallInit, Nguyen and Salazar 2019, section 2.2); the
//     feed-forward matrices as in xavier.
//   gpt2: 0.02; the matrices that write to the residual stream, o and w2, 0.02 / sqrt(N), N the
//     residual sub-layers of their stack: 2 a block, 3 with cross-attention (Radford et al. 2019,
//     section 2.3).
//   normal: 0.02 (LLaMA, LayerNorm Scaling).
//   truncated: 0.02, values beyond three deviations drawn again (OLMo 2), so that 0.0197 is left.
// Recurrent cells: xavier takes each gate's (d, d) on its own, packed-xavier all gates' (gates * d,
// d) as one; small and gpt2 as above, 0.02 without the division.
// The perceptron: xavier, or 0.02 throughout with gpt2, normal and truncated.
// Embeddings: encoder-decoders 1 / sqrt(d), and the model multiplies them by sqrt(d) (Vaswani et
// al. 2017, section 3.4). Others: 0.02 (learned positions 0.01) with gpt2 as in that paper's code,
// 0.02 with normal and truncated, else 1 / sqrt(d). An output matrix of its own has the deviation
// of the embedding.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "models/config.h"

namespace norma::models {

// Placement::init_scale() of the stack.
using InitScale = std::function<double(std::string_view stack, int64_t layer,
                                       std::string_view sublayer, std::string_view matrix)>;

// REQUIRES: parameter names as model.h lists them, validate(config).ok().
void init_parameters(torch::nn::Module& model, const ModelConfig& config, uint64_t seed,
                     const InitScale& scale);

}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Beam search over any next-token distribution.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "models/decode.h"

namespace norma::models {

// Log-probabilities (R, V) of the token after each of R hypotheses. First call: one hypothesis a
// sentence, `tokens_R` all bos, `parents_R` undefined. Later: hypothesis r is hypothesis
// parents_R[r] of the call before, with tokens_R[r] appended. Both int64.
using NextLogProbs =
    std::function<torch::Tensor(const torch::Tensor& parents_R, const torch::Tensor& tokens_R)>;

// The best hypothesis of each sentence, without bos and eos.
//
// A hypothesis that takes eos is complete and leaves the beam, which gets one narrower (Sutskever
// et al. 2014, section 3.2); a sentence ends when its beam is empty or at max_length tokens. The
// best is the complete one with the highest log-probability / length_penalty_divisor(length), eos
// counted; where none is complete, the best of the beam by the same measure. beam 1 is greedy. A
// token of log-probability -inf is never taken. Throws NotFinite where a log-probability is NaN.
std::vector<std::vector<int32_t>> beam_search(const NextLogProbs& next, int64_t sentences,
                                              const BeamOptions& options);

// ((5 + length) / 6)^alpha (Wu et al. 2016, equation 14).
double length_penalty_divisor(int64_t length, double alpha);

}  // namespace norma::models

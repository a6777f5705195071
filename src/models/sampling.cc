// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "models/not_finite.h"

namespace norma::models {

int32_t sample_token(std::span<const float> logits, double temperature, double top_p,
                     SplitMix64& random) {
  const bool has_nan =
      std::any_of(logits.begin(), logits.end(), [](float logit) { return std::isnan(logit); });
  const auto highest = std::max_element(logits.begin(), logits.end());
  if (has_nan || std::isinf(*highest)) throw NotFinite();
  if (temperature == 0) return static_cast<int32_t>(highest - logits.begin());

  std::vector<double> weight(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    weight[i] = std::exp((static_cast<double>(logits[i]) - *highest) / temperature);
  }
  std::vector<int32_t> tokens(logits.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  if (top_p > 0 && top_p < 1) {
    // Tokens so light that all of them together are half of what is left out, most of a
    // vocabulary: they need no sorting.
    const double least = 0.5 * (1 - top_p) * total / static_cast<double>(weight.size());
    std::erase_if(tokens, [&](int32_t token) { return weight[token] < least; });
    std::stable_sort(tokens.begin(), tokens.end(),
                     [&](int32_t a, int32_t b) { return weight[a] > weight[b]; });
    double kept = 0;
    size_t count = 0;
    while (count < tokens.size() && kept < top_p * total) kept += weight[tokens[count++]];
    tokens.resize(count);
    total = kept;
  }
  const double coin = static_cast<double>(random.next() >> 11) * 0x1p-53 * total;
  double below = 0;
  for (int32_t token : tokens) {
    below += weight[token];
    if (coin < below) return token;
  }
  return tokens.back();
}

}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/llama2c_sampling.h"

#include <algorithm>
#include <cmath>

#include "models/not_finite.h"

namespace norma::models {
namespace {

struct Candidate {
  float p;
  int32_t token;
};

std::vector<float> softmax(std::span<const float> logits, float temperature) {
  std::vector<float> p(logits.begin(), logits.end());
  for (float& x : p) x /= temperature;
  const float highest = *std::max_element(p.begin(), p.end());
  float sum = 0;
  for (float& x : p) {
    x = std::exp(x - highest);
    sum += x;
  }
  for (float& x : p) x /= sum;
  return p;
}

// The first candidate at which the running sum exceeds `coin`; the last one where rounding keeps
// the sum below it.
int32_t draw(const std::vector<Candidate>& candidates, float coin) {
  float sum = 0;
  for (const Candidate& candidate : candidates) {
    sum += candidate.p;
    if (coin < sum) return candidate.token;
  }
  return candidates.back().token;
}

}  // namespace

int32_t sample_token_llama2c(std::span<const float> logits, float temperature, float top_p,
                             XorshiftStar& random) {
  const bool has_nan =
      std::any_of(logits.begin(), logits.end(), [](float logit) { return std::isnan(logit); });
  const auto highest = std::max_element(logits.begin(), logits.end());
  if (has_nan || std::isinf(*highest)) throw NotFinite();
  const auto best = static_cast<int32_t>(highest - logits.begin());
  // A temperature near 0 takes finite logits out of float's range.
  if (temperature == 0 || std::isinf(*highest / temperature)) return best;

  const std::vector<float> p = softmax(logits, temperature);
  const float coin = random.next_float();
  const bool nucleus = top_p > 0 && top_p < 1;
  const float cutoff = nucleus ? (1.0f - top_p) / static_cast<float>(p.size() - 1) : -1.0f;
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] >= cutoff) candidates.push_back({p[i], static_cast<int32_t>(i)});
  }
  if (!nucleus) return draw(candidates, coin);
  // So flat a distribution that none reaches the cutoff, and a top_p below the share of one token.
  if (candidates.empty()) return best;
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.p > b.p; });
  float kept = 0;
  size_t count = 0;
  while (count < candidates.size() && kept <= top_p) kept += candidates[count++].p;
  candidates.resize(count);
  return draw(candidates, coin * kept);
}

}  // namespace norma::models

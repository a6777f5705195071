// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/beam_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/not_finite.h"
#include "text/special_tokens.h"

namespace norma::models {
namespace {

struct Hypothesis {
  std::vector<int32_t> tokens;
  double log_prob = 0;
  int64_t row = 0;  // of the last call of next()
};

struct Search {
  std::vector<Hypothesis> live = {Hypothesis{}};
  int64_t width = 0;  // beam still open
  std::vector<int32_t> best;
  double best_score = -std::numeric_limits<double>::infinity();

  void complete(const Hypothesis& hypothesis, int64_t length, double alpha) {
    const double score = hypothesis.log_prob / length_penalty_divisor(length, alpha);
    if (score > best_score || best_score == -std::numeric_limits<double>::infinity()) {
      best = hypothesis.tokens;
      best_score = score;
    }
  }
};

// Replaces the live hypotheses by the best of their continuations. top_*: (R, k) of next().
void advance(Search& search, const torch::Tensor& top_log_probs, const torch::Tensor& top_tokens,
             double alpha) {
  struct Candidate {
    const Hypothesis* parent;
    int32_t token;
    double log_prob;
  };
  const auto log_probs = top_log_probs.accessor<double, 2>();
  const auto tokens = top_tokens.accessor<int64_t, 2>();
  std::vector<Candidate> candidates;
  for (const Hypothesis& parent : search.live) {
    for (int64_t k = 0; k < log_probs.size(1); ++k) {
      // A beam may be wider than there are possible tokens.
      if (std::isinf(log_probs[parent.row][k])) continue;
      candidates.push_back({&parent, static_cast<int32_t>(tokens[parent.row][k]),
                            parent.log_prob + log_probs[parent.row][k]});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.log_prob > b.log_prob; });
  candidates.resize(std::min(candidates.size(), static_cast<size_t>(search.width)));
  std::vector<Hypothesis> live;
  for (const Candidate& candidate : candidates) {
    Hypothesis hypothesis{candidate.parent->tokens, candidate.log_prob, candidate.parent->row};
    if (candidate.token == text::kEosId) {
      search.complete(hypothesis, static_cast<int64_t>(hypothesis.tokens.size()) + 1, alpha);
      --search.width;
    } else {
      hypothesis.tokens.push_back(candidate.token);
      live.push_back(std::move(hypothesis));
    }
  }
  search.live = std::move(live);
}

}  // namespace

double length_penalty_divisor(int64_t length, double alpha) {
  return std::pow((5.0 + static_cast<double>(length)) / 6.0, alpha);
}

std::vector<std::vector<int32_t>> beam_search(const NextLogProbs& next, int64_t sentences,
                                              const BeamOptions& options) {
  TORCH_CHECK(options.beam >= 1, "[beam_search] beam must be at least 1 but is ", options.beam,
              ".");
  std::vector<Search> searches(sentences);
  for (int64_t s = 0; s < sentences; ++s) {
    searches[s].width = options.beam;
    searches[s].live.front().row = s;
  }
  torch::Tensor parents;
  torch::Tensor tokens = torch::full({sentences}, text::kBosId, torch::kInt64);
  for (int64_t length = 1; length <= options.max_length && tokens.numel() > 0; ++length) {
    const torch::Tensor log_probs = next(parents, tokens).to(torch::kFloat64);
    if (log_probs.isnan().any().item<bool>()) throw NotFinite();
    const auto [values, indices] = log_probs.topk(std::min(options.beam, log_probs.size(1)));
    std::vector<int64_t> parent_rows, last_tokens;
    for (Search& search : searches) {
      if (search.live.empty()) continue;
      advance(search, values, indices, options.length_penalty);
      for (Hypothesis& hypothesis : search.live) {
        parent_rows.push_back(hypothesis.row);
        last_tokens.push_back(hypothesis.tokens.back());
        hypothesis.row = static_cast<int64_t>(parent_rows.size()) - 1;
      }
    }
    parents = torch::tensor(parent_rows, torch::kInt64);
    tokens = torch::tensor(last_tokens, torch::kInt64);
  }
  std::vector<std::vector<int32_t>> outputs;
  for (Search& search : searches) {
    if (search.width == options.beam) {
      for (const Hypothesis& cut : search.live) {
        search.complete(cut, static_cast<int64_t>(cut.tokens.size()), options.length_penalty);
      }
    }
    outputs.push_back(std::move(search.best));
  }
  return outputs;
}

}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/data/encoded.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"

namespace norma::lab {
namespace {

// Streams of the seed: one for the pairs and one for the batches of each epoch.
uint64_t pair_stream(int64_t epoch) { return 2 * static_cast<uint64_t>(epoch); }
uint64_t batch_stream(int64_t epoch) { return 2 * static_cast<uint64_t>(epoch) + 1; }

std::vector<int64_t> permutation(int64_t count, uint64_t seed, uint64_t stream) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  SplitMix64 random(seed, stream);
  shuffle(order, random);
  return order;
}

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

IdMatrix filled(int64_t rows, int64_t cols, int64_t id) {
  return {rows, cols, std::vector<int64_t>(static_cast<size_t>(rows * cols), id)};
}

}  // namespace

std::vector<EncodedPair> encode_pairs(const text::Tokenizer& tokenizer,
                                      const std::vector<Pair>& pairs) {
  std::vector<EncodedPair> encoded;
  encoded.reserve(pairs.size());
  for (const Pair& pair : pairs) {
    encoded.push_back({tokenizer.encode(pair.source), tokenizer.encode(pair.target)});
  }
  return encoded;
}

PairBatch make_batch(const std::vector<EncodedPair>& pairs, const std::vector<int64_t>& indices) {
  size_t longest_source = 0, longest_target = 0;
  for (int64_t i : indices) {
    longest_source = std::max(longest_source, pairs[i].source.size());
    longest_target = std::max(longest_target, pairs[i].target.size());
  }
  const int64_t B = static_cast<int64_t>(indices.size());
  const int64_t S = static_cast<int64_t>(longest_source) + 1;  // eos
  const int64_t T = static_cast<int64_t>(longest_target) + 1;  // bos or eos
  PairBatch batch{filled(B, S, text::kPadId), filled(B, T, text::kPadId), filled(B, T, kIgnoreId)};
  for (int64_t row = 0; row < B; ++row) {
    const auto& [source, target] = pairs[indices[row]];
    int64_t* source_row = &batch.source.ids[row * S];
    int64_t* in_row = &batch.target_in.ids[row * T];
    int64_t* out_row = &batch.target_out.ids[row * T];
    *std::copy(source.begin(), source.end(), source_row) = text::kEosId;
    in_row[0] = text::kBosId;
    std::copy(target.begin(), target.end(), in_row + 1);
    *std::copy(target.begin(), target.end(), out_row) = text::kEosId;
    batch.source_tokens += static_cast<int64_t>(source.size()) + 1;
    batch.target_tokens += static_cast<int64_t>(target.size()) + 1;
  }
  return batch;
}

PairBatcher::PairBatcher(const std::vector<EncodedPair>& pairs, const PairBatcherOptions& options)
    : options_(options) {
  for (const EncodedPair& pair : pairs) {
    lengths_.push_back({pair.target.size() + 1, pair.source.size() + 1});
  }
  if (options_.max_tokens == 0) return;
  // The lengths in order are the same whatever pairs they belong to, and so are the cuts.
  std::vector<std::pair<int32_t, int32_t>> sorted = lengths_;
  std::sort(sorted.begin(), sorted.end());
  int64_t rows = 0;
  int32_t longest_source = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const auto [target, source] = sorted[i];
    const int64_t columns = int64_t{target} + std::max(longest_source, source);
    if (rows > 0 && (rows == options_.batch_size || (rows + 1) * columns > options_.max_tokens)) {
      cuts_.push_back(static_cast<int64_t>(i));
      rows = 0;
      longest_source = 0;
    }
    ++rows;
    longest_source = std::max(longest_source, source);
  }
  cuts_.push_back(static_cast<int64_t>(sorted.size()));
}

void PairBatcher::enter_epoch(int64_t epoch) {
  if (epoch == epoch_) return;
  epoch_ = epoch;
  const int64_t pairs = static_cast<int64_t>(lengths_.size());
  order_ = permutation(pairs, options_.seed, pair_stream(epoch));
  if (options_.max_tokens == 0) return;
  std::stable_sort(order_.begin(), order_.end(),
                   [this](int64_t a, int64_t b) { return lengths_[a] < lengths_[b]; });
  batches_ = permutation(static_cast<int64_t>(cuts_.size()), options_.seed, batch_stream(epoch));
}

std::vector<int64_t> PairBatcher::indices(int64_t step) {
  std::vector<int64_t> batch;
  if (options_.max_tokens > 0) {
    const int64_t steps = static_cast<int64_t>(cuts_.size());
    enter_epoch(step / steps);
    const int64_t b = batches_[step % steps];
    batch.assign(order_.begin() + (b == 0 ? 0 : cuts_[b - 1]), order_.begin() + cuts_[b]);
    return batch;
  }
  const int64_t pairs = static_cast<int64_t>(lengths_.size());
  for (int64_t i = 0; i < options_.batch_size; ++i) {
    const int64_t position = step * options_.batch_size + i;
    enter_epoch(position / pairs);
    batch.push_back(order_[position % pairs]);
  }
  return batch;
}

int64_t PairBatcher::steps_for_epochs(int64_t epochs) const {
  if (options_.max_tokens > 0) return epochs * static_cast<int64_t>(cuts_.size());
  return ceil_div(epochs * static_cast<int64_t>(lengths_.size()), options_.batch_size);
}

std::vector<std::vector<int64_t>> evaluation_batches(const std::vector<EncodedPair>& pairs,
                                                     int64_t batch_size) {
  std::vector<int64_t> order(pairs.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return pairs[a].target.size() > pairs[b].target.size();
  });
  std::vector<std::vector<int64_t>> batches;
  for (size_t i = 0; i < order.size(); i += static_cast<size_t>(batch_size)) {
    const size_t end = std::min(order.size(), i + static_cast<size_t>(batch_size));
    batches.emplace_back(order.begin() + i, order.begin() + end);
  }
  return batches;
}

}  // namespace norma::lab

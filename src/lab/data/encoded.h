// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Sentence pairs as token ids, cut into padded batches. The batch of a step is a function of
// (pairs, options, step) only: every run with the same seed sees the same data in the same order,
// and a resumed run needs no state but its step.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "lab/data/pairs.h"
#include "text/bpe.h"

namespace norma::lab {

// Without bos, eos and padding.
struct EncodedPair {
  std::vector<int32_t> source;
  std::vector<int32_t> target;
};

std::vector<EncodedPair> encode_pairs(const text::Tokenizer& tokenizer,
                                      const std::vector<Pair>& pairs);

// Dense row-major (rows, cols); int64 as torch's embedding and cross_entropy want it.
struct IdMatrix {
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<int64_t> ids;
};

// What cross_entropy leaves out (its ignore_index).
constexpr int64_t kIgnoreId = -100;

// Row r is one pair; S and T are the longest of the batch.
struct PairBatch {
  IdMatrix source;      // (B, S): tokens, eos, then kPadId
  IdMatrix target_in;   // (B, T): bos, tokens, then kPadId
  IdMatrix target_out;  // (B, T): tokens, eos, then kIgnoreId
  int64_t source_tokens = 0;  // not padding; eos included
  int64_t target_tokens = 0;  // entries of target_out that count in the loss
};

// REQUIRES: every index in [0, pairs.size()).
PairBatch make_batch(const std::vector<EncodedPair>& pairs, const std::vector<int64_t>& indices);

struct PairBatcherOptions {
  uint64_t seed = 1;
  int64_t batch_size = 32;  // pairs
  // 0: batches of exactly batch_size pairs in random order. Else pairs of like length are put
  // together, and a batch has as many (at most batch_size) as keep B * (S + T), eos and bos
  // included, at or below this; one pair always fits.
  int64_t max_tokens = 0;
};

// Training batches without end, a fresh permutation each epoch. Fixed-size batches are cut from the
// endless row of permutations, so that every pair comes once an epoch and one batch may close an
// epoch and open the next; batches by tokens are whole within an epoch and come in random order.
// Keeps the epoch it is in: one thread at a time.
class PairBatcher {
 public:
  // REQUIRES: pairs not empty, batch_size >= 1, max_tokens >= 0. Keeps lengths only, not the pairs.
  PairBatcher(const std::vector<EncodedPair>& pairs, const PairBatcherOptions& options);

  // Indices of the pairs of training step `step` >= 0. Any order of steps may be asked for;
  // ascending is fast.
  std::vector<int64_t> indices(int64_t step);
  // Steps after which every pair has been seen `epochs` times at least.
  int64_t steps_for_epochs(int64_t epochs) const;

 private:
  void enter_epoch(int64_t epoch);

  PairBatcherOptions options_;
  std::vector<std::pair<int32_t, int32_t>> lengths_;  // (target, source)
  std::vector<int64_t> cuts_;      // by tokens: ends of the batches in the order by length
  int64_t epoch_ = -1;             // whose order the next two hold
  std::vector<int64_t> order_;     // pairs
  std::vector<int64_t> batches_;   // by tokens: order of the batches
};

// For evaluation: every pair once, longest target first, batch_size a batch.
std::vector<std::vector<int64_t>> evaluation_batches(const std::vector<EncodedPair>& pairs,
                                                     int64_t batch_size);

}  // namespace norma::lab

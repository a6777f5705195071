// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Running text for language models: a UTF-8 file (the King James Bible of scripts/data, or the
// user's own) as one stream of tokens, cut into windows. As with pairs, the batch of a step is a
// function of (stream, options, step) only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/data/encoded.h"

namespace norma::lab {

struct TextOptions {
  int64_t valid_percent = 10;  // 1..50: the end of the text, held out
  int64_t min_bytes = 1000;    // less text than this is an error
};

struct TextSplit {
  std::string train;
  std::string valid;
};

// The last valid_percent of the bytes, from the next line start on (or the next character, where no
// line starts there), are the valid part. A tokenizer's encode() makes the stream of either; line
// ends are tokens of their own in both kinds. Errors as load_pairs(): no such file, empty or too
// short, not UTF-8 (line and byte).
Result<TextSplit> load_text(const std::string& path, const TextOptions& options = {});

struct WindowBatcherOptions {
  uint64_t seed = 1;
  int64_t batch_size = 32;  // B, windows
  int64_t length = 128;     // T, tokens predicted a window
};

// Training windows without end: an epoch cuts the stream into windows of T + 1 tokens that overlap
// by one, from an offset in [0, T) drawn for the epoch, and shuffles them. A batch never straddles
// epochs; windows that fill no batch are left out of the epoch. Keeps the epoch it is in: one
// thread at a time.
class WindowBatcher {
 public:
  // Error where the stream has fewer than (B + 1) * T tokens: it names the numbers and what to
  // lower.
  static Result<WindowBatcher> create(const std::vector<int32_t>& stream,
                                      const WindowBatcherOptions& options);

  // (B, T + 1): columns [0, T) are the input, [1, T + 1) what is to be predicted. `stream` as given
  // to create().
  IdMatrix batch(const std::vector<int32_t>& stream, int64_t step);
  int64_t steps_for_epochs(int64_t epochs) const;

 private:
  WindowBatcherOptions options_;
  int64_t windows_ = 0;  // an epoch
  int64_t epoch_ = -1;   // whose offset and order the next two hold
  int64_t offset_ = 0;
  std::vector<int64_t> order_;
};

// For evaluation: the stream cut into windows without overlap of predictions, in order, B a batch
// (the last may be smaller), at most `max_batches` (0: all). The rest of the stream that fills no
// window is left out.
std::vector<IdMatrix> evaluation_windows(const std::vector<int32_t>& stream, int64_t batch_size,
                                         int64_t length, int64_t max_batches = 0);

}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/data/language.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "lab/data/text_file.h"

namespace norma::lab {
namespace {

void append_window(IdMatrix& matrix, const std::vector<int32_t>& stream, int64_t start) {
  const auto begin = stream.begin() + start;
  matrix.ids.insert(matrix.ids.end(), begin, begin + matrix.cols);
  ++matrix.rows;
}

}  // namespace

Result<TextSplit> load_text(const std::string& path, const TextOptions& options) {
  if (options.valid_percent < 1 || options.valid_percent > 50) {
    return invalid_argument("[load_text] valid_percent must be 1..50 but is " +
                            std::to_string(options.valid_percent) + ".");
  }
  Result<std::string> file = read_text_file(path);
  if (!file.ok()) return file.status();
  std::string& text = file.value();
  if (static_cast<int64_t>(text.size()) < options.min_bytes) {
    return invalid_argument(path + " is too short: " + std::to_string(text.size()) +
                            " of at least " + std::to_string(options.min_bytes) + " bytes. Give " +
                            "a longer text.");
  }
  size_t cut = text.size() / 100 * static_cast<size_t>(100 - options.valid_percent) +
               text.size() % 100 * static_cast<size_t>(100 - options.valid_percent) / 100;
  const size_t line_end = text.find('\n', cut);
  if (line_end != std::string::npos && line_end + 1 < text.size()) {
    cut = line_end + 1;
  } else {
    while (cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) ++cut;
  }
  TextSplit split;
  split.valid = text.substr(cut);
  text.resize(cut);
  split.train = std::move(text);
  return split;
}

Result<WindowBatcher> WindowBatcher::create(const std::vector<int32_t>& stream,
                                            const WindowBatcherOptions& options) {
  if (options.batch_size < 1 || options.length < 1) {
    return invalid_argument("[windows] batch_size and length must be at least 1 but are " +
                            std::to_string(options.batch_size) + " and " +
                            std::to_string(options.length) + ".");
  }
  WindowBatcher batcher;
  batcher.options_ = options;
  // Windows that fit whatever the offset of the epoch.
  batcher.windows_ = static_cast<int64_t>(stream.size()) / options.length - 1;
  if (batcher.windows_ < options.batch_size) {
    return invalid_argument("[windows] the training text has " + std::to_string(stream.size()) +
                            " tokens, too few for a batch of " +
                            std::to_string(options.batch_size) + " windows of " +
                            std::to_string(options.length) +
                            ". Lower the batch size or the length, or give more text.");
  }
  return batcher;
}

IdMatrix WindowBatcher::batch(const std::vector<int32_t>& stream, int64_t step) {
  const int64_t steps = windows_ / options_.batch_size;
  const int64_t epoch = step / steps;
  if (epoch != epoch_) {
    epoch_ = epoch;
    SplitMix64 random(options_.seed, static_cast<uint64_t>(epoch));
    offset_ = static_cast<int64_t>(random.below(static_cast<uint64_t>(options_.length)));
    order_.resize(static_cast<size_t>(windows_));
    std::iota(order_.begin(), order_.end(), int64_t{0});
    shuffle(order_, random);
  }
  IdMatrix windows{0, options_.length + 1, {}};
  const int64_t first = step % steps * options_.batch_size;
  for (int64_t i = first; i < first + options_.batch_size; ++i) {
    append_window(windows, stream, offset_ + order_[i] * options_.length);
  }
  return windows;
}

int64_t WindowBatcher::steps_for_epochs(int64_t epochs) const {
  return epochs * (windows_ / options_.batch_size);
}

std::vector<IdMatrix> evaluation_windows(const std::vector<int32_t>& stream, int64_t batch_size,
                                         int64_t length, int64_t max_batches) {
  std::vector<IdMatrix> batches;
  const int64_t size = static_cast<int64_t>(stream.size());
  for (int64_t start = 0; start + length + 1 <= size; start += length) {
    if (batches.empty() || batches.back().rows == batch_size) {
      if (max_batches > 0 && static_cast<int64_t>(batches.size()) == max_batches) break;
      batches.push_back({0, length + 1, {}});
    }
    append_window(batches.back(), stream, start);
  }
  return batches;
}

}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Greedy generation at batch 1, what llama2.c does: a LLaMA with random weights continues a text,
// token by token. All peers read one file of llama2.c's version 1 (weights/llama2c.h), which lies
// in memory, and must find the same tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/harness/model_contest.h"

namespace norma::bench::generation {

struct Sizes {
  int64_t dim = 0, hidden_dim = 0, layers = 0, heads = 0, kv_heads = 0, vocab_size = 0,
          positions = 0;
  int64_t tokens = 0;  // of a run, which begins with one more, bos
};

// Of a file without a name, for this process and its children; gone with this object.
class WeightsFile {
 public:
  // Throws std::runtime_error where there is no memory for it.
  WeightsFile(const Sizes& sizes, uint64_t seed);
  ~WeightsFile();
  WeightsFile(const WeightsFile&) = delete;
  WeightsFile& operator=(const WeightsFile&) = delete;

  std::string path() const;       // while this process lives
  int64_t weight_bytes() const { return weight_bytes_; }

 private:
  int fd_ = -1;
  int64_t weight_bytes_ = 0;
};

// What all peers of a contest share. norma is the first to run.
struct Problem {
  Problem(const Sizes& problem_sizes, uint64_t seed) : sizes(problem_sizes), file(sizes, seed) {}

  const Sizes sizes;
  const WeightsFile file;
  std::vector<int32_t> ids;  // norma's, once they are found to be right
};
using SharedProblem = std::shared_ptr<Problem>;

// models::generate, as the program runs it. Its tokens are checked against one pass over the whole
// text, without a cache.
std::unique_ptr<ModelPeer> make_norma(SharedProblem problem);
// PyTorch in Python (peer.py), eager, in a process of its own; none where Python has no torch.
std::unique_ptr<ModelPeer> make_torch(SharedProblem problem, const ModelRun& run);
// The yardstick: every weight read once a token, by torch's sum.
std::unique_ptr<ModelPeer> make_read(SharedProblem problem);

ModelContest contest(const std::string& task, const std::string& size, const Sizes& sizes,
                     uint64_t seed);

}  // namespace norma::bench::generation

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Parameters filled from the tensors of a folder of transformers.
#pragma once

#include <torch/torch.h>

#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "weights/hugging_face.h"

namespace norma::models {

// Where a parameter lies and how it differs from ours.
struct HuggingFaceTensor {
  std::string name;
  bool transposed = false;  // (in, out), as Conv1D of GPT-2 has it
  // One of several parameters that lie behind one another along the rows of ours.
  int64_t part = 0, parts = 1;
  // Rows of each of `heads` heads go from (first halves, second halves), which transformers
  // rotates, to the pairs that attention.h rotates; 0: they stay.
  int64_t heads = 0;
  bool plus_one = false;  // Gemma's norms multiply by 1 + weight
};

class HuggingFaceTensors {
 public:
  explicit HuggingFaceTensors(const weights::HuggingFaceFolder& folder) : folder_(folder) {}

  // float32 weights that stay as they are lie in the mapped file and are not copied. kDataLoss
  // names a tensor that is missing, of another shape, or of a type other than F32, BF16 and F16.
  Status fill(const HuggingFaceTensor& from, torch::Tensor& parameter);
  bool has(const std::string& name) const { return folder_.tensors().count(name) > 0; }
  // kDataLoss where a parameter of (rows, cols) cannot lie there: a model is made before its
  // tensors are read, and a few hostile bytes of config.json must not ask for all memory there is.
  Status check(const HuggingFaceTensor& from, int64_t rows, int64_t cols) const;
  // Tensors whose names begin so may be there and are not read.
  void ignore_below(const std::string& prefix) { ignored_.push_back(prefix); }
  // kDataLoss names a tensor that was not filled in: it would be part of another model. Old files
  // carry tables of the rotation, numbers of positions, and GPT-2's triangle of who sees whom.
  Status expect_no_more() const;

 private:
  // The name, or the one without "transformer." in front, with which GPT-2's first files come.
  std::string name_of(const HuggingFaceTensor& from) const;
  Status damaged(const std::string& name, const std::string& what) const;

  const weights::HuggingFaceFolder& folder_;
  torch::Tensor scratch_;  // one for all, or their holes would stay between the weights
  std::set<std::string> used_;
  std::vector<std::string> ignored_;
};

}  // namespace norma::models

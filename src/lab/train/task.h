// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What is learned: training batches by step, and the batches that are looked at without learning;
// the same for sentence pairs and running text.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "lab/data/pairs.h"
#include "lab/recipes/recipe.h"
#include "models/model.h"
#include "text/bpe.h"

namespace norma::lab {

struct CountedBatch {
  models::Batch batch;
  int64_t tokens = 0;  // positions that count in the loss
};

struct Task {
  explicit Task(text::Tokenizer vocabulary) : tokenizer(std::move(vocabulary)) {}

  text::Tokenizer tokenizer;
  bool pairs = true;  // else running text
  std::string data_name, data_sha256;
  int64_t train_items = 0, valid_items = 0;  // pairs, or tokens of text
  std::function<CountedBatch(int64_t step)> train_batch;  // step from 0; the same in every run
  std::vector<CountedBatch> valid;
  std::vector<CountedBatch> train_sample;  // of the training split, as many items as `valid`
  std::vector<Pair> valid_pairs;           // for translation; empty for text
  std::vector<int64_t> train_counts;       // by token: how often it is to be predicted
};

// data.name is a known set below `data_root`, or a path.
Result<Task> load_task(const TrainRecipe& recipe, const std::string& data_root);

// Validation loss of word frequencies alone, nats a token: the training split's counts plus one.
double unigram_loss(const Task& task);

// Rows of token ids, each ended with eos, padded.
torch::Tensor source_tensor(const std::vector<std::vector<int32_t>>& rows);

}  // namespace norma::lab

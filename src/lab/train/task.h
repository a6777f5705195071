// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What is learned: training batches by step, and the batches that are looked at without learning;
// the same for sentence pairs, running text and pictures.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "lab/data/catalogue.h"
#include "lab/data/pairs.h"
#include "lab/recipes/recipe.h"
#include "models/model.h"
#include "text/bpe.h"

namespace norma::lab {

struct CountedBatch {
  models::Batch batch;
  int64_t tokens = 0;  // positions that count in the loss; of pictures, how many there are
};

struct Task {
  Task() : kind(DataKind::kImages) {}
  explicit Task(text::Tokenizer vocabulary)
      : tokenizer(std::move(vocabulary)), outputs(tokenizer->vocab_size()) {}

  DataKind kind = DataKind::kPairs;
  std::optional<text::Tokenizer> tokenizer;  // none for pictures
  int64_t outputs = 0;   // what is told apart: tokens, or classes
  int64_t features = 0;  // of a picture
  std::string data_name, data_sha256;
  int64_t train_items = 0, valid_items = 0;  // pairs, tokens of text, or pictures
  std::function<CountedBatch(int64_t step)> train_batch;  // step from 0; the same in every run
  std::vector<CountedBatch> valid;
  std::vector<CountedBatch> train_sample;  // of the training split, as many items as `valid`
  std::vector<Pair> valid_pairs;           // for translation; empty for text
  std::vector<int64_t> train_counts;       // by token or class: how often it is to be predicted
};

// data.name is a known set below `data_root`, or a path.
Result<Task> load_task(const TrainRecipe& recipe, const std::string& data_root);

// The recipe's model with the sizes that its data decide.
models::ModelConfig model_config(const TrainRecipe& recipe, const Task& task);

// Validation loss of the frequencies of words or classes alone, nats a token or picture: the
// training split's counts plus one.
double unigram_loss(const Task& task);

// Rows of token ids, each ended with eos, padded.
torch::Tensor source_tensor(const std::vector<std::vector<int32_t>>& rows);

}  // namespace norma::lab

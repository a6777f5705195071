// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How good a model is on text that it is not learning from.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lab/train/task.h"
#include "models/model.h"

namespace norma::lab {

struct Evaluation {
  double loss = 0;                 // mean cross-entropy, nats a token or picture
  std::optional<double> accuracy;  // of pictures: the share that is told right
};
// Without dropout and label smoothing. Leaves the model's mode as it was.
Evaluation evaluate(models::Model& model, const std::vector<CountedBatch>& batches);
inline double mean_loss(models::Model& model, const std::vector<CountedBatch>& batches) {
  return evaluate(model, batches).loss;
}

struct Translation {
  std::string source, reference, hypothesis;
};
struct Translations {
  double bleu = 0;
  std::vector<Translation> samples;
};
// Of `options.sentences` held-out pairs, evenly spaced. kInterrupted where `stop` says so.
Result<Translations> translate_held_out(models::Model& model, const Task& task,
                                        const BleuRecipe& options,
                                        const std::function<bool()>& stop);

// Text for each source line, in their order. REQUIRES: valid UTF-8.
std::vector<std::string> translate_lines(models::Model& model, const text::Tokenizer& tokenizer,
                                         const std::vector<std::string>& lines,
                                         const BleuRecipe& options);

}  // namespace norma::lab

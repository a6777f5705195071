// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a run is, as data: TOML files (recipes/*.toml, config.toml of a run folder) plus flags that
// override them. Reading is strict: an unknown key, a wrong type or a value out of range is an
// error that names file, line, key and the nearest known one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "models/config.h"

namespace norma::lab {

struct DataRecipe {
  // A known data set, or the path of a TSV or text file or of a folder of pictures.
  std::string name = "en-de";
  int64_t min_words = 1;            // pairs: words a side
  int64_t max_words = 0;            // pairs: 0 is no limit
  int64_t valid_percent = 5;
  std::string tokenizer = "bpe";    // bpe | characters
  int64_t vocab_size = 1000;        // bpe: entries, special tokens included
  int64_t window = 128;             // text: tokens predicted a row of a batch
};

struct TrainingRecipe {
  std::string optimizer = "adam";     // adam (Kingma, Ba 2015) | adamw (Loshchilov, Hutter 2019)
  double lr = 1e-3;                   // the highest of the schedule
  std::string schedule = "constant";  // constant | inverse-sqrt | cosine, each after the warm-up
  int64_t warmup_steps = 0;           // linear from 0
  int64_t steps = 300;
  int64_t batch_size = 32;            // pairs, windows or pictures; the limit where max_tokens > 0
  int64_t max_tokens = 0;             // pairs: batches by padded tokens; 0 is by batch_size
  double beta1 = 0.9;
  double beta2 = 0.98;
  double adam_eps = 1e-9;
  double weight_decay = 0.0;          // adam: L2 in the gradient; adamw: decoupled
  double clip = 0.0;                  // largest norm of the whole gradient; 0 is no clipping
  double label_smoothing = 0.0;
  int64_t threads = 1;
  int64_t log_every = 10;
  int64_t valid_every = 100;
  int64_t valid_batches = 0;          // at most so many a look at held-out data; 0 is all
  int64_t checkpoint_every = 100;
  int64_t seed = 1;                   // of initial weights, data order and dropout
};

struct BleuRecipe {
  int64_t sentences = 0;        // first so many held-out pairs are translated at the end; 0 is none
  int64_t beam = 1;             // 1 is greedy
  double length_penalty = 0.6;
  int64_t max_length = 64;      // target tokens
  int64_t samples = 10;         // of them, kept in the summary
};

struct TrainRecipe {
  std::string name;  // of the run; may be empty
  DataRecipe data;
  models::ModelConfig model;  // its vocab_size and inputs are set from the data
  TrainingRecipe train;
  BleuRecipe bleu;
};

// One key of a recipe: a row of the table from which reading, writing, flags and range checks are
// made.
struct Field {
  const char* section;
  const char* key;
  std::variant<std::string*, int64_t*, double*, bool*> value;  // into the recipe
  const char* help;
  double low = 0, high = 0;          // numbers, both ends allowed
  std::vector<std::string> choices = {};  // strings; empty: any

  std::string flag() const;  // "--warmup-steps"
};
// Valid as long as `recipe` stays where it is.
std::vector<Field> fields_of(TrainRecipe& recipe);
// A value as text, as in TOML but without quotes; `where` begins the error.
Status set_from_text(const Field& field, const std::string& text, const std::string& where);
std::string text_of(const Field& field);
// Adds the value that `field` holds to an axis; an error, begun by `where`, if it is there already.
Status add_to_axis(const Field& field, const std::string& where, std::vector<std::string>* values);

// The keys along which a comparison's members may differ, in the order in which members are listed.
const std::vector<std::string>& axis_keys();
using Axes = std::map<std::string, std::vector<std::string>>;  // key -> values as text

struct CompareRecipe {
  TrainRecipe base;
  Axes axes;                         // an axis that is absent has the one value of `base`
  std::vector<Axes> configurations;  // each overrides axes; empty: the one product of all axes
  int64_t jobs = 2;                  // members that train side by side
  bool probe = true;
  bool timing = true;
  std::string note;                  // printed and reported beside BLEU
};

// Choices and ranges that involve more than one key; see models::validate for the model's.
Status validate(const TrainRecipe& recipe);

// A recipe with a [compare] section is refused by the first, and read by the second.
Result<TrainRecipe> read_train_recipe(const std::string& path);
Result<CompareRecipe> read_compare_recipe(const std::string& path);

// Every key, defaults too; reading it back gives the same recipe.
std::string to_toml(const TrainRecipe& recipe);
std::string to_toml(const CompareRecipe& recipe);

// "post-layernorm-warmup0-lr0.003-xavier-seed1"; members that differ in batch size end in it,
// "-batch4".
std::string run_name(const TrainRecipe& recipe);
// The runs of a comparison, named, in the order of configurations and axes, without repetitions.
Result<std::vector<TrainRecipe>> members_of(const CompareRecipe& recipe);

}  // namespace norma::lab

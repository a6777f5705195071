// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The table of keys, and values as text.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/nearest.h"
#include "lab/recipes/recipe.h"
#include "models/norm_info.h"
#include "models/placement_info.h"

namespace norma::lab {
namespace {

constexpr double kMany = 1e9;

std::string number_text(double value) { return fmt::format("{}", value); }

template <typename Number>
bool parse_number(const std::string& text, Number* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

std::string with_dashes(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return key;
}

void add_data(DataRecipe& d, std::vector<Field>& f) {
  f.push_back({"data", "name", &d.name,
               "Known data set, or path of a TSV or text file or a folder of pictures"});
  f.push_back({"data", "min_words", &d.min_words, "Pairs: fewest words a side", 1, kMany});
  f.push_back({"data", "max_words", &d.max_words, "Pairs: most words a side (0: any)", 0, kMany});
  f.push_back({"data", "valid_percent", &d.valid_percent, "Share that is held out", 1, 50});
  f.push_back({"data", "tokenizer", &d.tokenizer, "Tokens of text", 0, 0, {"bpe", "characters"}});
  f.push_back({"data", "vocab_size", &d.vocab_size, "BPE: entries of the vocabulary", 8, 1e6});
  f.push_back({"data", "window", &d.window, "Text: tokens predicted a row of a batch", 1, 1e6});
}

void add_model(models::ModelConfig& m, std::vector<Field>& f) {
  f.push_back({"model", "family", &m.family, "Architecture", 0, 0, models::known_families()});
  f.push_back({"model", "norm", &m.norm, "Normalization", 0, 0, models::known_norms()});
  f.push_back({"model", "placement", &m.placement, "Where norms stand", 0, 0,
               models::known_placements()});
  f.push_back({"model", "qk_norm", &m.qk_norm, "Queries and keys normalised before rotation", 0, 0,
               models::known_qk_norms()});
  f.push_back({"model", "init", &m.init, "Initial weights", 0, 0, models::known_inits()});
  f.push_back({"model", "d_model", &m.d_model, "Width of the residual stream or of hidden layers",
               1, 1e6});
  f.push_back({"model", "heads", &m.heads, "Attention heads", 1, 1e4});
  f.push_back({"model", "kv_heads", &m.kv_heads, "Key and value heads (0: as heads)", 0, 1e4});
  f.push_back({"model", "ffn", &m.ffn, "Width inside the feed-forward network", 1, 1e6});
  f.push_back({"model", "encoder_layers", &m.encoder_layers, "Blocks of the encoder", 0, 1e4});
  f.push_back({"model", "decoder_layers", &m.decoder_layers,
               "Blocks of the decoder; hidden layers of mlp", 1, 1e4});
  f.push_back({"model", "max_length", &m.max_length, "Most positions", 1, 1e6});
  f.push_back({"model", "dropout", &m.dropout, "Dropout probability", 0, 0.99});
  f.push_back({"model", "norm_eps", &m.norm_eps, "Epsilon inside the norm's root", 0, 1});
  f.push_back({"model", "tie_embeddings", &m.tie_embeddings, "Output matrix is the embedding"});
}

void add_training(TrainingRecipe& t, std::vector<Field>& f) {
  f.push_back({"train", "optimizer", &t.optimizer, "Optimizer", 0, 0, {"adam", "adamw"}});
  f.push_back({"train", "lr", &t.lr, "Learning rate, the highest of the schedule", 0, 1e3});
  f.push_back({"train", "schedule", &t.schedule, "Learning rate after the warm-up", 0, 0,
               {"constant", "inverse-sqrt", "cosine"}});
  f.push_back({"train", "warmup_steps", &t.warmup_steps, "Linear warm-up", 0, kMany});
  f.push_back({"train", "steps", &t.steps, "Optimizer steps", 1, kMany});
  f.push_back({"train", "batch_size", &t.batch_size, "Pairs, windows or pictures a step", 1, 1e6});
  f.push_back({"train", "max_tokens", &t.max_tokens, "Pairs: batches by tokens (0: by pairs)", 0,
               1e7});
  f.push_back({"train", "beta1", &t.beta1, "Adam: decay of the first moment", 0, 0.999999});
  f.push_back({"train", "beta2", &t.beta2, "Adam: decay of the second moment", 0, 0.999999});
  f.push_back({"train", "adam_eps", &t.adam_eps, "Adam: epsilon beside the root", 0, 1});
  f.push_back({"train", "weight_decay", &t.weight_decay, "Weight decay", 0, 1e3});
  f.push_back({"train", "clip", &t.clip, "Largest gradient norm (0: no clipping)", 0, 1e9});
  f.push_back({"train", "label_smoothing", &t.label_smoothing, "Label smoothing", 0, 0.99});
  f.push_back({"train", "threads", &t.threads, "Threads of one run", 1, 1024});
  f.push_back({"train", "log_every", &t.log_every, "Steps between lines of metrics", 1, kMany});
  f.push_back({"train", "valid_every", &t.valid_every, "Steps between validations", 1, kMany});
  f.push_back({"train", "valid_batches", &t.valid_batches, "Most batches a validation (0: all)", 0,
               kMany});
  f.push_back({"train", "checkpoint_every", &t.checkpoint_every, "Steps between checkpoints", 1,
               kMany});
  f.push_back({"train", "seed", &t.seed, "Seed of weights, data order and dropout", 0, 1e15});
}

void add_bleu(BleuRecipe& b, std::vector<Field>& f) {
  f.push_back({"bleu", "sentences", &b.sentences, "Held-out sentences to translate", 0, kMany});
  f.push_back({"bleu", "beam", &b.beam, "Beam width (1: greedy)", 1, 1000});
  f.push_back({"bleu", "length_penalty", &b.length_penalty, "Exponent of length", 0, 10});
  f.push_back({"bleu", "max_length", &b.max_length, "Most tokens of a translation", 1, 1e5});
  f.push_back({"bleu", "samples", &b.samples, "Translations kept in the summary", 0, 1000});
}

Status out_of_range(const Field& field, const std::string& text, const std::string& where) {
  return invalid_argument(fmt::format("{}{} must be {} to {} but is {}.", where, field.key,
                                      number_text(field.low), number_text(field.high), text));
}

Status wrong_type(const Field& field, const char* type, const std::string& text,
                  const std::string& where) {
  return invalid_argument(
      fmt::format("{}{} must be {} but is \"{}\".", where, field.key, type, text));
}

}  // namespace

std::string Field::flag() const {
  if (std::strcmp(section, "data") == 0 && std::strcmp(key, "name") == 0) return "--data";
  const bool bleu = std::strcmp(section, "bleu") == 0;
  return (bleu ? "--bleu-" : "--") + with_dashes(key);
}

std::vector<Field> fields_of(TrainRecipe& recipe) {
  std::vector<Field> fields;
  add_data(recipe.data, fields);
  add_model(recipe.model, fields);
  add_training(recipe.train, fields);
  add_bleu(recipe.bleu, fields);
  return fields;
}

Status set_from_text(const Field& field, const std::string& text, const std::string& where) {
  if (auto* const* string = std::get_if<std::string*>(&field.value)) {
    const auto& choices = field.choices;
    if (!choices.empty() &&
        std::find(choices.begin(), choices.end(), text) == choices.end()) {
      const std::string_view key = field.key;
      return invalid_argument(where + (key == "placement" ? models::unknown_placement(text)
                                       : key == "norm"    ? models::unknown_norm(text)
                                                          : unknown_name(key, text, choices)));
    }
    if (text.empty()) return wrong_type(field, "a name", text, where);
    **string = text;
  } else if (auto* const* boolean = std::get_if<bool*>(&field.value)) {
    if (text != "true" && text != "false") return wrong_type(field, "true or false", text, where);
    **boolean = text == "true";
  } else if (auto* const* integer = std::get_if<int64_t*>(&field.value)) {
    int64_t value = 0;
    if (!parse_number(text, &value)) return wrong_type(field, "a whole number", text, where);
    const double as_double = static_cast<double>(value);
    if (as_double < field.low || as_double > field.high) return out_of_range(field, text, where);
    **integer = value;
  } else {
    double value = 0;
    if (!parse_number(text, &value)) return wrong_type(field, "a number", text, where);
    if (!(value >= field.low && value <= field.high)) return out_of_range(field, text, where);
    *std::get<double*>(field.value) = value;
  }
  return Status();
}

std::string text_of(const Field& field) {
  if (auto* const* string = std::get_if<std::string*>(&field.value)) return **string;
  if (auto* const* boolean = std::get_if<bool*>(&field.value)) return **boolean ? "true" : "false";
  if (auto* const* integer = std::get_if<int64_t*>(&field.value)) return std::to_string(**integer);
  return number_text(*std::get<double*>(field.value));
}

Status add_to_axis(const Field& field, const std::string& where, std::vector<std::string>* values) {
  const std::string text = text_of(field);
  if (std::find(values->begin(), values->end(), text) != values->end()) {
    return invalid_argument(
        fmt::format("{}{} must name each value once but has {} twice.", where, field.key, text));
  }
  values->push_back(text);
  return Status();
}

const std::vector<std::string>& axis_keys() {
  static const std::vector<std::string> keys = {"placement", "norm",         "init", "batch_size",
                                                "lr",        "warmup_steps", "seed"};
  return keys;
}

}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A model that continues a text, from whatever file it comes: a checkpoint of the lab, or real
// weights with their tokenizer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "models/model.h"
#include "text/codec.h"

namespace norma::lab {

struct PromptIds {
  std::vector<int32_t> start;  // stands before the text and is no part of it: bos, or a line feed
  std::vector<int32_t> text;
};

struct LanguageModel {
  std::string path;  // of the weights
  std::shared_ptr<models::Model> model;
  // REQUIRES valid UTF-8. An error is one of the user's prompt.
  std::function<Result<PromptIds>(const std::string& prompt)> encode;
  // Given the ids of start and text, says what each adds to the text.
  std::function<text::NextText()> decoder;
  std::vector<int32_t> never, ends;  // as in models::SampleOptions
  // The text ends with the model's positions, as llama2.c's does; else it goes on beyond them.
  bool ends_with_positions = false;
  std::string if_not_finite;  // what to do where its outputs are nan
};

// `path` is a checkpoint, the folder of a run, a folder of transformers (with a config.json), or a
// model of llama2.c: a name that ends in .bin, or a file that begins as version 1 does. `tokenizer`
// is the path of a tok*.bin or a tokenizer.json, or empty: the one beside the model.
// kInvalidArgument where the two do not go together. option: whose text encode() is given.
Result<LanguageModel> load_language_model(const std::string& path, const std::string& tokenizer,
                                          const std::string& option = "--prompt");

// The same without its tokenizer, encoder-decoders of the lab too.
Result<std::shared_ptr<models::Model>> load_any_model(const std::string& path);

}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/load/language_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "lab/train/run_folder.h"
#include "models/hugging_face_encoder.h"
#include "models/llama2c.h"
#include "text/codec.h"
#include "text/sentencepiece_bpe.h"
#include "text/utf8.h"
#include "weights/hugging_face.h"
#include "weights/llama2c.h"

namespace norma::lab {
namespace {

namespace fs = std::filesystem;
using text::SentencePieceBpe;

// `"é" (U+00E9)`; only the number of what a terminal would not show as a sign.
std::string described(std::string_view character) {
  const char32_t point = text::code_point(character);
  const std::string number = fmt::format("U+{:04X}", static_cast<uint32_t>(point));
  const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
  return control ? number : fmt::format("\"{}\" ({})", character, number);
}

// A token the model has not learned would stand for such characters, and the text would go on from
// another prompt than the user's.
Status check_characters(const std::string& option, const std::string& prompt, int32_t unknown_id,
                        const std::string& remedy,
                        const std::function<std::vector<int32_t>(std::string_view)>& encode) {
  constexpr size_t kNamed = 8;
  std::set<std::string_view> unknown;
  std::string names;
  for (std::string_view rest = prompt; !rest.empty();) {
    const std::string_view character = rest.substr(0, text::character_length(rest));
    rest.remove_prefix(character.size());
    const std::vector<int32_t> ids = encode(character);
    if (std::find(ids.begin(), ids.end(), unknown_id) == ids.end()) continue;
    if (!unknown.insert(character).second || unknown.size() > kNamed) continue;
    names += (names.empty() ? "" : ", ") + described(character);
  }
  if (unknown.empty()) return {};
  if (unknown.size() > kNamed) names += fmt::format(" and {} more", unknown.size() - kNamed);
  return invalid_argument(option + " has characters that the model's vocabulary lacks: " + names +
                          ". " + remedy);
}

Result<PromptIds> encode_for_lab(const text::Tokenizer& tokenizer, const std::string& option,
                                 const std::string& prompt) {
  NORMA_RETURN_IF_ERROR(check_characters(
      option, prompt, text::kUnkId, "Leave them out, or train on a text that has them.",
      [&](std::string_view c) { return tokenizer.encode(c); }));
  PromptIds ids;
  if (prompt.empty()) {
    // Text that was trained on has no bos: an empty prompt starts with a line of its own.
    ids.start = tokenizer.encode("\n");
    if (ids.start.empty()) ids.start.push_back(text::kUnkId);
    return ids;
  }
  ids.text = tokenizer.encode(prompt);
  if (!ids.text.empty()) return ids;
  return invalid_argument(
      option +
      " has nothing but spaces, which the model's vocabulary does "
      "not keep. Give it a word, or leave it out.");
}

Result<LanguageModel> load_from_lab(const std::string& path, const std::string& tokenizer_path,
                                    const std::string& option) {
  Result<TrainedModel> trained = load_model(path);
  if (!trained.ok()) return trained.status();
  if (trained.value().model->config().family == "bert") {
    return Status(StatusCode::kUnsupported, path + " fills in hidden tokens and cannot continue a "
                                                   "text. Give a gpt, a llama or a recurrent net.");
  }
  if (!trained.value().tokenizer) {
    return Status(StatusCode::kUnsupported, path + " tells pictures apart and cannot continue a "
                                                   "text. Give a gpt, a llama or a recurrent net.");
  }
  if (trained.value().model->config().family == "encdec") {
    return Status(StatusCode::kUnsupported,
                  path + " translates and cannot continue a text; use norma translate.");
  }
  if (!tokenizer_path.empty()) {
    return invalid_argument(path + " has its vocabulary in itself; leave --tokenizer out.");
  }
  LanguageModel result;
  result.path = path;
  result.model = trained.value().model;
  const text::Tokenizer tokenizer = *trained.value().tokenizer;
  result.encode = [tokenizer, option](const std::string& prompt) {
    return encode_for_lab(tokenizer, option, prompt);
  };
  result.decoder = [tokenizer] { return text::decoder_of(tokenizer); };
  result.never = {text::kPadId, text::kBosId};
  result.ends = {text::kEosId};
  result.if_not_finite = "Train again with a lower --lr or with --warmup-steps.";
  return result;
}

// Real weights, whose file is `path`.
Result<LanguageModel> with_tokenizer(const std::string& path, std::shared_ptr<models::Model> model,
                                     std::string tokenizer_path, int32_t bos,
                                     std::vector<int32_t> ends, const std::string& option) {
  const int64_t vocab_size = model->config().vocab_size;
  if (tokenizer_path.empty()) {
    Result<std::string> found = find_tokenizer(path, vocab_size);
    if (!found.ok()) return found.status();
    tokenizer_path = found.value();
  }
  const Result<text::Codec> read = text::read_codec(tokenizer_path, vocab_size, bos);
  if (!read.ok()) return read.status();
  const text::Codec codec = read.value();
  LanguageModel result;
  result.path = path;
  result.model = std::move(model);
  result.encode = [codec, bos, option](const std::string& prompt) -> Result<PromptIds> {
    if (codec.unk) {
      NORMA_RETURN_IF_ERROR(
          check_characters(option, prompt, *codec.unk, "Leave them out.", codec.encode));
    }
    PromptIds ids{codec.start.value_or(std::vector<int32_t>{bos}), codec.encode(prompt)};
    // Something must be read before a text can go on.
    if (ids.start.empty() && ids.text.empty()) ids.start = {bos};
    return ids;
  };
  result.decoder = codec.decoder;
  result.ends = std::move(ends);
  result.ends_with_positions = true;
  result.if_not_finite = "Use another copy.";
  return result;
}

std::vector<int32_t> llama2c_ends() {
  return {SentencePieceBpe::kBosId, SentencePieceBpe::kEosId};
}

std::string config_of(const std::string& folder) {
  return (fs::path(folder) / "config.json").string();
}

bool is_llama2c(const std::string& path) {
  if (path.ends_with(".bin")) return true;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;
  char head[4] = {};
  std::ifstream(path, std::ios::binary).read(head, sizeof head);
  return weights::has_llama2c_magic({head, sizeof head});
}

// What is no model, in words that say what to give instead. What is one, or a run's folder, is ok.
Status check_is_model(const std::string& path) {
  const fs::path given(path), parent = given.parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  std::error_code ignored;
  if (fs::is_regular_file(given, ignored)) {
    if (given.extension() == ".json") {
      return Status(StatusCode::kUnsupported,
                    path + " describes a model and is none. Give its folder, " + folder + ".");
    }
    const bool weights = given.extension() == ".safetensors" &&
                         given.filename() != "checkpoint.safetensors" &&
                         weights::is_hugging_face_folder(folder);
    return weights ? Status(StatusCode::kUnsupported,
                            path + " has the weights of a folder of transformers alone. Give the "
                                   "folder, " + folder + ".")
                   : Status();
  }
  if (!fs::is_directory(given, ignored) || weights::is_hugging_face_folder(path)) return {};
  std::string models;
  for (const auto& entry : fs::directory_iterator(given, ignored)) {
    const std::string name = entry.path().filename().string();
    // Of a run, or of a comparison's runs: they have words of their own.
    if (name == "checkpoint.safetensors" || name == "config.toml" || name == "members" ||
        name == "summary.json") {
      return {};
    }
    const bool other = name.starts_with("tok") || name.starts_with("pytorch_model");
    if (name.ends_with(".bin") && !other) models += " " + entry.path().string();
  }
  return Status(StatusCode::kNotFound,
                path + " has no model: neither the checkpoint.safetensors of a run nor the "
                       "config.json and model.safetensors of transformers. " +
                    (models.empty() ? "Give a folder that has, or a .bin of llama2.c."
                                    : "Give a file in it:" + models + "."));
}

Result<LanguageModel> load_from_llama2c(const std::string& path, const std::string& tokenizer,
                                        const std::string& option) {
  const auto loaded = models::load_llama2c(path);
  if (!loaded.ok()) return loaded.status();
  return with_tokenizer(path, loaded.value(), tokenizer, SentencePieceBpe::kBosId, llama2c_ends(),
                        option);
}

Result<LanguageModel> load_from_hugging_face(const std::string& folder,
                                             const std::string& tokenizer,
                                             const std::string& option) {
  const auto loaded = models::load_hugging_face(folder);
  if (!loaded.ok()) return loaded.status();
  const models::HuggingFaceModel& model = loaded.value();
  return with_tokenizer(config_of(folder), model.model, tokenizer, model.bos, model.ends, option);
}

}  // namespace

Result<std::string> find_tokenizer(const std::string& model, int64_t vocab_size) {
  const fs::path parent = fs::path(model).parent_path();
  const fs::path folder = parent.empty() ? fs::path(".") : parent;
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name == fmt::format("tok{}.bin", vocab_size)) return (parent / name).string();
    if (name.starts_with("tok") && name.ends_with(".bin")) found.push_back(name);
  }
  if (found.size() == 1) return (parent / found.front()).string();
  if (found.empty() && fs::exists(folder / "tokenizer.json", ignored)) {
    return (parent / "tokenizer.json").string();
  }
  std::sort(found.begin(), found.end());
  std::string list;
  for (const std::string& name : found) list += (list.empty() ? "" : ", ") + name;
  return Status(StatusCode::kNotFound,
                found.empty()
                    ? fmt::format("there is no tok*.bin or tokenizer.json beside {}. Give one with "
                                  "--tokenizer.", model)
                    : fmt::format("beside {} are {}. Say which with --tokenizer.", model, list));
}

Result<AnyModel> load_any_model(const std::string& path) {
  NORMA_RETURN_IF_ERROR(check_is_model(path));
  AnyModel any;
  if (models::is_hugging_face_encoder(path)) {
    const auto loaded = models::load_hugging_face_encoder(path);
    if (!loaded.ok()) return loaded.status();
    any.model = loaded.value().model;
    return any;
  }
  const bool folder = fs::is_directory(path);
  if (weights::is_hugging_face_folder(path)) {
    const auto loaded = models::load_hugging_face(path);
    if (!loaded.ok()) return loaded.status();
    any.real = loaded.value();
    any.weights = config_of(path);
  } else if (!folder && is_llama2c(path)) {
    const auto loaded = models::load_llama2c(path);
    if (!loaded.ok()) return loaded.status();
    any.real = {loaded.value(), SentencePieceBpe::kBosId, llama2c_ends()};
    any.weights = path;
  } else {
    const auto loaded =
        load_model(folder ? join_path(path, "checkpoint.safetensors") : path);
    if (!loaded.ok()) return loaded.status();
    any.trained = loaded.value();
  }
  any.model = any.trained ? any.trained->model : any.real->model;
  return any;
}

Result<LanguageModel> load_language_model(const std::string& path, const std::string& tokenizer,
                                          const std::string& option) {
  NORMA_RETURN_IF_ERROR(check_is_model(path));
  if (models::is_hugging_face_encoder(path)) {
    return Status(StatusCode::kUnsupported, path + " is an encoder and cannot continue a text; use "
                                                   "norma embed.");
  }
  if (weights::is_hugging_face_folder(path)) return load_from_hugging_face(path, tokenizer, option);
  if (fs::is_directory(path)) {
    return load_from_lab(join_path(path, "checkpoint.safetensors"), tokenizer, option);
  }
  return is_llama2c(path) ? load_from_llama2c(path, tokenizer, option)
                          : load_from_lab(path, tokenizer, option);
}

}  // namespace norma::lab

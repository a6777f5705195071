// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "cli/sentence_encoder.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/mapped_file.h"
#include "json/json.h"
#include "lab/load/language_model.h"
#include "models/hugging_face_encoder.h"
#include "text/tokenizer_json.h"
#include "weights/hugging_face.h"

namespace norma::cli {
namespace {

namespace fs = std::filesystem;
using models::Pooling;
using nlohmann::json;

Status damaged(const std::string& path, const std::string& what) {
  return Status(StatusCode::kDataLoss, path + ": " + what + ". Use another copy.");
}
Status unsupported(const std::string& path, const std::string& what) {
  return Status(StatusCode::kUnsupported, path + ": " + what + ". Say --pooling yourself.");
}

// null where there is no such file.
Result<json> read_json(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return json();
  const auto file = MappedFile::open(path, "file of sentence-transformers");
  if (!file.ok()) return file.status();
  const Result<json> parsed = text::parse_json_document(file.value()->bytes());
  return parsed.ok() ? parsed : damaged(path, parsed.status().message());
}

// Flags since the first version, or the name of one way.
Status read_pooling(const std::string& path, Pooling* pooling) {
  const Result<json> read = read_json(path);
  if (!read.ok()) return read.status();
  std::string mode;
  int modes = 0;
  if (const json& name = json_at(read.value(), "pooling_mode"); name.is_string()) {
    mode = name.get<std::string>();
    modes = 1;
  }
  const json config = read.value().is_object() ? read.value() : json::object();
  for (const auto& [key, value] : config.items()) {
    constexpr std::string_view kFlag = "pooling_mode_";
    if (!key.starts_with(kFlag) || value != true) continue;
    mode = key.substr(kFlag.size());
    ++modes;
  }
  if (modes == 0) return damaged(path, "it names no way of pooling");
  if (modes == 1 && (mode == "cls_token" || mode == "cls")) {
    *pooling = Pooling::kCls;
  } else if (modes == 1 && (mode == "mean_tokens" || mode == "mean")) {
    *pooling = Pooling::kMean;
  } else {
    return unsupported(path, "its pooling must be mean or cls alone but is " +
                                 (modes > 1 ? "of several ways" : json_shown(mode)));
  }
  return {};
}

Status read_modules(const std::string& folder, SentenceEncoder* encoder) {
  const std::string path = folder + "/modules.json";
  const Result<json> modules = read_json(path);
  if (!modules.ok()) return modules.status();
  if (modules.value().is_null()) return {};
  if (!modules.value().is_array()) return damaged(path, "it is no list of modules");
  for (const json& module : modules.value()) {
    const json& type = json_at(module, "type");
    const json& place = json_at(module, "path");
    const std::string name = type.is_string() ? type.get<std::string>() : "";
    const std::string kind = name.substr(name.rfind('.') + 1);
    if (kind == "Transformer") continue;
    if (kind == "Normalize") {
      encoder->normalize = true;
    } else if (kind == "Pooling" && place.is_string() &&
               place.get<std::string>().find("..") == std::string::npos) {
      NORMA_RETURN_IF_ERROR(read_pooling(
          folder + "/" + place.get<std::string>() + "/config.json", &encoder->pooling));
    } else {
      return Status(StatusCode::kUnsupported,
                    path + ": its module " + json_shown(type) +
                        " has no counterpart here. Use a model without it.");
    }
  }
  const std::string limits = folder + "/sentence_bert_config.json";
  const Result<json> limit = read_json(limits);
  if (!limit.ok()) return limit.status();
  const json& most = json_at(limit.value(), "max_seq_length");
  if (most.is_null()) return {};
  if (!most.is_number_integer() || most < 1) {
    return damaged(limits, "max_seq_length must be a positive whole number but is " +
                               json_shown(most));
  }
  if (most < encoder->most_tokens) encoder->most_tokens = most.get<int64_t>();
  return {};
}

Result<SentenceEncoder> load_from_transformers(const std::string& folder,
                                              const std::string& tokenizer) {
  auto loaded = models::load_hugging_face_encoder(folder);
  if (!loaded.ok()) return loaded.status();
  SentenceEncoder encoder;
  encoder.model = loaded.value().model;
  encoder.most_tokens = encoder.model->config().max_length;
  std::string path = tokenizer;
  if (path.empty()) {
    std::error_code ignored;
    path = folder + "/tokenizer.json";
    if (!fs::exists(path, ignored)) path = folder + "/vocab.txt";
    if (!fs::exists(path, ignored)) {
      return Status(StatusCode::kNotFound,
                    "there is no tokenizer.json or vocab.txt in " + folder +
                        ". Give one with --tokenizer.");
    }
  }
  Result<text::Codec> codec = text::read_codec(path, encoder.model->config().vocab_size, 0);
  if (!codec.ok()) return codec.status();
  encoder.codec = std::move(codec.value());
  NORMA_RETURN_IF_ERROR(read_modules(folder, &encoder));
  return encoder;
}

// A checkpoint of the lab, which has its vocabulary in itself and no tokens around a sentence.
Result<SentenceEncoder> load_from_lab(const std::string& path, const std::string& tokenizer) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return Status(StatusCode::kNotFound,
                  path + " is not there. Give the folder of a BERT of transformers, with its "
                         "config.json, or of a run that trained one.");
  }
  const Result<lab::AnyModel> any = lab::load_any_model(path);
  if (!any.ok()) return any.status();
  SentenceEncoder encoder;
  encoder.model = std::dynamic_pointer_cast<models::EncoderOnly>(any.value().model);
  if (encoder.model == nullptr) {
    return Status(StatusCode::kUnsupported,
                  path + " is a " + any.value().model->config().family +
                      " and makes no vectors of sentences. Give a bert.");
  }
  if (!tokenizer.empty()) {
    return invalid_argument(path + " has its vocabulary in itself; leave --tokenizer out.");
  }
  encoder.most_tokens = encoder.model->config().max_length;
  encoder.codec.encode = [own = *any.value().trained->tokenizer](std::string_view sentence) {
    std::vector<int32_t> ids = own.encode(sentence);
    // What is nothing to the vocabulary is a line of its own.
    if (ids.empty()) ids = own.encode("\n");
    if (ids.empty()) ids.push_back(text::kUnkId);
    return ids;
  };
  return encoder;
}

}  // namespace

const std::vector<std::string>& known_poolings() {
  static const std::vector<std::string> names = {"mean", "cls", "pooler", "none"};
  return names;
}

std::optional<Pooling> pooling_of(const std::string& name) {
  constexpr Pooling kPoolings[] = {Pooling::kMean, Pooling::kCls, Pooling::kPooler, Pooling::kNone};
  for (size_t i = 0; i < known_poolings().size(); ++i) {
    if (known_poolings()[i] == name) return kPoolings[i];
  }
  return std::nullopt;
}

Result<Embedding> SentenceEncoder::embed(const std::string& sentence) const {
  std::vector<int32_t> ids = codec.encode(sentence);
  const auto around = static_cast<int64_t>(codec.before.size() + codec.after.size());
  if (around >= most_tokens) {
    return Status(StatusCode::kUnsupported,
                  fmt::format("the model reads {} tokens, too few for a sentence.", most_tokens));
  }
  Embedding result;
  const auto most = static_cast<size_t>(most_tokens - around);
  if (ids.size() > most) {
    result.cut = static_cast<int64_t>(ids.size() - most);
    ids.resize(most);
  }
  ids.insert(ids.begin(), codec.before.begin(), codec.before.end());
  ids.insert(ids.end(), codec.after.begin(), codec.after.end());
  result.tokens = static_cast<int64_t>(ids.size());

  const c10::InferenceMode inference;
  const std::vector<int64_t> wide(ids.begin(), ids.end());
  const torch::Tensor ids_BT = torch::tensor(wide, torch::kInt64).unsqueeze(0);
  const auto layout = models::Layout::dense(1, result.tokens);
  result.value = model->pool(model->encode(ids_BT, layout), layout, pooling)[0];
  if (normalize) {
    // As torch.nn.functional.normalize.
    result.value = result.value / result.value.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
  }
  return result;
}

Result<SentenceEncoder> load_sentence_encoder(const std::string& path,
                                              const std::string& tokenizer) {
  return weights::is_hugging_face_folder(path) ? load_from_transformers(path, tokenizer)
                                               : load_from_lab(path, tokenizer);
}

}  // namespace norma::cli

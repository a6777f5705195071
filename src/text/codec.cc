// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/codec.h"

#include "base/mapped_file.h"
#include "text/added_tokens.h"
#include "text/byte_level_bpe.h"
#include "text/sentencepiece_bpe.h"
#include "text/tokenizer_json.h"
#include "text/word_piece.h"

namespace norma::text {
namespace {

template <typename Tokenizer>
Codec codec_of(const Tokenizer& tokenizer) {
  Codec codec;
  codec.encode = [tokenizer](std::string_view text) { return tokenizer.encode(text); };
  codec.decoder = [tokenizer] { return decoder_of(tokenizer); };
  return codec;
}

Result<Codec> of_sentencepiece(const Result<SentencePieceBpe>& parsed) {
  if (!parsed.ok()) return parsed.status();
  Codec codec = codec_of(parsed.value());
  if (!parsed.value().has_byte_fallback()) codec.unk = parsed.value().unk();
  return codec;
}

Result<Codec> of_word_piece(const Result<WordPiece>& parsed) {
  if (!parsed.ok()) return parsed.status();
  Codec codec = codec_of(parsed.value());
  if (parsed.value().cls() < 0 || parsed.value().sep() < 0) {
    return Status(StatusCode::kDataLoss, "it has no tokens [CLS] and [SEP]");
  }
  codec.before = {parsed.value().cls()};
  codec.after = {parsed.value().sep()};
  return codec;
}

// Of the model whose vocabulary `path` is.
bool is_lower_case(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const auto file = MappedFile::open(folder + "tokenizer_config.json", "tokenizer");
  if (!file.ok()) return true;
  const Result<nlohmann::json> config = parse_json_document(file.value()->bytes());
  return !config.ok() || json_at(config.value(), "do_lower_case") != false;
}

Result<Codec> parse_json_bpe(const nlohmann::json& root, int64_t vocab_size, int32_t bos) {
  const auto steps = json_parts(json_at(root, "pre_tokenizer"), "pretokenizers");
  if (steps.empty() || json_at(steps.back(), "type") != "ByteLevel") {
    return of_sentencepiece(SentencePieceBpe::from_json(root, vocab_size, bos));
  }
  const Result<ByteLevelBpe> parsed = ByteLevelBpe::from_json(root, vocab_size);
  if (!parsed.ok()) return parsed.status();
  return codec_of(parsed.value());
}

Result<Codec> parse_json_codec(std::string_view bytes, int64_t vocab_size, int32_t bos) {
  const Result<nlohmann::json> root = parse_tokenizer_json(bytes);
  if (!root.ok()) return root.status();
  const Result<std::optional<JsonFrame>> frame = read_json_frame(root.value(), vocab_size);
  if (!frame.ok()) return frame.status();
  if (json_at(json_at(root.value(), "model"), "type") == "WordPiece") {
    Result<Codec> codec = of_word_piece(WordPiece::from_json(root.value(), vocab_size));
    if (codec.ok() && frame.value()) {
      codec.value().before = frame.value()->before;
      codec.value().after = frame.value()->after;
    }
    return codec;
  }
  Result<Codec> bpe = parse_json_bpe(root.value(), vocab_size, bos);
  if (!bpe.ok()) return bpe;
  Codec& codec = bpe.value();
  if (frame.value()) codec.start = frame.value()->before;
  Result<JsonTokens> tokens = read_json_tokens(root.value(), vocab_size);
  if (!tokens.ok()) return tokens.status();
  const AddedTokens added(std::move(tokens.value().spelt));
  if (!added.empty()) {
    codec.encode = [added, plain = codec.encode](std::string_view text) {
      return added.encode(text, plain);
    };
  }
  return bpe;
}

}  // namespace

Result<Codec> parse_codec(CodecFile kind, std::string_view bytes, int64_t vocab_size, int32_t bos,
                          bool lower_case) {
  switch (kind) {
    case CodecFile::kJson:
      return parse_json_codec(bytes, vocab_size, bos);
    case CodecFile::kVocabulary:
      return of_word_piece(WordPiece::from_vocabulary(bytes, vocab_size, lower_case));
    case CodecFile::kLlama2c:
      break;
  }
  return of_sentencepiece(SentencePieceBpe::parse_llama2c(bytes, vocab_size));
}

Result<Codec> read_codec(const std::string& path, int64_t vocab_size, int32_t bos) {
  const auto file = MappedFile::open(path, "tokenizer (tok*.bin, tokenizer.json, vocab.txt)");
  if (!file.ok()) return file.status();
  const CodecFile kind = path.ends_with(".json")  ? CodecFile::kJson
                         : path.ends_with(".txt") ? CodecFile::kVocabulary
                                                  : CodecFile::kLlama2c;
  const bool lower_case = kind != CodecFile::kVocabulary || is_lower_case(path);
  const Result<Codec> codec =
      parse_codec(kind, file.value()->bytes(), vocab_size, bos, lower_case);
  if (codec.ok()) return codec;
  return Status(codec.status().code(), path + " is no tokenizer of this model: " +
                                           codec.status().message() +
                                           ". Use the one that the model was trained with.");
}

}  // namespace norma::text

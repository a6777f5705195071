// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The tokenizer of real weights, of whichever kind its file is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace norma::text {

// Given the ids of a text one after the other, says what each adds to it.
using NextText = std::function<std::string(int32_t id)>;

// Of a tokenizer with decode_next().
template <typename Tokenizer>
NextText decoder_of(const Tokenizer& tokenizer) {
  return [tokenizer, at = typename Tokenizer::Decoding()](int32_t id) mutable {
    std::string text;
    tokenizer.decode_next(id, &at, &text);
    return text;
  };
}

struct Codec {
  std::function<std::vector<int32_t>(std::string_view text)> encode;  // without bos and eos
  std::function<NextText()> decoder;  // a new text each time
  std::optional<int32_t> unk;  // where there are characters that it does not know
  // What an encoder reads before and after a text: [CLS] and [SEP] unless the file says otherwise.
  std::vector<int32_t> before, after;
  // What a text of BPE begins with, where the file says it, be it nothing.
  std::optional<std::vector<int32_t>> start;
};

enum class CodecFile {
  kLlama2c,     // tok*.bin
  kJson,        // tokenizer.json with BPE, over characters with byte fallback, as SentencePiece, or
                // over bytes; or with WordPiece
  kVocabulary,  // vocab.txt, WordPiece's
};

// The bytes of such a file. `bos` is the id that starts a text of BPE; lower_case is of a
// kVocabulary, which does not say it. Errors do not name the file.
Result<Codec> parse_codec(CodecFile kind, std::string_view bytes, int64_t vocab_size, int32_t bos,
                          bool lower_case = true);

// The kind is told by the name: .json, .txt, or else llama2.c's. A .txt is in lower case unless a
// tokenizer_config.json beside it says otherwise. Messages name the file.
Result<Codec> read_codec(const std::string& path, int64_t vocab_size, int32_t bos);

}  // namespace norma::text

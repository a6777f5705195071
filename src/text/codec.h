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

struct Codec {
  std::function<std::vector<int32_t>(std::string_view text)> encode;  // without bos and eos
  std::function<std::string(const std::vector<int32_t>& ids)> decode;
  std::optional<int32_t> unk;  // where there are characters that it does not know
  // What an encoder reads before and after a text: [CLS], [SEP].
  std::vector<int32_t> before, after;
};

// A tok*.bin of llama2.c, or, where the name ends in .json, a tokenizer.json with BPE: over
// characters with byte fallback, as SentencePiece's, or over bytes; or with WordPiece; or, where it
// ends in .txt, WordPiece's vocabulary, in lower case unless a tokenizer_config.json beside it says
// otherwise. `bos` is the id that starts a text of BPE. Messages name the file.
Result<Codec> read_codec(const std::string& path, int64_t vocab_size, int32_t bos);

}  // namespace norma::text

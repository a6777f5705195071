// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Tokens that a text spells out: wherever their characters stand, they are one token, and what is
// between them is cut by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace norma::text {

class AddedTokens {
 public:
  using Encode = std::function<std::vector<int32_t>(std::string_view text)>;

  // Texts that are not empty, and their ids.
  explicit AddedTokens(std::vector<std::pair<std::string, int32_t>> tokens);

  bool empty() const { return tokens_.empty(); }
  // The leftmost first, and of those that begin at the same place the longest. plain: what the rest
  // is cut by, part by part.
  std::vector<int32_t> encode(std::string_view text, const Encode& plain) const;

 private:
  // Of the token that begins at the start of the text; null where none does.
  const std::pair<std::string, int32_t>* at_start(std::string_view text) const;

  std::vector<std::pair<std::string, int32_t>> tokens_;  // by first byte, the longest first
  std::vector<size_t> begins_;                           // of each first byte in tokens_
};

}  // namespace norma::text

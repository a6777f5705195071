// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/added_tokens.h"

#include <algorithm>

namespace norma::text {
namespace {

size_t first_byte(std::string_view text) { return static_cast<unsigned char>(text[0]); }

}  // namespace

AddedTokens::AddedTokens(std::vector<std::pair<std::string, int32_t>> tokens)
    : tokens_(std::move(tokens)), begins_(257) {
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const auto& a, const auto& b) {
    const size_t first_a = first_byte(a.first), first_b = first_byte(b.first);
    return first_a != first_b ? first_a < first_b : a.first.size() > b.first.size();
  });
  for (const auto& token : tokens_) ++begins_[first_byte(token.first) + 1];
  for (size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
}

const std::pair<std::string, int32_t>* AddedTokens::at_start(std::string_view text) const {
  const size_t byte = first_byte(text);
  for (size_t i = begins_[byte]; i < begins_[byte + 1]; ++i) {
    if (text.starts_with(tokens_[i].first)) return &tokens_[i];
  }
  return nullptr;
}

std::vector<int32_t> AddedTokens::encode(std::string_view text, const Encode& plain) const {
  std::vector<int32_t> ids;
  const auto add = [&](std::string_view part) {
    if (part.empty()) return;
    const std::vector<int32_t> cut = plain(part);
    ids.insert(ids.end(), cut.begin(), cut.end());
  };
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const auto* token = at_start(text.substr(at));
    if (token == nullptr) {
      ++at;
      continue;
    }
    add(text.substr(begin, at - begin));
    ids.push_back(token->second);
    begin = at += token->first.size();
  }
  add(text.substr(begin));
  return ids;
}

}  // namespace norma::text

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What SentencePieceBpe works from, whatever file it was in.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/bpe_trainer.h"
#include "text/merge_pairs.h"

namespace norma::text {

struct SentencePieceVocabulary {
  enum class Kind : uint8_t { kText, kSpecial, kByte };
  enum class Prefix { kSpace, kSpaceUnlessThere, kNone };  // before a text
  static constexpr int32_t kNone = -1;

  std::vector<std::string> tokens;  // by id, as they are shown
  std::vector<Kind> kinds;          // as many
  std::unordered_map<std::string, int32_t> ids;  // of kText
  std::array<int32_t, 256> bytes = no_bytes();   // ids of kByte; all of them or none
  int32_t unk = 0, bos = 1;
  bool fuse_unk = false;    // unknown characters side by side are one token
  bool marks_space = false;  // U+2581 in a text is a space
  Prefix prefix = Prefix::kSpace;
  // Which pairs join: those in `merges`, or, where it is empty, those whose joined text is a token
  // with a score.
  std::unordered_map<uint64_t, PairMerge> merges;  // by pair_key()
  std::vector<float> scores;                       // by id

  static constexpr std::array<int32_t, 256> no_bytes() {
    std::array<int32_t, 256> none{};
    none.fill(kNone);
    return none;
  }
  bool has_bytes() const { return bytes[0] != kNone; }
  int32_t id_of(const std::string& text) const {
    const auto found = ids.find(text);
    return found == ids.end() ? kNone : found->second;
  }
  PairMerge merge_of(int32_t first, int32_t second) const {
    if (merges.empty()) {
      if (kinds[first] != Kind::kText || kinds[second] != Kind::kText) return {};
      const int32_t id = id_of(tokens[first] + tokens[second]);
      return id == kNone ? PairMerge() : PairMerge{id, scores[id]};
    }
    const auto found = merges.find(pair_key({first, second}));
    return found == merges.end() ? PairMerge() : found->second;
  }
  // Finds the byte tokens among kText ones that are spelt <0xNN>; fills `ids`.
  void finish();
};

}  // namespace norma::text

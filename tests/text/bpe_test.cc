// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Truth: the algorithm as Sennrich et al. print it, recounting everything at each merge, on tokens
// that are strings; and merges worked out by hand.

#include "text/bpe.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "text/utf8.h"

namespace norma::text {
namespace {

using Strings = std::vector<std::string>;

// Ids of the naive learner below are those that bpe.h promises; the mark is "\xFF".
struct NaiveBpe {
  Strings tokens;
  std::map<std::string, int> ids;
  std::vector<std::pair<int, int>> merges;

  int add(const std::string& token) {
    if (ids.emplace(token, static_cast<int>(tokens.size())).second) tokens.push_back(token);
    return ids[token];
  }

  std::vector<int> characters_of(std::string_view word) const {
    std::vector<int> symbols;
    for (size_t i = 0; i < word.size();) {
      const size_t n = character_length(word.substr(i));
      const auto found = ids.find(std::string(word.substr(i, n)));
      symbols.push_back(found == ids.end() ? kUnkId : found->second);
      i += n;
    }
    symbols.push_back(kSpecialTokens);
    return symbols;
  }

  static void merge_at(std::vector<int>& symbols, size_t i, int symbol) {
    symbols[i] = symbol;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }

  void train(const Strings& lines, size_t vocab_size) {
    std::set<std::string> alphabet;
    std::map<std::string, int> words;
    for (const std::string& line : lines) {
      for (std::string_view word : split_words(line)) ++words[std::string(word)];
      for (size_t i = 0; i < line.size();) {
        const size_t n = character_length(std::string_view(line).substr(i));
        const std::string c = line.substr(i, n);
        if (c == "\n" || !is_ascii_space(c[0])) alphabet.insert(c);
        i += n;
      }
    }
    tokens.assign(kSpecialTokens, "");
    add("\xFF");
    for (const std::string& c : alphabet) add(c);
    std::vector<std::pair<std::vector<int>, int>> corpus;
    for (const auto& [word, count] : words) corpus.push_back({characters_of(word), count});
    while (tokens.size() < vocab_size) {
      std::map<std::pair<int, int>, int> counts;
      for (const auto& [symbols, count] : corpus) {
        for (size_t i = 0; i + 1 < symbols.size(); ++i) {
          counts[{symbols[i], symbols[i + 1]}] += count;
        }
      }
      std::pair<int, int> best;
      int most = 1;
      for (const auto& [pair, count] : counts) {
        if (count > most) best = pair, most = count;
      }
      if (most < 2) return;
      const int symbol = add(tokens[best.first] + tokens[best.second]);
      merges.push_back(best);
      for (auto& [symbols, count] : corpus) {
        for (size_t i = 0; i + 1 < symbols.size(); ++i) {
          if (std::make_pair(symbols[i], symbols[i + 1]) == best) merge_at(symbols, i, symbol);
        }
      }
    }
  }

  std::vector<int32_t> encode(const std::string& text) const {
    std::vector<int32_t> out;
    for (std::string_view word : split_words(text)) {
      std::vector<int> symbols = characters_of(word);
      for (;;) {
        size_t best = merges.size(), at = 0;
        for (size_t i = 0; i + 1 < symbols.size(); ++i) {
          for (size_t m = 0; m < best; ++m) {
            if (merges[m] == std::make_pair(symbols[i], symbols[i + 1])) best = m, at = i;
          }
        }
        if (best == merges.size()) break;
        const auto [left, right] = merges[best];
        merge_at(symbols, at, ids.at(tokens[left] + tokens[right]));
      }
      out.insert(out.end(), symbols.begin(), symbols.end());
    }
    return out;
  }
};

// Words over few letters, some of them beyond ASCII, so that merges overlap and tie.
Strings random_lines(unsigned seed, int lines, int letters) {
  std::mt19937 random(seed);
  const Strings alphabet = {"a", "b", "c", "\u00E4", "\u20AC", "\U0001F600", "z", "\u00DF"};
  Strings out;
  for (int i = 0; i < lines; ++i) {
    std::string line;
    for (unsigned n = random() % 40; n > 0; --n) {
      line += random() % 4 == 0 ? " " : alphabet[random() % letters];
    }
    out.push_back(line);
  }
  return out;
}

std::string join_words(const std::string& text) {
  std::string out;
  for (std::string_view word : split_words(text)) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

TEST(Bpe, WorkedByHand) {
  // The paper's example: low 5, lower 2, newest 6, widest 3. Ids: the mark 4, d 5, e 6, i 7, l 8,
  // n 9, o 10, r 11, s 12, t 13, w 14. (e, s), (s, t), (t, mark) occur 9 times: es = 15. Then
  // (es, t) and (t, mark): t+mark = 16. Then es + t+mark = 17. (w, e) is down from 8 to 2, and
  // (l, o), (o, w) occur 7 times: lo = 18, low = 19.
  Strings lines(5, "low");
  lines.insert(lines.end(), 2, "lower");
  lines.insert(lines.end(), 6, "newest");
  lines.insert(lines.end(), 3, "widest");
  const Result<Tokenizer> tokenizer = Tokenizer::train_bpe(lines, 4 + 1 + 10 + 5);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ(tokenizer.value().vocab_size(), 20);
  EXPECT_EQ(tokenizer.value().encode("newest"), (std::vector<int32_t>{9, 6, 14, 17}));
  EXPECT_EQ(tokenizer.value().encode("low"), (std::vector<int32_t>{19, 4}));
  EXPECT_EQ(tokenizer.value().encode("we"), (std::vector<int32_t>{14, 6, 4}));
}

TEST(Bpe, EqualsTheNaiveAlgorithm) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const Strings lines = random_lines(seed, 1 + static_cast<int>(seed) * 2, 1 + seed % 8);
    NaiveBpe naive;
    naive.train(lines, 60);
    if (naive.tokens.size() == kSpecialTokens + 1) continue;  // white space only
    const Result<Tokenizer> tokenizer = Tokenizer::train_bpe(lines, 60);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    EXPECT_EQ(tokenizer.value().vocab_size(), static_cast<int64_t>(naive.tokens.size()));
    for (const std::string& line : random_lines(seed + 1000, 30, 8)) {
      EXPECT_EQ(tokenizer.value().encode(line), naive.encode(line)) << line;
    }
  }
}

TEST(Bpe, DecodeGivesTheWordsBack) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Strings lines = random_lines(seed, 50, 8);
    const Result<Tokenizer> tokenizer = Tokenizer::train_bpe(lines, 40 + seed * 10);
    ASSERT_TRUE(tokenizer.ok());
    for (const std::string& line : lines) {
      EXPECT_EQ(tokenizer.value().decode(tokenizer.value().encode(line)), join_words(line));
    }
  }
}

TEST(Bpe, KeepsLineFeedsAndTheMarkAsText) {
  const std::string text = "in the beginning\n\nthe end </w> <pad> \xC3\xBF\n";
  const Result<Tokenizer> tokenizer = Tokenizer::train_bpe({text}, 60);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ(tokenizer.value().decode(tokenizer.value().encode(text)), text);
  EXPECT_EQ(tokenizer.value().decode(tokenizer.value().encode(" the \t the \n end")),
            "the the\nend");
  // Learned without line feeds, they are white space.
  const Result<Tokenizer> plain = Tokenizer::train_bpe({"a b"}, 10);
  EXPECT_EQ(plain.value().decode(plain.value().encode("a\nb")), "a b");
}

TEST(Bpe, UnknownCharactersAndSpecialIds) {
  const Result<Tokenizer> result = Tokenizer::train_bpe({"ab ab ab"}, 100);
  ASSERT_TRUE(result.ok());
  const Tokenizer& tokenizer = result.value();
  const std::vector<int32_t> ids = tokenizer.encode("axb \u20AC");
  EXPECT_EQ(std::count(ids.begin(), ids.end(), kUnkId), 2);
  EXPECT_EQ(tokenizer.decode(ids), "ab");
  std::vector<int32_t> wrapped = {kBosId};
  for (int32_t id : tokenizer.encode("ab b")) wrapped.push_back(id);
  wrapped.insert(wrapped.end(), {kEosId, kPadId, kPadId, -5, 1000000});
  EXPECT_EQ(tokenizer.decode(wrapped), "ab b");
  EXPECT_TRUE(tokenizer.encode("").empty());
  EXPECT_EQ(tokenizer.decode({4, 4, 4}), "");  // only ends of words
}

TEST(Bpe, AnyIdsDecodeToValidText) {
  const Result<Tokenizer> tokenizer = Tokenizer::train_bpe(random_lines(3, 50, 8), 80);
  ASSERT_TRUE(tokenizer.ok());
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    std::vector<int32_t> ids(30);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % 90);
    const std::string text = tokenizer.value().decode(ids);
    EXPECT_EQ(find_invalid_utf8(text), std::string::npos);
    EXPECT_EQ(text, join_words(text));
  }
}

TEST(Bpe, OneEndlessWordIsCheap) {
  // Quadratic work on so many characters would take minutes.
  const std::string word(200000, 'a');
  const Result<Tokenizer> tokenizer = Tokenizer::train_bpe({word}, 1000);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_LT(tokenizer.value().encode(word).size(), word.size() / 100);
  EXPECT_EQ(tokenizer.value().decode(tokenizer.value().encode(word)), word);
}

TEST(Bpe, RefusesWhatCannotBeMeant) {
  const auto message = [](const Strings& lines, int64_t size) {
    return Tokenizer::train_bpe(lines, size).status().message();
  };
  EXPECT_NE(message({}, 100).find("no text"), std::string::npos);
  EXPECT_NE(message({" ", ""}, 100).find("no text"), std::string::npos);
  EXPECT_NE(message({"fine", "ab\xFF"}, 100).find("text 2 of 2 is not UTF-8 at byte 3"),
            std::string::npos);
  EXPECT_NE(message({"abc"}, 7).find("at least 8"), std::string::npos);
  EXPECT_TRUE(Tokenizer::train_bpe({"abc"}, 8).ok());
  EXPECT_FALSE(Tokenizer::train_bpe({"abc"}, -1).ok());
  EXPECT_FALSE(Tokenizer::train_bpe({"abc"}, int64_t{1} << 40).ok());
}

TEST(Characters, OneTokenEach) {
  const std::string text = "Gr\u00FC\u00DFe,\n  Welt \u20AC";
  const Result<Tokenizer> tokenizer = Tokenizer::train_characters({text});
  ASSERT_TRUE(tokenizer.ok());
  const std::vector<int32_t> ids = tokenizer.value().encode(text);
  EXPECT_EQ(ids.size(), 15u);
  EXPECT_EQ(tokenizer.value().decode(ids), text);
  EXPECT_EQ(tokenizer.value().vocab_size(), kSpecialTokens + 12);
  EXPECT_EQ(tokenizer.value().encode("x"), (std::vector<int32_t>{kUnkId}));
  EXPECT_FALSE(Tokenizer::train_characters({""}).ok());
}

}  // namespace
}  // namespace norma::text

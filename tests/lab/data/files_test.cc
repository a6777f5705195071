// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: lab/data/pairs.h, lab/data/language.h.
// Reading pairs and running text: what is kept, what is held out, what is refused and with which
// words.

#include <gtest/gtest.h>

#include <set>

#include "lab/data/language.h"
#include "lab/data/pairs.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace norma::lab {
namespace {

using test::TempFolder;

// `count` different pairs of four words.
std::string many_pairs(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string word(1, static_cast<char>('a' + i % 26));
    const std::string tail(static_cast<size_t>(i / 26 + 1), 'x');
    text += "say the word " + word + tail + "\tsage das Wort " + word + tail + "\n";
  }
  return text;
}

void expect_error(const Status& status, StatusCode code, const std::vector<std::string>& parts) {
  EXPECT_EQ(status.code(), code);
  EXPECT_EQ(status.message().find('\n'), std::string::npos);
  for (const std::string& part : parts) {
    EXPECT_NE(status.message().find(part), std::string::npos)
        << status.message() << "\nwanted: " << part;
  }
}

TEST(SplitKey, FoldsNearDuplicates) {
  for (const char* same :
       {"Insert 3 rows.", "insert 17 Rows", "  INSERT - 0 (rows)!", "insert\t5\"rows"}) {
    EXPECT_EQ(split_key(same), "insert 0 rows");
  }
  EXPECT_EQ(split_key("\u00C4NDERUNG von \u00DCbersicht"), "\u00E4nderung von \u00FCbersicht");
  EXPECT_EQ(split_key("\u0391\u03A9 \u0416"), "\u03B1\u03C9 \u0436");
  EXPECT_EQ(split_key("R1C1"), "r0c0");
  EXPECT_EQ(split_key("..."), "");
  EXPECT_NE(split_key("insert rows"), split_key("insert row s"));
}

TEST(LoadPairs, KeepsOrderAndWordLimits) {
  const TempFolder folder;
  const std::string extra =
      "one two three four five six seven eight nine\tkurz\n"
      "a b c d e f g h\ta b c d e f g h\n"
      "\tno source\n"
      "no target\t \n";
  const std::string path = folder.write("pairs.tsv", many_pairs(300) + extra);
  PairOptions options;
  options.max_words = 8;
  const Result<PairSplit> result = load_pairs(path, options);
  ASSERT_TRUE(result.ok()) << result.status().message();
  const PairSplit& split = result.value();
  EXPECT_EQ(split.lines, 304);
  EXPECT_EQ(split.left_out, 3);
  EXPECT_EQ(split.train.size() + split.valid.size(), 301u);
  // Each list is a subsequence of the file.
  const std::string file = folder.read("pairs.tsv");
  for (const std::vector<Pair>* list : {&split.train, &split.valid}) {
    size_t at = 0;
    for (const Pair& pair : *list) {
      at = file.find(pair.source + "\t" + pair.target + "\n", at);
      ASSERT_NE(at, std::string::npos) << pair.source;
    }
  }
}

TEST(LoadPairs, HoldsOutTheShareAskedForAndNothingLeaks) {
  const TempFolder folder;
  // Every sentence stands in the file four times, with another case, number and translation.
  std::string text;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "w" + std::string(static_cast<size_t>(i % 45), 'v') +
                             std::string(static_cast<size_t>(i / 45), 'u');
    text += "open the file " + name + " 1\tA " + std::to_string(i) + "\n";
    text += "Open the File " + name + " 22.\tB " + std::to_string(i) + "\n";
    text += "OPEN THE FILE " + name + " 333!\tC " + std::to_string(i) + "\n";
    text += "\"open\" the file: " + name + " 4\tD " + std::to_string(i) + "\n";
  }
  const std::string path = folder.write("pairs.tsv", text);
  for (int64_t percent : {5, 20, 50}) {
    PairOptions options;
    options.valid_percent = percent;
    const Result<PairSplit> split = load_pairs(path, options);
    ASSERT_TRUE(split.ok()) << split.status().message();
    std::set<std::string> train_keys;
    for (const Pair& pair : split.value().train) train_keys.insert(split_key(pair.source));
    for (const Pair& pair : split.value().valid) {
      EXPECT_EQ(train_keys.count(split_key(pair.source)), 0u) << pair.source;
    }
    // 2000 independent draws: five standard deviations of the share are at most 5.6 points.
    const double share = 100.0 * static_cast<double>(split.value().valid.size()) / 8000;
    EXPECT_NEAR(share, static_cast<double>(percent), 5.6);
  }
}

TEST(LoadPairs, AGrowingFileMovesNoPair) {
  const TempFolder folder;
  const Result<PairSplit> small = load_pairs(folder.write("a.tsv", many_pairs(300)));
  const Result<PairSplit> large = load_pairs(folder.write("b.tsv", many_pairs(600)));
  ASSERT_TRUE(small.ok() && large.ok());
  std::set<std::string> valid;
  for (const Pair& pair : large.value().valid) valid.insert(pair.source);
  for (const Pair& pair : small.value().valid) EXPECT_EQ(valid.count(pair.source), 1u);
  for (const Pair& pair : small.value().train) EXPECT_EQ(valid.count(pair.source), 0u);
}

TEST(LoadPairs, ToleratesByteOrderMarkCarriageReturnsEmptyLinesAndNoLastLineFeed) {
  const TempFolder folder;
  std::string text = many_pairs(200);
  const Result<PairSplit> plain = load_pairs(folder.write("plain.tsv", text));
  text.pop_back();
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 4)) {
    text.replace(at, 1, "\r\n\r\n");
  }
  const Result<PairSplit> other = load_pairs(folder.write("other.tsv", "\xEF\xBB\xBF" + text));
  ASSERT_TRUE(plain.ok() && other.ok()) << other.status().message();
  ASSERT_EQ(other.value().train.size(), plain.value().train.size());
  for (size_t i = 0; i < plain.value().train.size(); ++i) {
    EXPECT_EQ(other.value().train[i].source, plain.value().train[i].source);
    EXPECT_EQ(other.value().train[i].target, plain.value().train[i].target);
  }
}

TEST(LoadPairs, NamesWhatIsWrong) {
  const TempFolder folder;
  const auto load = [&](const std::string& content) {
    return load_pairs(folder.write("bad.tsv", content)).status();
  };
  const std::string good = many_pairs(200);
  expect_error(load_pairs(folder.path("none.tsv")).status(), StatusCode::kNotFound,
               {"no file \"" + folder.path("none.tsv") + "\"", "make data"});
  expect_error(load_pairs(folder.path()).status(), StatusCode::kIo, {folder.path(), "directory"});
  expect_error(load(""), StatusCode::kInvalidArgument, {"bad.tsv is empty"});
  expect_error(load("\xEF\xBB\xBF"), StatusCode::kInvalidArgument, {"bad.tsv is empty"});
  expect_error(load(good + "no tab here\n"), StatusCode::kInvalidArgument,
               {"bad.tsv: line 201", "exactly one tab", "Correct the line."});
  expect_error(load("In the beginning\n" + good), StatusCode::kInvalidArgument,
               {"bad.tsv: line 1 ", "running text", "--family gpt"});
  expect_error(load("a\tb\tc\n" + good), StatusCode::kInvalidArgument,
               {"bad.tsv: line 1 ", "exactly one tab"});
  expect_error(load(good + "abc\xFF\tx\n"), StatusCode::kInvalidArgument,
               {"bad.tsv is not UTF-8: line 201, byte 4", "iconv"});
  expect_error(load("\xFF" + good), StatusCode::kInvalidArgument, {"line 1, byte 1"});
  expect_error(load("a\n\xC3"), StatusCode::kInvalidArgument, {"line 2, byte 1"});
  expect_error(load(many_pairs(99)), StatusCode::kInvalidArgument,
               {"too few pairs: 99 of 99", "100 are needed"});
}

// The split goes by the words of the source alone, and the message must not blame the word limits.
TEST(LoadPairs, NamesSourcesThatAreTooAlikeToBeSplit) {
  const TempFolder folder;
  const auto load = [&](int sources, int64_t percent) {
    std::string text;
    for (int i = 0; i < 200; ++i) {
      const std::string word(static_cast<size_t>(i % sources + 1), 'a');
      text += (i % 2 ? "Page " : "page ") + word + " " + std::to_string(i) + "\tSeite\n";
    }
    PairOptions options;
    options.valid_percent = percent;
    options.max_words = 8;
    return load_pairs(folder.write("alike.tsv", text), options).status();
  };
  const auto refused = [&](int sources, int64_t percent, std::vector<std::string> parts) {
    const Status status = load(sources, percent);
    parts.push_back("alike.tsv: ");
    expect_error(status, StatusCode::kInvalidArgument, parts);
    EXPECT_EQ(status.message().find("max_words"), std::string::npos) << status.message();
  };
  refused(1, 5, {"all 200 pairs differ in case, digits", "none is held out", "in their words."});
  refused(1, 99, {"none is left to train on"});
  refused(2, 1, {"200 pairs is held out at valid_percent=1", "only 2 different", "Give more"});
}

TEST(LoadPairs, RefusesOptionsThatCannotBeMeant) {
  const TempFolder folder;
  const std::string path = folder.write("pairs.tsv", many_pairs(200));
  const auto load = [&](auto change) {
    PairOptions options;
    change(options);
    return load_pairs(path, options).status();
  };
  const StatusCode bad = StatusCode::kInvalidArgument;
  expect_error(load([](PairOptions& o) { o.valid_percent = 0; }), bad, {"1..99 but is 0"});
  expect_error(load([](PairOptions& o) { o.valid_percent = 100; }), bad, {"1..99 but is 100"});
  expect_error(load([](PairOptions& o) { o.min_words = 0; }), bad, {"min_words"});
  expect_error(load([](PairOptions& o) { o.min_words = 9, o.max_words = 8; }), bad, {"9 and 8"});
  expect_error(load([](PairOptions& o) { o.max_words = 3; }), bad, {"0 of 200", "raise max_words"});
}

TEST(LoadPairs, RealSamples) {
  const std::string path = test::shared_data_path("en-de/samples20.tsv");
  NORMA_SKIP_IF_ABSENT(path);
  PairOptions options;
  options.min_pairs = 1;
  options.valid_percent = 50;
  const Result<PairSplit> split = load_pairs(path, options);
  ASSERT_TRUE(split.ok()) << split.status().message();
  EXPECT_EQ(split.value().lines, 20);
}

TEST(LoadText, HoldsOutTheEndFromALineStartOn) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 500; ++i) text += "line number " + std::to_string(i) + "\n";
  const Result<TextSplit> split = load_text(folder.write("text.txt", text));
  ASSERT_TRUE(split.ok()) << split.status().message();
  EXPECT_EQ(split.value().train + split.value().valid, text);
  EXPECT_EQ(split.value().train.back(), '\n');
  EXPECT_NEAR(static_cast<double>(split.value().valid.size()),
              0.1 * static_cast<double>(text.size()), 16);
}

TEST(LoadText, CutsBetweenCharactersWhereThereAreNoLines) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 700; ++i) text += "\u20AC";
  for (int64_t percent = 1; percent <= 50; ++percent) {
    TextOptions options;
    options.valid_percent = percent;
    const Result<TextSplit> split = load_text(folder.write("text.txt", text), options);
    ASSERT_TRUE(split.ok());
    EXPECT_EQ(split.value().train.size() % 3, 0u);
    EXPECT_EQ(split.value().train + split.value().valid, text);
    EXPECT_FALSE(split.value().valid.empty());
  }
}

TEST(LoadText, NamesWhatIsWrong) {
  const TempFolder folder;
  const StatusCode bad = StatusCode::kInvalidArgument;
  expect_error(load_text(folder.path("none")).status(), StatusCode::kNotFound, {"no file"});
  expect_error(load_text(folder.write("a", "")).status(), bad, {"is empty"});
  expect_error(load_text(folder.write("a", "short")).status(), bad, {"too short: 5 of at least"});
  expect_error(load_text(folder.write("a", std::string(2000, 'x') + "\n\xE4")).status(), bad,
               {"not UTF-8: line 2, byte 1"});
  TextOptions options;
  options.valid_percent = 51;
  expect_error(load_text(folder.write("a", std::string(2000, 'x')), options).status(), bad,
               {"1..50 but is 51"});
}

}  // namespace
}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "bench/bench.h"

namespace norma::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kLine =
    R"({"task":"layer_norm_forward","dtype":"f32","rows":1,"cols":64,"threads":1,"impl":"norma",)"
    R"("cache":"hot","median_ns":183.6,"min_ns":170.3,"gb_s":5.577,"ratio_to_copy":9.705,)"
    R"("ratio_to_torch":0.981,"samples":31,"bytes":1024,"commit":"3681b2750f3e",)"
    R"("machine":"a machine","date":"2026-11-29T22:35:29Z","caches":[32768,1048576,33554432]})";

Result<Report> read(const std::string& text) {
  std::istringstream in(text);
  return read_json(in, "kept.jsonl");
}

std::string with(std::string line, const std::string& part, const std::string& other) {
  const size_t at = line.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return line.replace(at, part.size(), other);
}

std::string from(const std::string& text, const std::string& mark) {
  const size_t at = text.find(mark);
  EXPECT_NE(at, std::string::npos) << mark;
  return text.substr(at);
}

TEST(ReadJson, ALineIsARecord) {
  const Result<Report> read_back = read(kLine);
  ASSERT_TRUE(read_back.ok()) << read_back.status().message();
  const Report& report = read_back.value();
  ASSERT_EQ(report.records.size(), 1u);
  const Record& r = report.records[0];
  EXPECT_EQ(r.task, "layer_norm_forward");
  EXPECT_EQ(r.rows, 1);
  EXPECT_EQ(r.cols, 64);
  EXPECT_EQ(r.impl, "norma");
  EXPECT_EQ(r.median_ns, 183.6);
  EXPECT_EQ(r.ratio_to("torch"), 0.981);
  EXPECT_EQ(r.samples, 31);
  EXPECT_EQ(report.machine, "a machine");
  EXPECT_EQ(report.caches, (CacheSizes{32768, 1048576, 33554432}));
}

// Of a measured run: what its table ends with is what the kept file gives.
TEST(ReadJson, AFileReadBackGivesTheTableOfTheRun) {
  Options options;
  options.suite = "cpu";
  options.tasks = {"layer_norm_forward", "rms_norm_backward"};
  options.rows = {1, 8};
  options.cols = {300, 4096};
  options.python = "/nowhere/python3";
  std::ostringstream measured, kept;
  Report report;
  const Status ran = run(options, measured, &report);
  ASSERT_TRUE(ran.ok()) << ran.message();
  const std::string path = testing::TempDir() + "norma_read_json_test.jsonl";
  ASSERT_TRUE(write_json(report, path).ok());
  std::ifstream file(path);
  const Result<Report> read_back = read_json(file, path);
  ASSERT_TRUE(read_back.ok()) << read_back.status().message();
  EXPECT_EQ(read_back.value().records.size(), report.records.size());
  EXPECT_EQ(read_back.value().versions, report.versions);
  ASSERT_TRUE(print_kept(read_back.value(), kept).ok());
  const std::string verdicts = "norma's time over", targets = "what was wished", end = "peers:";
  const std::string before = from(measured.str(), verdicts), after = from(kept.str(), verdicts);
  EXPECT_EQ(before.substr(0, before.find(end)), after.substr(0, after.find(end)));
  EXPECT_EQ(from(before, targets), from(after, targets));
  EXPECT_THAT(after, HasSubstr("a row of 4096, in ns"));
  const auto first_line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  EXPECT_EQ(first_line(measured.str()), first_line(kept.str()));
  EXPECT_THAT(kept.str(), Not(HasSubstr("caches: ")));
  std::filesystem::remove(path);
}

TEST(ReadJson, WithoutCachesThisMachinesAreTakenWithAWord) {
  const Result<Report> old =
      read(with(kLine, R"(,"caches":[32768,1048576,33554432])", "") + "\n");
  ASSERT_TRUE(old.ok()) << old.status().message();
  EXPECT_EQ(old.value().caches, CacheSizes());
  std::ostringstream table;
  ASSERT_TRUE(print_kept(old.value(), table).ok());
  EXPECT_THAT(table.str(), HasSubstr("caches: the result does not hold their sizes; taken are "
                                     "this machine's, "));
}

TEST(ReadJson, WhatIsNoResultIsRefusedByItsLine) {
  const auto message = [](const std::string& second) {
    const Result<Report> refused = read(kLine + "\n" + second + "\n" + kLine);
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
    return refused.status().message();
  };
  const std::string line_2 = "[bench] kept.jsonl line 2 ";
  EXPECT_EQ(message("{"), line_2 + "is not valid JSON.");
  EXPECT_EQ(message(""), line_2 + "is not valid JSON.");
  EXPECT_EQ(message("[1]"), line_2 + "is no object of JSON.");
  EXPECT_EQ(message("[[[[1]]]]"), line_2 + "is nested too deeply.");
  EXPECT_EQ(message(std::string(1 << 15, ' ')), line_2 + "is too long.");
  EXPECT_EQ(message(with(kLine, R"("rows":1,)", "")), line_2 + "has no \"rows\".");
  EXPECT_EQ(message(with(kLine, R"("rows":1,)", R"("rows":0,)")),
            line_2 + "has 0 as \"rows\", which must be a whole number, 1 to 1099511627776.");
  for (const char* rows : {"-1", "1.5", "\"1\"", "null", "18446744073709551615", "1e30"}) {
    EXPECT_THAT(message(with(kLine, R"("rows":1,)", R"("rows":)" + std::string(rows) + ",")),
                HasSubstr(line_2 + "has " + (rows[1] == 'e' ? "1e+30" : rows) + " as \"rows\""));
  }
  EXPECT_THAT(message(with(with(kLine, R"("rows":1,)", R"("rows":1099511627776,)"), R"("cols":64)",
                           R"("cols":2)")),
              HasSubstr("has 2 as \"cols\""))
      << "more elements than any machine holds";
  EXPECT_THAT(message(with(kLine, "layer_norm_forward", "lstm_training")),
              HasSubstr("has \"lstm_training\" as \"task\", which must be one of layer_norm_"));
  EXPECT_THAT(message(with(kLine, "\"hot\"", "\"warm\"")), HasSubstr("one of hot, cold."));
  EXPECT_THAT(message(with(kLine, "183.6", "0")), HasSubstr("\"median_ns\", which must be above"));
  EXPECT_THAT(message(with(kLine, "0.981", "-1")), HasSubstr("has -1 as \"ratio_to_torch\""));
  EXPECT_THAT(message(with(kLine, "[32768,1048576,33554432]", "[1,2]")), HasSubstr("three sizes"));
  EXPECT_THAT(message(with(kLine, "{", R"({"rows":2,)")), HasSubstr("the key \"rows\" twice"));
  EXPECT_EQ(message(with(kLine, "a machine", "another")),
            line_2 + "is of another run than those before it.");
}

TEST(ReadJson, AnEmptyFileIsNoResult) {
  EXPECT_EQ(read("").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(read("").status().message(), "[bench] kept.jsonl is empty: give what --json wrote.");
  std::ifstream folder(testing::TempDir());
  EXPECT_FALSE(read_json(folder, "folder").ok());
}

}  // namespace
}  // namespace norma::bench

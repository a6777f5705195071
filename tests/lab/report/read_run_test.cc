// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/read_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "tests/lab/report/synthetic_run.h"

namespace norma::lab::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string message_of(const std::string& path) {
  const Result<RunFolder> result = read_run_folder(path);
  return result.ok() ? "read" : result.status().message();
}

// A comparison of one member whose summary has been changed by `change`.
template <typename Change>
std::string message_after(Change change) {
  TemporaryFolder folder;
  SyntheticFolder f;
  add_runs(f, {}, {4.0});
  write_folder(f, folder.path());
  Json summary = {{"schema", 1}, {"kind", "compare"}, {"name", "x"}, {"status", "done"}};
  Json member = {{"run", "members/pre-layernorm-warmup0-lr0.003-xavier-seed1"}};
  member.update(summary_of(f.runs[0], "en-de"));
  summary["members"] = Json::array({member});
  change(summary);
  write_text(folder.path() + "/summary.json", summary.dump());
  return message_of(folder.path());
}

TEST(ReadRun, ReadsWhatWasWritten) {
  TemporaryFolder folder;
  SyntheticFolder f = demo_folder();
  f.runs.resize(2);
  f.runs[1].status = "diverged";
  write_folder(f, folder.path());
  const Result<RunFolder> result = read_run_folder(folder.path());
  ASSERT_TRUE(result.ok()) << result.status().message();
  const RunFolder& run_folder = result.value();
  EXPECT_TRUE(run_folder.is_comparison);
  ASSERT_EQ(run_folder.runs.size(), 2u);
  const auto& run = run_folder.runs[0];
  EXPECT_EQ(run.placement, "post");
  EXPECT_EQ(run.lr, 0.001);
  EXPECT_EQ(run.choices.at("dropout"), "0");
  EXPECT_EQ(run.choices.count("lr"), 0u);
  EXPECT_EQ(run.data.at("train_pairs"), "9208");
  EXPECT_EQ(*run.valid_loss, 5.41);
  EXPECT_EQ(run.train_curve.size(), 30u);
  EXPECT_EQ(run.valid_curve.back().value, 5.41);
  EXPECT_EQ(run.samples.size(), 2u);
  EXPECT_TRUE(run_folder.runs[1].diverged());
  EXPECT_FALSE(run_folder.runs[1].valid_loss.has_value());
  EXPECT_TRUE(std::isnan(run_folder.runs[1].train_curve.back().value));
  EXPECT_EQ(*run_folder.unigram_loss, 5.90);
  EXPECT_EQ(run_folder.probes.size(), 18u);
  EXPECT_EQ(run_folder.probes[0].gradient_norm.at("decoder").size(), 6u);
  EXPECT_EQ(run_folder.timing[2].forward_ns_per_row, 19);
  EXPECT_EQ(run_folder.independence->batchnorm_max_abs_change, 0.31);
  EXPECT_EQ(run_folder.environment.front().first, "command");
}

TEST(ReadRun, ReadsASingleRun) {
  TemporaryFolder folder;
  write_single_run({.valid_loss = 4.2}, folder.path());
  const Result<RunFolder> result = read_run_folder(folder.path());
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_FALSE(result.value().is_comparison);
  ASSERT_EQ(result.value().runs.size(), 1u);
  EXPECT_EQ(result.value().runs[0].samples.size(), 2u);
}

TEST(ReadRun, MissingFilesAreNamed) {
  TemporaryFolder folder;
  EXPECT_THAT(message_of(folder.path()),
              AllOf(HasSubstr("summary.json is missing"), HasSubstr("resume")));
  write_single_run({}, folder.path());
  std::filesystem::remove(folder.path() + "/metrics.jsonl");
  EXPECT_THAT(message_of(folder.path()), HasSubstr("metrics.jsonl"));
  write_single_run({}, folder.path());
  std::filesystem::remove(folder.path() + "/env.json");
  std::filesystem::remove(folder.path() + "/config.toml");
  EXPECT_EQ(message_of(folder.path()), "read");
}

TEST(ReadRun, TruncatedFilesAreErrors) {
  TemporaryFolder folder;
  write_single_run({}, folder.path());
  write_text(folder.path() + "/env.json", "{\"command\": \"no");
  EXPECT_THAT(message_of(folder.path()), HasSubstr("env.json is not a whole JSON object"));
  write_text(folder.path() + "/summary.json", "{\"schema\": 1, \"kind\"");
  EXPECT_THAT(message_of(folder.path()), HasSubstr("summary.json is not a whole JSON object"));
  write_text(folder.path() + "/summary.json", "");
  EXPECT_THAT(message_of(folder.path()), HasSubstr("(0 bytes)"));
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  write_text(folder.path() + "/summary.json", "{\"schema\": " + deep + "}");
  EXPECT_THAT(message_of(folder.path()), HasSubstr("summary.json is not a whole JSON object"));
}

TEST(ReadRun, AMetricsLineCutOffByAKillIsIgnored) {
  TemporaryFolder folder;
  write_single_run({}, folder.path());
  write_text(folder.path() + "/metrics.jsonl",
             "{\"kind\":\"train\",\"step\":10,\"loss\":6.0}\n{\"kind\":\"train\",\"step\":20,\"lo");
  const Result<RunFolder> result = read_run_folder(folder.path());
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result.value().runs[0].train_curve.size(), 1u);
  write_text(folder.path() + "/metrics.jsonl", "{\"kind\":\"train\",\"step\":10,\"lo\n{}\n");
  EXPECT_THAT(message_of(folder.path()),
              HasSubstr("metrics.jsonl line 1 is not a whole JSON object"));
}

TEST(ReadRun, AResumedRunsLaterLinesHold) {
  TemporaryFolder folder;
  write_single_run({}, folder.path());
  std::string lines;
  for (const auto& [step, loss] :
       std::vector<std::pair<int, double>>{{10, 6}, {20, 5}, {30, 4}, {20, 5.5}, {30, 4.5}}) {
    lines += Json({{"kind", "train"}, {"step", step}, {"loss", loss}}).dump() + "\n";
  }
  write_text(folder.path() + "/metrics.jsonl", lines);
  const Result<RunFolder> result = read_run_folder(folder.path());
  ASSERT_TRUE(result.ok());
  const auto& curve = result.value().runs[0].train_curve;
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(curve[1].value, 5.5);
  EXPECT_EQ(curve[2].value, 4.5);
}

TEST(ReadRun, HostileSummariesNameThePlaceAndTheRule) {
  EXPECT_EQ(message_after([](Json&) {}), "read");
  EXPECT_THAT(message_after([](Json& s) { s["schema"] = 2; }),
              HasSubstr("summary.json: schema must be 1 but is 2"));
  EXPECT_THAT(message_after([](Json& s) { s["kind"] = "x"; }),
              HasSubstr("kind must be train or compare"));
  EXPECT_THAT(message_after([](Json& s) { s.erase("members"); }), HasSubstr("members is missing"));
  EXPECT_THAT(message_after([](Json& s) { s["members"] = Json::array({7}); }),
              HasSubstr("list of objects"));
  EXPECT_THAT(message_after([](Json& s) { s["members"][0]["run"] = "../../secrets"; }),
              HasSubstr("members[0].run must be a path inside the run folder"));
  EXPECT_THAT(message_after([](Json& s) { s["members"][0]["run"] = "/etc"; }),
              HasSubstr("inside the run folder"));
  EXPECT_THAT(message_after([](Json& s) { s["members"][0]["train"]["lr"] = "fast"; }),
              HasSubstr("members[0].train.lr must be a number but is \"fast\""));
  EXPECT_THAT(message_after([](Json& s) { s["members"][0]["seed"] = 1.5; }),
              HasSubstr("seed must be a whole number"));
  EXPECT_THAT(message_after([](Json& s) { s["members"][0]["seed"] = 1e300; }),
              HasSubstr("whole number"));
  EXPECT_THAT(message_after([](Json& s) { s["members"][0]["status"] = "fine"; }),
              HasSubstr("status must be done, diverged or interrupted"));
  EXPECT_THAT(message_after([](Json& s) { s["members"][0]["result"]["valid_loss"] = nullptr; }),
              HasSubstr("valid_loss must be a finite number, because status is done"));
  EXPECT_THAT(message_after([](Json& s) { s["members"][0]["model"] = Json::array(); }),
              HasSubstr("must be an object"));
  EXPECT_THAT(message_after([](Json& s) {
                s["probes"] = Json::array({{{"placement", "pre"}}});
              }),
              HasSubstr("probes[0].norm must be a string"));
  EXPECT_THAT(message_after([](Json& s) { s["unigram_loss"] = "low"; }),
              HasSubstr("unigram_loss must be a number"));
}

TEST(ReadRun, NumbersOutOfRangeAreNotRead) {
  TemporaryFolder folder;
  write_single_run({}, folder.path());
  write_text(folder.path() + "/metrics.jsonl", "{\"kind\":\"train\",\"step\":10,\"loss\":1e999}\n");
  EXPECT_THAT(message_of(folder.path()), HasSubstr("metrics.jsonl line 1"));
  write_text(folder.path() + "/metrics.jsonl", "{\"kind\":\"train\",\"step\":-1,\"loss\":1}\n");
  EXPECT_THAT(message_of(folder.path()), HasSubstr("step must be at least 0"));
}

TEST(ReadRun, AnInterruptedRunMayHaveNoMetrics) {
  TemporaryFolder folder;
  write_single_run({.valid_loss = kNan, .status = "interrupted"}, folder.path());
  std::filesystem::remove(folder.path() + "/metrics.jsonl");
  EXPECT_EQ(message_of(folder.path()), "read");
}

}  // namespace
}  // namespace norma::lab::report

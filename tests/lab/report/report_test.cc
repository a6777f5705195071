// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "base/atomic_file.h"
#include "tests/lab/report/page_check.h"
#include "tests/lab/report/synthetic_run.h"

namespace norma::lab::report {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string page_of(const std::string& path) {
  const Status status = write_report(path);
  EXPECT_TRUE(status.ok()) << status.message();
  const Result<std::string> page = read_file(path + "/report.html");
  return page.ok() ? page.value() : "";
}

std::string page_of(const SyntheticFolder& folder) {
  TemporaryFolder path;
  write_folder(folder, path.path());
  return page_of(path.path());
}

// Well formed, and no number in a drawing that a browser could not read.
PageCheck expect_sound(const std::string& html) {
  const PageCheck page = check_page(html);
  EXPECT_EQ(page.error, "");
  for (const Tag& tag : page.tags) {
    if (tag.name != "path" && tag.name != "circle" && tag.name != "rect" && tag.name != "text")
      continue;
    for (const auto& [key, value] : tag.attributes) {
      EXPECT_THAT(value, Not(AnyOf(HasSubstr("nan"), HasSubstr("inf"), HasSubstr("e+"))))
          << tag.name << " " << key;
    }
  }
  return page;
}

TEST(Report, HasARowForEachConfigurationAndACurveForEachRun) {
  const SyntheticFolder f = demo_folder();
  const PageCheck page = expect_sound(page_of(f));
  EXPECT_EQ(page.count("tr", "data-config", "c"), 16u);
  EXPECT_EQ(page.count("g", "class", "curve"), f.runs.size() + 2 * f.probes.size() * 2);
  EXPECT_EQ(page.values("data-run").size(), f.runs.size());
  for (const char* id :
       {"configurations", "curves", "without-warmup", "warmup", "placements", "norms", "gradients",
        "stream", "initialisation", "cost", "independence", "translation", "provenance"}) {
    EXPECT_EQ(page.count("section", "id", id), 1u) << id;
  }
  EXPECT_THAT(page.text, HasSubstr("norma compare recipes/demo.toml"));
  EXPECT_THAT(page.text, HasSubstr("89d5c86"));
}

// Of pictures, accuracy has a column of its own and losses are those of a picture.
TEST(Report, TellsPicturesFromTokens) {
  SyntheticFolder f;
  SyntheticRun run;
  run.accuracy = 0.876;
  run.norm = "batchnorm";
  f.unigram = true;
  add_runs(f, run, {0.5, 0.6, 0.7});
  run.norm = "layernorm";
  run.accuracy = 0.901;
  add_runs(f, run, {0.3, 0.4, 0.5});
  const std::string html = page_of(f);
  expect_sound(html);
  for (const char* words : {">accuracy<", "87.6\u00a0%", "90.1\u00a0%", "pictures/s",
                            "loss, nats a picture", "Class frequencies alone"}) {
    EXPECT_THAT(html, HasSubstr(words));
  }
  for (const char* words : {"token", "Unigram", "ord frequencies"}) {
    EXPECT_THAT(html.substr(0, html.find("<details>")), Not(HasSubstr(words)));
  }
  EXPECT_THAT(page_of(demo_folder()), Not(HasSubstr(">accuracy<")));
}

TEST(Report, TheSameFolderGivesTheSameBytesWhereverItLies) {
  TemporaryFolder first, second;
  write_folder(demo_folder(), first.path());
  fs::copy(first.path(), second.path() + "/elsewhere", fs::copy_options::recursive);
  const std::string page = page_of(first.path());
  EXPECT_EQ(page, page_of(first.path()));
  EXPECT_EQ(page, page_of(second.path() + "/elsewhere"));
}

TEST(Report, StandsAlone) {
  std::string page = page_of(demo_folder());
  const std::string svg_namespace = "http://www.w3.org/2000/svg";
  const size_t at = page.find(svg_namespace);
  ASSERT_NE(at, std::string::npos);
  page.erase(at, svg_namespace.size());
  for (const char* word : {"http:", "https:", "src=", "url(", "@import", "<iframe", "file:"}) {
    EXPECT_THAT(page, Not(HasSubstr(word)));
  }
  EXPECT_LT(page.size(), 400u * 1000);
}

TEST(Report, LongRunsAreThinned) {
  TemporaryFolder path;
  write_single_run({.valid_loss = 4.2}, path.path());
  std::string lines;
  for (int step = 1; step <= 30000; ++step) {
    lines += R"({"kind":"train","step":)" + std::to_string(step) + R"(,"loss":)" +
             std::to_string(4 + 100.0 / step) + "}\n";
  }
  write_text(path.path() + "/metrics.jsonl", lines);
  const std::string page = page_of(path.path());
  expect_sound(page);
  EXPECT_LT(page.size(), 80u * 1000);
}

TEST(Report, HostileTextIsEscapedEverywhere) {
  const std::string hostile =
      "</script></style><img src=x onerror=\"alert(1)\"><script>alert('1')</script>&amp;";
  SyntheticFolder f;
  f.name = f.data = f.bleu_note = f.command = hostile;
  SyntheticRun run;
  run.norm = run.init = hostile;
  run.bleu = 1;
  for (const char* place : {"pre", "post"}) {
    run.placement = place + hostile;
    add_runs(f, run, {4.0, 4.1, 4.2});
    f.probes.push_back(probe(run.placement, hostile, hostile, 1, 2));
    f.probes.back()["gradient_norm"][hostile] = {1.0, 2.0};
    f.timing.push_back(timing(hostile, run.placement, 10, 20));
  }
  TemporaryFolder path;
  // The runs' names hold slashes, so their folders are named apart.
  write_folder(SyntheticFolder{}, path.path());
  Json summary = {{"schema", 1},
                  {"kind", "compare"},
                  {"name", hostile},
                  {"status", "done"},
                  {"members", Json::array()}};
  for (size_t i = 0; i < f.runs.size(); ++i) {
    const std::string folder = "members/" + std::to_string(i);
    Json member = summary_of(f.runs[i], hostile);
    member["data"][hostile] = hostile;
    member["train"][hostile] = i % 2 == 0 ? "a" + hostile : hostile;
    member["samples"] =
        Json::array({{{"source", hostile}, {"reference", hostile}, {"hypothesis", hostile}}});
    write_text(path.path() + "/" + folder + "/metrics.jsonl", "");
    write_text(path.path() + "/" + folder + "/summary.json", member.dump());
    member.erase("samples");
    member["run"] = folder;
    summary["members"].push_back(member);
  }
  summary["probes"] = f.probes;
  summary["timing"] = f.timing;
  summary["bleu_note"] = hostile;
  summary["unigram_loss"] = 5.9;
  write_text(path.path() + "/summary.json", summary.dump());
  write_text(path.path() + "/env.json", Json({{hostile, hostile}, {"list", {hostile}}}).dump());
  write_text(path.path() + "/config.toml", "</pre>" + hostile);
  const std::string html = page_of(path.path());
  const PageCheck page = expect_sound(html);
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_EQ(page.count("script", "", ""), 0u);  // none with an attribute
  EXPECT_THAT(page.text, HasSubstr("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;"));
}

TEST(Report, WorksForWhateverAComparisonHolds) {
  const auto variant = [](const char* placement) {
    SyntheticRun run;
    run.placement = placement;
    return run;
  };
  SyntheticFolder diverged;
  add_runs(diverged, variant("post"), {kNan, kNan, kNan});
  add_runs(diverged, variant("pre"), {4.0, kNan, 4.2});
  const PageCheck with_diverged = expect_sound(page_of(diverged));
  EXPECT_EQ(with_diverged.count("tr", "data-config", "c"), 2u);
  EXPECT_EQ(with_diverged.values("data-run").size(), 6u);
  EXPECT_THAT(with_diverged.text, HasSubstr("3/3"));
  EXPECT_EQ(with_diverged.count("section", "id", "gradients"), 0u);
  EXPECT_EQ(with_diverged.count("section", "id", "cost"), 0u);
  // A cross in the strip of each configuration and on each diverged curve.
  EXPECT_EQ(with_diverged.count("path", "class", "cross"), 2u + 4u);

  SyntheticFolder one_seed;
  add_runs(one_seed, variant("post"), {5.9});
  add_runs(one_seed, variant("pre"), {4.0});
  expect_sound(page_of(one_seed));

  SyntheticFolder none_finished;
  add_runs(none_finished, variant("post"), {kNan});
  none_finished.runs[0].status = "interrupted";
  expect_sound(page_of(none_finished));
  expect_sound(page_of(SyntheticFolder{}));

  SyntheticFolder rates;
  for (const double lr : {0.0001, 0.0003, 0.001, 0.003}) {
    for (const char* placement : {"pre", "post", "an unknown place"}) {
      SyntheticRun run = variant(placement);
      run.lr = lr;
      add_runs(rates, run, {4 + lr * 100, 4.1 + lr * 100, lr > 0.002 ? kNan : 4.2});
    }
  }
  EXPECT_EQ(expect_sound(page_of(rates)).count("section", "id", "learning-rates"), 1u);
}

// One configuration alone has no evidence, and still runs that did not finish and a best setting.
TEST(Report, WhatIsKnownWithoutAComparisonIsSaid) {
  SyntheticFolder f;
  add_runs(f, SyntheticRun{}, {4.0, 4.1, 4.2});
  f.runs[2].status = "interrupted";
  EXPECT_THAT(page_of(f), HasSubstr("<li>No run diverged; 1 run did not finish"));
}

TEST(Report, NumbersOfAnySizeAreDrawnOrLeftOut) {
  SyntheticFolder f;
  SyntheticRun run;
  run.tokens_per_s = 1e300;
  add_runs(f, run, {1e300, -1e300, 0});
  run.placement = "post";
  run.lr = 0;
  run.warmup_steps = -5;
  add_runs(f, run, {1e-300, 1e200, 4});
  f.probes.push_back(probe("pre", "layernorm", "xavier", 1, 2));
  f.probes[0]["gradient_norm"]["decoder"] = {0.0, -1.0, 1e300, "nan", 1e-300};
  f.probes[0]["gradient_norm"]["empty"] = Json::array();
  f.probes[0]["stream_rms"]["encoder"] = {"inf", 1.0};
  f.probes[0]["stream_rms"]["decoder"] = {1e300, 1.0};
  f.timing.push_back(timing("layernorm", "pre", 0, -1));
  f.timing.push_back(timing("rmsnorm", "pre", 1e300, 1e300));
  expect_sound(page_of(f));
}

TEST(Report, ASingleRunHasItsPage) {
  TemporaryFolder path;
  write_single_run({.valid_loss = 4.2, .bleu = 1.5}, path.path());
  const PageCheck page = expect_sound(page_of(path.path()));
  EXPECT_EQ(page.count("tr", "data-config", "c"), 1u);
  EXPECT_EQ(page.values("data-run").size(), 1u);
  EXPECT_THAT(page.text, HasSubstr("A single run compares nothing."));
  EXPECT_THAT(page.text, HasSubstr("W\u00e4hlen Sie den Bereich."));
}

TEST(Report, AFolderThatCannotBeReadLeavesTheOldReportWhole) {
  TemporaryFolder path;
  write_single_run({}, path.path());
  const std::string before = page_of(path.path());
  write_text(path.path() + "/summary.json", "{");
  EXPECT_FALSE(write_report(path.path()).ok());
  EXPECT_FALSE(verdict_line(path.path()).ok());
  EXPECT_EQ(read_file(path.path() + "/report.html").value(), before);
  EXPECT_FALSE(write_report(path.path() + "/nothing-here").ok());
}

}  // namespace
}  // namespace norma::lab::report

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The report of a folder that a training has written, not a test.
// Spans: lab/train, lab/report

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/report/report.h"
#include "lab/train/train.h"
#include "tests/support/process.h"
#include "tests/support/tiny_task.h"

namespace norma::lab::report {
namespace {

using ::testing::HasSubstr;

class RealRun : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = test::fresh_folder(::testing::UnitTest::GetInstance()->current_test_info()->name());
    test::write_tiny_pairs(root_ + "/pairs.tsv");
    job_.recipe = test::tiny_recipe(root_ + "/pairs.tsv");
    job_.recipe.bleu.sentences = 4;
    job_.folder = root_ + "/run";
    // The names of docs/run-folder.md.
    job_.environment = {{"target", "cpu:this"}, {"commit", "0123456789ab"}, {"modified", true}};
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string page() const { return test::read_text(job_.folder + "/report.html"); }

  std::string root_;
  TrainJob job_;
};

TEST_F(RealRun, IsReported) {
  const Result<Json> summary = train(job_, {});
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  const Status written = write_report(job_.folder);
  ASSERT_TRUE(written.ok()) << written.message();
  EXPECT_THAT(page(), HasSubstr(job_.recipe.name));
  EXPECT_THAT(page(), HasSubstr("cpu:this"));
  EXPECT_THAT(page(), HasSubstr("0123456789ab"));
  for (const Json& sample : summary.value()["samples"]) {
    EXPECT_THAT(page(), HasSubstr(sample["source"].get<std::string>()));
  }
  const Result<std::string> verdict = verdict_line(job_.folder);
  ASSERT_TRUE(verdict.ok()) << verdict.status().message();
  const double loss = summary.value()["result"]["valid_loss"];
  EXPECT_THAT(verdict.value(), HasSubstr(std::to_string(loss).substr(0, 3)));
}

TEST_F(RealRun, IsReportedWhereItDiverged) {
  job_.recipe.train.lr = 1e3;
  job_.recipe.model.placement = "none";
  const Result<Json> summary = train(job_, {});
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  ASSERT_EQ(summary.value()["status"], "diverged");
  const Status written = write_report(job_.folder);
  ASSERT_TRUE(written.ok()) << written.message();
  EXPECT_THAT(verdict_line(job_.folder).value(), HasSubstr("diverged"));
}

TEST_F(RealRun, IsReportedWhereItWasInterrupted) {
  TrainHooks hooks;
  int asked = 0;
  hooks.stop = [&asked] { return ++asked > 7; };
  ASSERT_EQ(train(job_, hooks).value()["status"], "interrupted");
  const Status written = write_report(job_.folder);
  ASSERT_TRUE(written.ok()) << written.message();
  EXPECT_TRUE(verdict_line(job_.folder).ok()) << verdict_line(job_.folder).status().message();
}

}  // namespace
}  // namespace norma::lab::report

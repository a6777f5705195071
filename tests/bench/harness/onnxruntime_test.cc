// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The peer in a process of its own, with a stand-in for the wheel that computes by the formulas and
// fails where it is told to, and with the wheel where it is installed.

#include "bench/harness/onnxruntime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace norma::bench {
namespace {

using ::testing::Each;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class OnnxRuntime : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("PYTHONPATH", NORMA_TEST_FAKE_ONNXRUNTIME, 1);
    be("right");
  }
  void TearDown() override {
    unsetenv("PYTHONPATH");
    unsetenv("FAKE_ONNXRUNTIME");
  }
  static void be(const char* mode) { setenv("FAKE_ONNXRUNTIME", mode, 1); }

  Status run(const std::string& task = "layer_norm_forward") {
    job_.task = task;
    return run_onnxruntime(job_, interrupted_, {}, &result_);
  }

  OnnxRuntimeJob job_{.python = NORMA_TEST_PYTHON,
                      .task = {},
                      .dtype = "f32",
                      .shapes = {{3, 5}, {2, 8}},
                      .samples = 3};
  std::function<bool()> interrupted_;
  OnnxRuntimeResult result_;
};

TEST_F(OnnxRuntime, SamplesOfEveryShape) {
  for (const char* task : {"layer_norm_forward", "rms_norm_forward", "add_layer_norm_forward",
                           "add_rms_norm_forward"}) {
    job_.dtype = job_.dtype == "f32" ? "f16" : "f32";
    const Status ran = run(task);
    ASSERT_TRUE(ran.ok()) << ran.message();
    EXPECT_EQ(result_.version, "0.0.fake");
    EXPECT_EQ(result_.skipped, "");
    ASSERT_THAT(result_.times, SizeIs(2));
    EXPECT_EQ(result_.times[1].rows, 2);
    EXPECT_EQ(result_.times[1].cols, 8);
    for (const OnnxRuntimeTimes& times : result_.times) {
      EXPECT_EQ(times.cache, "hot");
      EXPECT_THAT(times.ns, SizeIs(3));
      EXPECT_THAT(times.norma_ns, SizeIs(3));
      EXPECT_THAT(times.ns, Each(Gt(0)));
      EXPECT_THAT(times.norma_ns, Each(Gt(0)));
    }
  }
}

TEST_F(OnnxRuntime, ColdCallsAreTimedWhereTheyCanBe) {
  const auto [rows, cols] = std::pair<int64_t, int64_t>{8, 4096};  // 256 KiB in x and y
  job_.shapes = {{rows, cols}};
  job_.samples = 1;
  ASSERT_TRUE(run("rms_norm_forward").ok());
  ASSERT_GT(cold_sets({"rms_norm_forward", NormKind::kRmsNorm, false}, DType::kF32, rows, cols), 1);
  ASSERT_THAT(result_.times, SizeIs(2));
  EXPECT_EQ(result_.times[0].cache, "hot");
  EXPECT_EQ(result_.times[1].cache, "cold");
  job_.cold = false;
  ASSERT_TRUE(run("rms_norm_forward").ok());
  EXPECT_THAT(result_.times, SizeIs(1));
}

TEST_F(OnnxRuntime, AWrongAnswerIsNotTimed) {
  be("wrong");
  for (const char* task : {"layer_norm_forward", "rms_norm_forward"}) {
    const Status ran = run(task);
    ASSERT_TRUE(ran.ok()) << ran.message();
    EXPECT_THAT(result_.times, SizeIs(0));
    ASSERT_THAT(result_.wrong, SizeIs(2));
    EXPECT_THAT(result_.wrong[0], HasSubstr("onnxruntime computes a wrong y"));
    EXPECT_THAT(result_.wrong[0], HasSubstr("row 2, column 4"));
  }
}

TEST_F(OnnxRuntime, IsSkippedWithAWordWhereItIsMissing) {
  be("absent");
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(result_.skipped, HasSubstr("No module named 'onnx'"));
  EXPECT_THAT(result_.skipped, HasSubstr("scripts/setup.sh"));
  EXPECT_THAT(result_.times, SizeIs(0));
  job_.python = "/nowhere/python3";
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(result_.skipped, "/nowhere/python3 does not start: No such file or directory");
}

TEST_F(OnnxRuntime, IsSkippedWithAWordWhereItHasNoOperator) {
  ASSERT_TRUE(run("rms_norm_backward").ok());
  EXPECT_EQ(result_.skipped, "it has no rms_norm_backward in f32");
  job_.dtype = "bf16";
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(result_.skipped, "it has no layer_norm_forward in bf16");
}

TEST_F(OnnxRuntime, ACrashIsAnError) {
  be("crash");
  const Status ran = run();
  EXPECT_EQ(ran.code(), StatusCode::kInternal);
  EXPECT_THAT(ran.message(), HasSubstr("died of signal 6"));
}

TEST_F(OnnxRuntime, AnInterruptEndsTheChild) {
  be("hang");
  const std::string path = testing::TempDir() + "norma_fake_onnxruntime_pid";
  std::filesystem::remove(path);
  setenv("FAKE_ONNXRUNTIME_PID", path.c_str(), 1);
  pid_t pid = 0;
  interrupted_ = [&] { return static_cast<bool>(std::ifstream(path) >> pid); };
  EXPECT_EQ(run().code(), StatusCode::kInterrupted);
  ASSERT_GT(pid, 0);
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
  std::filesystem::remove(path);
}

TEST_F(OnnxRuntime, TheWheelItselfComputesRight) {
  unsetenv("PYTHONPATH");
  job_.python = "";
  job_.shapes = {{1, 1}, {3, 5}, {40, 64}, {64, 300}};
  job_.cold = false;
  for (const char* dtype : {"f32", "f16"}) {
    for (const char* task : {"layer_norm_forward", "rms_norm_forward", "add_layer_norm_forward",
                             "add_rms_norm_forward"}) {
      job_.dtype = dtype;
      const Status ran = run(task);
      ASSERT_TRUE(ran.ok()) << ran.message();
      if (!result_.skipped.empty()) GTEST_SKIP() << result_.skipped;
      EXPECT_THAT(result_.wrong, SizeIs(0)) << result_.wrong.front();
      EXPECT_THAT(result_.times, SizeIs(4));
    }
  }
}

}  // namespace
}  // namespace norma::bench

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/children.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/support/temp_folder.h"

namespace norma::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool never() { return false; }

// Waits, at most ten seconds, for what takes some milliseconds.
bool comes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 1000; ++i) {
    if (what()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class ChildrenTest : public ::testing::Test {
 protected:
  // A shell cannot trap a signal that it inherits as ignored, as from a shell's background.
  void SetUp() override { ::signal(SIGINT, SIG_DFL); }

  // A shell script that runs in the test's folder.
  ChildJob job(const std::string& name, const std::string& script) const {
    return {name, {"/bin/sh", "-c", "cd '" + folder_.path() + "'; " + script}, log(name)};
  }
  std::string log(const std::string& name) const { return folder_.path(name + ".log"); }
  bool exists(const std::string& name) const {
    return std::filesystem::exists(folder_.path(name));
  }
  // Says "started", and "told" once it gets SIGINT; ends by itself after ten seconds.
  ChildJob sleeper(const std::string& name) const {
    return job(name, "trap 'sleep 0.1; echo > told-" + name + "; exit 130' INT; echo > started-" +
                         name + "; for i in $(seq 1000); do sleep 0.01; done");
  }
  // Exit codes by name, in the order of the ends.
  Status run(const std::vector<ChildJob>& jobs, int side_by_side) {
    ends_.clear();
    return run_children(jobs, side_by_side, never, [&](const ChildEnd& end) {
      EXPECT_GE(end.seconds, 0);
      ends_.emplace_back(end.job->name, end.exit_code);
      return Status();
    });
  }

  test::TempFolder folder_;
  std::vector<std::pair<std::string, int>> ends_;
};

TEST_F(ChildrenTest, EveryEndIsHandedOn) {
  const Status status =
      run({job("good", "exit 0"), job("bad", "exit 3"), job("killed", "kill -KILL $$"),
           job("interrupted", "kill -INT $$"), {"absent", {folder_.path("absent")}, log("absent")}},
          1);
  EXPECT_TRUE(status.ok()) << status.message() << ": the failure of one is for on_end to judge";
  EXPECT_THAT(ends_, ElementsAre(std::pair("good", 0), std::pair("bad", 3),
                                 std::pair("killed", 128 + SIGKILL),
                                 std::pair("interrupted", 128 + SIGINT), std::pair("absent", 127)));
}

TEST_F(ChildrenTest, TheLogTakesBothOutputsAndInputIsEmpty) {
  folder_.write("talker.log", "of an earlier run, much longer than what comes now\n");
  ASSERT_TRUE(run({job("talker", "echo out; echo err >&2; wc -c")}, 1).ok());
  EXPECT_EQ(folder_.read("talker.log"), "out\nerr\n0\n");
}

// Each of the first two waits for the other: one at a time would end in exit code 1.
TEST_F(ChildrenTest, SideBySide) {
  const auto meet = [this](const std::string& name, const std::string& other) {
    return job(name, "echo > " + name + "; for i in $(seq 500); do [ -e " + other +
                         " ] && exit 0; sleep 0.01; done; exit 1");
  };
  ASSERT_TRUE(run({meet("a", "b"), meet("b", "a")}, 2).ok());
  EXPECT_THAT(ends_, ::testing::UnorderedElementsAre(std::pair("a", 0), std::pair("b", 0)));
}

TEST_F(ChildrenTest, NeverMoreThanAskedForAndInOrder) {
  std::vector<ChildJob> jobs;
  std::string order;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    // mkdir takes a place or fails, at once: where both are taken, a third one runs.
    jobs.push_back(job(name, std::string("echo ") + name +
                                 " >> started; if mkdir one; then p=one; elif mkdir two; then "
                                 "p=two; else exit 9; fi; sleep 0.05; rmdir $p"));
    order += std::string(name) + "\n";
  }
  ASSERT_TRUE(run(jobs, 2).ok());
  for (const auto& [name, code] : ends_) EXPECT_EQ(code, 0) << name;
  EXPECT_EQ(ends_.size(), 5u);
  ends_.clear();
  std::filesystem::remove(folder_.path("started"));
  ASSERT_TRUE(run(jobs, 1).ok());
  EXPECT_EQ(folder_.read("started"), order);
}

TEST_F(ChildrenTest, AnErrorOfOneEndsAll) {
  int ends = 0;
  const Status status = run_children(
      {sleeper("a"), job("bad", "while [ ! -e started-a ]; do sleep 0.01; done; exit 3"),
       job("late", "echo > late")},
      2, never, [&ends](const ChildEnd& end) {
        ++ends;
        return Status(StatusCode::kInternal, end.job->name + " failed");
      });
  EXPECT_EQ(status.message(), "bad failed");
  EXPECT_EQ(ends, 1) << "what ends because it was told to is no news";
  EXPECT_TRUE(exists("told-a")) << "the one that ran is told, and waited for";
  EXPECT_FALSE(exists("late"));
}

TEST_F(ChildrenTest, StopEndsAll) {
  const Status status = run_children(
      {sleeper("a"), sleeper("b"), job("late", "echo > late")}, 2,
      [this] { return exists("started-a") && exists("started-b"); },
      [](const ChildEnd&) { return Status(); });
  EXPECT_EQ(status.code(), StatusCode::kInterrupted);
  EXPECT_TRUE(exists("told-a"));
  EXPECT_TRUE(exists("told-b"));
  EXPECT_FALSE(exists("late"));
}

TEST_F(ChildrenTest, StoppedBeforeItBeganNothingRuns) {
  const Status status = run_children(
      {job("a", "echo > ran")}, 1, [] { return true; }, [](const ChildEnd&) { return Status(); });
  EXPECT_EQ(status.code(), StatusCode::kInterrupted);
  EXPECT_FALSE(exists("ran"));
}

TEST_F(ChildrenTest, ALogThatCannotBeIsAnErrorAndEndsAll) {
  ChildJob unwritable = job("b", "echo > ran");
  unwritable.log = folder_.path("no/such/folder.log");
  const Status status = run({sleeper("a"), unwritable}, 2);
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("no/such/folder.log"));
  EXPECT_FALSE(exists("ran"));
  EXPECT_TRUE(ends_.empty());
}

// A terminal sends Ctrl-C to the whole group of its foreground process; members must not get it
// twice, or they would end without a checkpoint.
TEST_F(ChildrenTest, OutOfTheTerminalsReach) {
  ASSERT_TRUE(run({job("a", "cut -d ' ' -f 5 /proc/self/stat")}, 1).ok());
  EXPECT_NE(std::stoi(folder_.read("a.log")), ::getpgrp());
}

// However this process takes signals, a child takes them as any program does.
TEST_F(ChildrenTest, SignalsAreTheChildsOwn) {
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  sigset_t both, before, after;
  ::sigemptyset(&both);
  ::sigaddset(&both, SIGINT);
  ::sigaddset(&both, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &both, &before);
  const Status status = run({job("int", "kill -INT $$"), job("term", "kill -TERM $$")}, 1);
  ::pthread_sigmask(SIG_SETMASK, &before, &after);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(ends_, ElementsAre(std::pair("int", 128 + SIGINT), std::pair("term", 128 + SIGTERM)));
  EXPECT_TRUE(::sigismember(&after, SIGINT)) << "the parent's own are as they were";
  EXPECT_FALSE(::sigismember(&before, SIGINT));
}

TEST_F(ChildrenTest, WhoWatchesHearsOfThoseThatRun) {
  std::vector<std::string> seen;
  const Status status = run_children(
      {job("a", "while [ ! -e seen ]; do sleep 0.01; done"), job("b", "exit 0")}, 1, never,
      [](const ChildEnd&) { return Status(); },
      [&](const std::vector<const ChildJob*>& running) {
        for (const ChildJob* one : running) seen.push_back(one->name);
        folder_.write("seen", "");
      });
  EXPECT_TRUE(status.ok()) << status.message();
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen[0], "a");
}

TEST_F(ChildrenTest, ToldWhenTheParentDies) {
  const pid_t parent = ::fork();
  if (parent == 0) {
    (void)run_children({sleeper("a")}, 1, never, [](const ChildEnd&) { return Status(); });
    ::_exit(0);
  }
  EXPECT_TRUE(comes_true([this] { return exists("started-a"); }));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(comes_true([this] { return exists("told-a"); }));
}

}  // namespace
}  // namespace norma::lab

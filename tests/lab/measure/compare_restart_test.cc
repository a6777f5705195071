// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A comparison that is given again: what of the folder still holds, and what must be made anew.
// Spans: lab/measure

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "lab/train/folder_lock.h"
#include "lab/train/train.h"
#include "tests/support/process.h"
#include "tests/support/tiny_comparison.h"

namespace norma::lab {
namespace {

using ::testing::HasSubstr;

class CompareRestart : public test::TinyComparison {
 protected:
  void SetUp() override {
    TinyComparison::SetUp();
    job_.recipe.axes = {{"seed", {"1", "2"}}};
    members_do("");
  }

  // A member that does `first`, in shell words, where $2 is its folder, and then is done; its
  // result says how often the program was started.
  void members_do(const std::string& first) const {
    write_program(
        "while [ \"$1\" != --out ]; do shift; done\n" + first +
        "echo >> '" + root_ + "/starts'\n"
        "n=$(wc -l < '" + root_ + "/starts')\n"
        "echo '{\"status\": \"done\", \"data\": {\"sha256\": \"" + task().data_sha256 +
        "\"}, \"result\": {\"valid_loss\": '$n', \"seconds\": 1.0}}' > $2/summary.json\n");
  }
  std::string member(int seed) const {
    return job_.folder + "/members/pre-layernorm-warmup0-lr0.01-xavier-seed" +
           std::to_string(seed);
  }
  static std::vector<double> losses(const Result<Json>& summary) {
    std::vector<double> all;
    for (const Json& m : summary.value()["members"]) all.push_back(m["result"]["valid_loss"]);
    return all;
  }
};

TEST_F(CompareRestart, AnotherRecipeThatWasKilledDoesNotInheritTheSummary) {
  ASSERT_TRUE(compare(job_, {}).ok());
  job_.recipe.note = "changed";
  job_.recipe.probe = true;
  std::string said;
  CompareHooks hooks;
  hooks.progress = [&](const CompareProgress& p) { said += p.text; };
  hooks.stop = [] { return true; };
  EXPECT_EQ(compare(job_, hooks).status().code(), StatusCode::kInterrupted);
  EXPECT_THAT(said, HasSubstr(job_.folder + " holds a comparison of other settings"));
  EXPECT_EQ(test::read_text(job_.folder + "/config.toml"), to_toml(job_.recipe));
  const Result<Json> again = compare(job_, {});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again.value()["bleu_note"], "changed");
}

TEST_F(CompareRestart, MembersThatWereRemovedAreInTheSummaryAnew) {
  ASSERT_TRUE(compare(job_, {}).ok());
  std::filesystem::remove_all(member(1));
  const Result<Json> again = compare(job_, {});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(losses(again), (std::vector<double>{3, 2}));
}

// As a member that was removed and trained by itself leaves it.
TEST_F(CompareRestart, ASummaryOfOtherMembersIsMadeAnew) {
  ASSERT_TRUE(compare(job_, {}).ok());
  Json other = read_json(member(2) + "/summary.json").value();
  other["result"]["valid_loss"] = 7;
  ASSERT_TRUE(write_json(member(2) + "/summary.json", other).ok());
  const Result<Json> again = compare(job_, {});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(losses(again), (std::vector<double>{1, 7}));
  EXPECT_EQ(losses(read_json(job_.folder + "/summary.json")), losses(again));
}

TEST_F(CompareRestart, OneNormaAtATimeInAFolder) {
  ASSERT_TRUE(compare(job_, {}).ok());
  job_.recipe.note = "changed";
  const std::string before = test::read_text(job_.folder + "/config.toml");
  {
    FolderLock other;
    ASSERT_TRUE(other.take(job_.folder).ok());
    EXPECT_EQ(compare(job_, {}).status().message(),
              job_.folder + " is in use by another norma; wait for it or choose another --out.");
    EXPECT_EQ(test::read_text(job_.folder + "/config.toml"), before);
  }
  write("out/config.toml.tmp.12", "half");
  ASSERT_TRUE(compare(job_, {}).ok());
  EXPECT_FALSE(std::filesystem::exists(job_.folder + "/config.toml.tmp.12"));
}

TEST_F(CompareRestart, ATrainingIsNotOverwritten) {
  TrainJob training;
  training.recipe = job_.recipe.base;
  training.folder = job_.folder;
  ASSERT_TRUE(train(training, {}).ok());
  const auto files = [&] {
    return test::read_text(job_.folder + "/config.toml") +
           test::read_text(job_.folder + "/summary.json") +
           test::read_text(job_.folder + "/env.json");
  };
  const std::string before = files();
  EXPECT_EQ(compare(job_, {}).status().message(),
            job_.folder + " holds a training run already. Choose another --out.");
  EXPECT_EQ(files(), before);
  EXPECT_FALSE(std::filesystem::exists(job_.folder + "/members"));
  EXPECT_FALSE(std::filesystem::exists(root_ + "/starts")) << "no member was trained";
}

// As after a SIGKILL of the comparison, which its members survive for a moment.
TEST_F(CompareRestart, WaitsForAMemberThatIsAboutToEnd) {
  std::filesystem::create_directories(member(1));
  members_do("[ -e '" + root_ + "/ended' ] || exit 1\n");
  FolderLock orphan;
  ASSERT_TRUE(orphan.take(member(1)).ok());
  std::thread ends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    write("ended", "");
    orphan.release();
  });
  const Result<Json> summary = compare(job_, {});
  ends.join();
  EXPECT_TRUE(summary.ok()) << summary.status().message();
}

TEST_F(CompareRestart, AMemberThatCouldSayNothingMayHaveHadNoSpaceForIt) {
  members_do("exit 1\n");
  EXPECT_THAT(compare(job_, {}).status().message(), HasSubstr("if the disk is full, free some"));
}

// A member runs until it has been looked at.
TEST_F(CompareRestart, ThoseThatWatchSeeHowFarMembersAre) {
  members_do(
      "echo '{\"kind\":\"train\",\"step\":3,\"loss\":2.5,\"tokens\":600,\"seconds\":2}' > "
      "$2/metrics.jsonl\n"
      "for i in $(seq 1000); do [ -e '" + root_ + "/seen' ] && break; sleep 0.01; done\n");
  std::vector<CompareLook> looks;
  CompareHooks hooks;
  hooks.watch = [&](const CompareLook& look) {
    looks.push_back(look);
    write("seen", "");
  };
  ASSERT_TRUE(compare(job_, hooks).ok());
  ASSERT_FALSE(looks.empty());
  EXPECT_EQ(looks[0].done, 0);
  EXPECT_EQ(looks[0].total, 2);
  ASSERT_EQ(looks[0].running.size(), 1u);
  EXPECT_EQ(looks[0].running[0].step, 3);
  EXPECT_EQ(looks[0].running[0].steps, 12);
  // 9 steps more of this one and 12 of the other, at 2/3 s a step.
  EXPECT_DOUBLE_EQ(looks[0].seconds_left, 14);
}

}  // namespace
}  // namespace norma::lab

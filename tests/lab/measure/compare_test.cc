// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A script stands for the program that trains: what is tested is who is started, when, and what
// becomes of their ends. tests/cli trains real members.

#include "lab/measure/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/process.h"
#include "tests/support/tiny_comparison.h"

namespace norma::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kPre1[] = "pre-layernorm-warmup0-lr0.01-xavier-seed1";
constexpr char kPre2[] = "pre-layernorm-warmup0-lr0.01-xavier-seed2";
constexpr char kPost1[] = "post-layernorm-warmup0-lr0.01-xavier-seed1";
constexpr char kPost2[] = "post-layernorm-warmup0-lr0.01-xavier-seed2";

class CompareTest : public test::TinyComparison {
 protected:
  void SetUp() override {
    TinyComparison::SetUp();
    job_.recipe.axes = {{"placement", {"pre", "post"}}, {"seed", {"1", "2"}}};
    job_.data_root = root_ + "/data root";
    job_.environment = {{"machine", "test"}};
    // Says its arguments, does what act-NAME says where there is one, then ends as a run that is
    // done.
    write_program(
        "for word in \"$@\"; do echo \"$word\" >> '" + root_ + "/arguments'; done\n"
        "while [ \"$1\" != --out ]; do shift; done\n"
        "out=$2; name=${out##*/}; root='" + root_ + "'\n"
        "echo $name >> $root/started\n"
        "if [ -e $root/act-$name ]; then . $root/act-$name; fi\n"
        "cp $root/done.json $out/new; mv $out/new $out/summary.json\n");
    const Task data = task();
    unigram_loss_ = unigram_loss(data);
    done_ = {{"schema", 1},
             {"kind", "train"},
             {"status", "done"},
             {"data", {{"sha256", data.data_sha256}}},
             {"result", {{"valid_loss", 2.5}, {"seconds", 1.0}}},
             {"samples", {"long"}}};
    write("done.json", done_.dump());
  }

  std::string file(const std::string& name) const { return join_path(job_.folder, name); }
  std::string member_file(const char* member, const char* name) const {
    return file(std::string("members/") + member + "/" + name);
  }
  // Members in the order of their starts since the last call.
  std::vector<std::string> started() const {
    std::istringstream text(test::read_text(root_ + "/started"));
    std::vector<std::string> names;
    for (std::string line; std::getline(text, line);) names.push_back(line);
    std::filesystem::remove(root_ + "/started");
    return names;
  }

  Json done_;
  double unigram_loss_ = 0;
};

TEST_F(CompareTest, TrainsEachMemberOnceAndCollectsThem) {
  std::vector<std::string> texts;
  CompareHooks hooks;
  hooks.progress = [&](const CompareProgress& p) {
    EXPECT_EQ(p.total, 4);
    EXPECT_EQ(p.done, std::ssize(texts) + 1);
    texts.push_back(p.text);
  };
  const Result<Json> summary = compare(job_, hooks);
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_THAT(started(), ElementsAre(kPre1, kPre2, kPost1, kPost2));
  EXPECT_THAT(texts[2], HasSubstr(std::string(kPost1) + ": validation loss 2.500"));

  const Json& s = summary.value();
  EXPECT_EQ(s, read_json(file("summary.json")).value());
  EXPECT_EQ(s["status"], "done");
  EXPECT_EQ(s["axes"]["placement"], Json({"pre", "post"}));
  EXPECT_EQ(s["axes"]["seed"], Json({1, 2}));
  EXPECT_EQ(s["axes"]["lr"], Json({0.01}));
  EXPECT_EQ(s["unigram_loss"], unigram_loss_);
  ASSERT_EQ(s["members"].size(), 4u);
  EXPECT_EQ(s["members"][3]["run"], std::string("members/") + kPost2);
  EXPECT_EQ(s["members"][3]["result"]["valid_loss"], 2.5);
  EXPECT_FALSE(s["members"][3].contains("samples")) << "they are in the member's own folder";
  EXPECT_FALSE(s.contains("probes"));
  EXPECT_FALSE(s.contains("timing"));
  EXPECT_EQ(test::read_text(file("config.toml")), to_toml(job_.recipe));
  EXPECT_EQ(read_json(file("env.json")).value()["machine"], "test");
  EXPECT_FALSE(exists(member_file(kPre1, "log.txt"))) << "of no use where all went well";
}

TEST_F(CompareTest, MembersAreToldTheirRecipeAndWhereToGo) {
  job_.recipe.axes = {};
  ASSERT_TRUE(compare(job_, {}).ok());
  const std::string config = member_file(kPre1, "config.toml");
  EXPECT_EQ(test::read_text(root_ + "/arguments"),
            "train\n--recipe\n" + config + "\n--out\n" + file("members/") + kPre1 +
                "\n--resume\n--quiet\n--data-root\n" + job_.data_root + "\n");
  TrainRecipe member = job_.recipe.base;
  member.name = kPre1;
  EXPECT_EQ(test::read_text(config), to_toml(member));
}

TEST_F(CompareTest, FinishedMembersAreNotRunAgain) {
  write(std::string("act-") + kPost1, "echo first; echo 'norma: no space' >&2; exit 1\n");
  const Result<Json> failed = compare(job_, {});
  EXPECT_EQ(failed.status().code(), StatusCode::kInternal);
  EXPECT_EQ(failed.status().message(),
            std::string("run ") + kPost1 + " failed (exit code 1): no space");
  EXPECT_THAT(started(), ElementsAre(kPre1, kPre2, kPost1)) << "nothing starts after a failure";
  EXPECT_FALSE(exists(file("summary.json")));
  EXPECT_EQ(test::read_text(member_file(kPost1, "log.txt")), "first\nnorma: no space\n");

  std::filesystem::remove(root_ + "/act-" + kPost1);
  const Result<Json> again = compare(job_, {});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_THAT(started(), ElementsAre(kPost1, kPost2));
  const Result<Json> third = compare(job_, {});
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third.value(), again.value());
  EXPECT_THAT(started(), IsEmpty());
}

TEST_F(CompareTest, AMemberThatIsKilledIsNamedWithItsSignal) {
  write(std::string("act-") + kPre2, "kill -KILL $$\n");
  EXPECT_EQ(compare(job_, {}).status().message(),
            std::string("run ") + kPre2 + " failed (exit code 137): it left no message");
}

TEST_F(CompareTest, GoesOnWhereAMemberDiverges) {
  Json diverged = done_;
  diverged["status"] = "diverged";
  diverged["diverged_at_step"] = 7;
  diverged["result"]["valid_loss"] = nullptr;
  write("diverged.json", diverged.dump());
  write(std::string("act-") + kPre2, "cp $root/diverged.json $out/summary.json; exit 0\n");
  std::vector<std::string> texts;
  CompareHooks hooks;
  hooks.progress = [&](const CompareProgress& p) { texts.push_back(p.text); };
  const Result<Json> summary = compare(job_, hooks);
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(summary.value()["status"], "done");
  EXPECT_EQ(summary.value()["members"][1]["status"], "diverged");
  EXPECT_EQ(summary.value()["members"][1]["diverged_at_step"], 7);
  EXPECT_EQ(summary.value()["members"][2]["status"], "done");
  EXPECT_EQ(texts[1], std::string(kPre2) + ": diverged at step 7");
  EXPECT_EQ(started().size(), 4u);
  ASSERT_TRUE(compare(job_, {}).ok());
  EXPECT_THAT(started(), IsEmpty()) << "a run that diverged is over";
}

// As another program leaves it where a member should have left its own.
TEST_F(CompareTest, ASummaryWithoutItsNumbersIsNamedWithTheKey) {
  const std::string name = member_file(kPre1, "summary.json") + " must have a number ";
  const std::string remedy = " but has none. Remove it and run again.";
  for (const auto& [text, key] :
       {std::pair<const char*, const char*>{"{\"status\": \"over\"}", "result.valid_loss"},
        {"{\"status\": 3, \"result\": []}", "result.valid_loss"},
        {"{\"result\": {\"valid_loss\": 2.5}}", "result.seconds"},
        {"{\"status\": \"diverged\"}", "diverged_at_step"}}) {
    std::filesystem::remove_all(job_.folder);
    write("done.json", text);
    const Status refused = compare(job_, {}).status();
    EXPECT_EQ(refused.code(), StatusCode::kDataLoss);
    EXPECT_EQ(refused.message(), name + key + remedy) << text;
  }
}

TEST_F(CompareTest, StoppedItGoesOnWhereItWas) {
  CompareHooks hooks;
  hooks.stop = [this] { return exists(member_file(kPre1, "summary.json")); };
  EXPECT_EQ(compare(job_, hooks).status().code(), StatusCode::kInterrupted);
  EXPECT_FALSE(exists(file("summary.json")));
  EXPECT_THAT(started(), ElementsAre(kPre1));
  ASSERT_TRUE(compare(job_, {}).ok());
  EXPECT_THAT(started(), ElementsAre(kPre2, kPost1, kPost2));
}

TEST_F(CompareTest, MembersOfOtherDataOrRecipesAreRefused) {
  ASSERT_TRUE(compare(job_, {}).ok());
  started();
  job_.recipe.axes["seed"] = {"1", "3"};
  std::ofstream(root_ + "/pairs.tsv", std::ios::app) << "one more\teins mehr\n";
  EXPECT_THAT(compare(job_, {}).status().message(), HasSubstr("was trained on other data"));
  test::write_tiny_pairs(root_ + "/pairs.tsv");
  job_.recipe.base.train.steps += 1;
  EXPECT_THAT(compare(job_, {}).status().message(), HasSubstr("another recipe"));
  EXPECT_THAT(started(), IsEmpty());
}

TEST_F(CompareTest, AFinishedMemberThatDoesNotNameItsDataIsDamaged) {
  ASSERT_TRUE(compare(job_, {}).ok());
  job_.recipe.axes["seed"] = {"1", "3"};
  for (const char* data : {"null", "3", "{}", "{\"sha256\": 3}"}) {
    Json summary = read_json(member_file(kPre1, "summary.json")).value();
    summary["data"] = Json::parse(data);
    ASSERT_TRUE(write_json(member_file(kPre1, "summary.json"), summary).ok());
    const Status refused = compare(job_, {}).status();
    EXPECT_EQ(refused.code(), StatusCode::kDataLoss) << data;
    EXPECT_THAT(refused.message(), HasSubstr("does not say which data")) << data;
  }
}

// Axes that are only of training leave the initialisation, and so the probe, the same.
TEST_F(CompareTest, ProbesEachInitialisationAndTimesEachNormOnce) {
  job_.recipe.probe = job_.recipe.timing = true;
  job_.recipe.axes = {{"norm", {"layernorm", "rmsnorm"}}, {"lr", {"0.01", "0.02"}},
                      {"warmup_steps", {"0", "5"}}};
  const Result<Json> summary = compare(job_, {});
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(summary.value()["members"].size(), 8u);
  std::vector<std::string> probes, timing;
  for (const Json& p : summary.value()["probes"]) probes.push_back(p["norm"]);
  for (const Json& t : summary.value()["timing"]) timing.push_back(t["norm"]);
  EXPECT_THAT(probes, ElementsAre("layernorm", "rmsnorm"));
  EXPECT_THAT(timing, ElementsAre("layernorm", "rmsnorm"));
  EXPECT_EQ(summary.value()["timing"][0]["samples"], 31);
  EXPECT_EQ(summary.value()["independence"]["layernorm_max_abs_change"], 0.0);
}

}  // namespace
}  // namespace norma::lab

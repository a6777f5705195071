// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/recipes/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace norma::lab {
namespace {

using ::testing::HasSubstr;

class RecipeTest : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    path_ = ::testing::TempDir() + "recipe_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml";
    std::ofstream(path_) << text;
    return path_;
  }
  std::string path_;
};

TEST_F(RecipeTest, ReadsWhatItWritesWithEveryDefault) {
  TrainRecipe recipe;
  recipe.name = "a \"quoted\" \\ name";
  recipe.data.max_words = 8;
  recipe.model.placement = "post";
  recipe.train.lr = 0.1 + 0.2;  // 17 digits are needed
  recipe.train.adam_eps = 1e-9;
  const std::string text = to_toml(recipe);
  const auto read = read_train_recipe(write(text));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(to_toml(read.value()), text);
  EXPECT_EQ(read.value().train.lr, 0.1 + 0.2);
  EXPECT_EQ(read.value().name, recipe.name);
  for (const Field& field : fields_of(recipe)) EXPECT_THAT(text, HasSubstr(field.key));
}

TEST_F(RecipeTest, NamesFileLineKeyAndTheNearestKnownKey) {
  const auto read = read_train_recipe(write("[train]\nlr = 0.1\nwarmup = 3\n"));
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.status().message(), HasSubstr(path_ + ":3: unknown key of [train] \"warmup\""));
  EXPECT_THAT(read.status().message(), HasSubstr("did you mean \"warmup_steps\"?"));
}

TEST_F(RecipeTest, RefusesWrongTypesRangesAndChoices) {
  const std::pair<const char*, const char*> cases[] = {
      {"[train]\nlr = \"fast\"\n", ":2: lr must be a number."},
      {"[train]\nsteps = 1.5\n", ":2: steps must be a whole number."},
      {"[train]\nsteps = 0\n", ":2: steps must be 1 to 1000000000 but is 0."},
      {"[train]\nlr = nan\n", ":2: lr must be 0 to 1000 but is nan."},
      {"[train]\noptimizer = \"adan\"\n", "unknown optimizer \"adan\"; did you mean \"adam\"?"},
      {"[model]\nplacement = \"pots\"\n", "unknown placement \"pots\"; did you mean \"post\"?"},
      {"[modle]\n", ":1: unknown section \"modle\"; did you mean \"model\"?"},
      {"data = 3\n", ":1: data must be a section [data]."},
      {"[train\n", "not TOML"},
      {"[compare]\n", "use norma compare"},
  };
  for (const auto& [text, message] : cases) {
    const auto read = read_train_recipe(write(text));
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.status().message(), HasSubstr(message)) << text;
    EXPECT_EQ(read.status().message().find('\n'), std::string::npos) << "one line";
  }
}

TEST_F(RecipeTest, MissingFileIsNamed) {
  const auto read = read_train_recipe("/nowhere/recipe.toml");
  EXPECT_EQ(read.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(read.status().message(), HasSubstr("/nowhere/recipe.toml"));
}

TEST_F(RecipeTest, RulesOfMoreThanOneKey) {
  TrainRecipe recipe;
  EXPECT_TRUE(validate(recipe).ok()) << validate(recipe).message();
  recipe.data.min_words = 9;
  recipe.data.max_words = 8;
  EXPECT_THAT(validate(recipe).message(), HasSubstr("max_words"));
  recipe = TrainRecipe();
  recipe.model.family = "gpt";
  recipe.bleu.sentences = 10;
  EXPECT_THAT(validate(recipe).message(), HasSubstr("only family \"encdec\" translates"));
}

TEST_F(RecipeTest, BatchStatisticsNeedTwoCases) {
  TrainRecipe recipe;
  recipe.model.family = "mlp";
  recipe.model.norm = "batchnorm";
  EXPECT_TRUE(validate(recipe).ok()) << validate(recipe).message();
  recipe.train.batch_size = 1;
  EXPECT_THAT(validate(recipe).message(), HasSubstr("batch_size must be at least 2"));
  recipe.model.placement = "none";
  EXPECT_TRUE(validate(recipe).ok()) << validate(recipe).message();
  recipe.model.placement = "pre";
  recipe.model.norm = "layernorm";
  EXPECT_TRUE(validate(recipe).ok()) << validate(recipe).message();
  recipe.model.family = "gpt";
  recipe.model.norm = "batchnorm";
  EXPECT_THAT(validate(recipe).message(), HasSubstr("told of the positions it is to predict"));
}

TEST_F(RecipeTest, MembersOfSeveralBatchSizesHaveTheirOwnNames) {
  const auto read = read_compare_recipe(write("[compare]\nbatch_size = [4, 64]\nseed = [1, 2]\n"));
  ASSERT_TRUE(read.ok()) << read.status().message();
  const auto members = members_of(read.value());
  ASSERT_TRUE(members.ok()) << members.status().message();
  ASSERT_EQ(members.value().size(), 4u);
  EXPECT_EQ(members.value()[0].name, "pre-layernorm-warmup0-lr0.001-xavier-seed1-batch4");
  EXPECT_EQ(members.value()[3].name, "pre-layernorm-warmup0-lr0.001-xavier-seed2-batch64");
  EXPECT_EQ(members.value()[3].train.batch_size, 64);
}

constexpr char kComparison[] = R"(
name = "small"
[train]
steps = 10
[compare]
lr = [3e-3, 1e-3]
warmup_steps = [0, 5]
seed = [1, 2, 3]
jobs = 1
[[compare.configuration]]
placement = "post"
norm = "layernorm"
[[compare.configuration]]
placement = "pre"
norm = ["layernorm", "rmsnorm"]
[[compare.configuration]]
placement = "post"
norm = "layernorm"
init = "packed-xavier"
lr = 3e-3
)";

TEST_F(RecipeTest, ListsMembersInOrderWithoutRepetitions) {
  const auto read = read_compare_recipe(write(kComparison));
  ASSERT_TRUE(read.ok()) << read.status().message();
  const auto members = members_of(read.value());
  ASSERT_TRUE(members.ok()) << members.status().message();
  EXPECT_EQ(members.value().size(), 3u * 2 * 2 * 3 + 2 * 3);
  EXPECT_EQ(members.value().front().name, "post-layernorm-warmup0-lr0.003-xavier-seed1");
  EXPECT_EQ(members.value().back().name, "post-layernorm-warmup5-lr0.003-packed-xavier-seed3");
  EXPECT_EQ(members.value().back().train.steps, 10);

  CompareRecipe twice = read.value();
  twice.configurations.push_back(twice.configurations.front());
  EXPECT_EQ(members_of(twice).value().size(), members.value().size());
}

// A placement that applies no norm is the same run under each.
TEST_F(RecipeTest, APlacementWithoutNormsIsTrainedOnce) {
  const auto read = read_compare_recipe(write(
      "[compare]\nplacement = [\"rezero\", \"pre\", \"ngpt\"]\nnorm = [\"rmsnorm\", "
      "\"layernorm\"]\nseed = [1, 2]\n"));
  ASSERT_TRUE(read.ok()) << read.status().message();
  const auto members = members_of(read.value());
  ASSERT_TRUE(members.ok()) << members.status().message();
  EXPECT_EQ(members.value().size(), 2u * (1 + 2 + 1));
  EXPECT_EQ(members.value().front().model.norm, "rmsnorm") << "the first of the list";
}

TEST_F(RecipeTest, ComparisonReadsWhatItWrites) {
  const auto read = read_compare_recipe(write(kComparison));
  ASSERT_TRUE(read.ok());
  const std::string text = to_toml(read.value());
  const auto again = read_compare_recipe(write(text));
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(to_toml(again.value()), text);
  EXPECT_EQ(members_of(again.value()).value().size(), members_of(read.value()).value().size());
}

TEST_F(RecipeTest, ComparisonRefusesWhatIsNoAxis) {
  const std::pair<const char*, const char*> cases[] = {
      {"[compare]\nplacements = [\"post\"]\n", "did you mean \"placement\"?"},
      {"[compare]\nplacement = [\"post\", \"pots\"]\n", "unknown placement \"pots\""},
      {"[compare]\nseed = []\n", "seed must not be an empty list"},
      {"[compare]\nlr = [1e-2, 3e-3, 0.01]\n",
       ":2: lr must name each value once but has 0.01 twice."},
      {"[compare]\nseed = [1, 1]\n", "seed must name each value once but has 1 twice"},
      {"[[compare.configuration]]\nnorm = [\"rmsnorm\", \"rmsnorm\"]\n", "but has rmsnorm twice"},
      {"[compare]\njobs = 0\n", "jobs must be 1 to 256 but is 0"},
      {"[[compare.configuration]]\nsteps = 4\n", "unknown key of [[compare.configuration]]"},
      {"[train]\nsteps = 4\n", "has no [compare] section"},
  };
  for (const auto& [text, message] : cases) {
    const auto read = read_compare_recipe(write(text));
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.status().message(), HasSubstr(message)) << text;
  }
}

TEST_F(RecipeTest, RecipesOfTheProjectAreValid) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(NORMA_SOURCE_DIR "/recipes")) {
    const auto recipe = read_compare_recipe(entry.path());
    ASSERT_TRUE(recipe.ok()) << recipe.status().message();
    const auto members = members_of(recipe.value());
    ASSERT_TRUE(members.ok()) << entry.path() << ": " << members.status().message();
    EXPECT_GE(members.value().size(), 2u);
    ++found;
  }
  EXPECT_GE(found, 3);
}

}  // namespace
}  // namespace norma::lab

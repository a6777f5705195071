// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Help, version and wrong usage.

#include <array>
#include <cctype>

#include "tests/cli/program.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::array kCommands = {"compare", "train",  "probe", "translate", "generate",
                                  "report",  "bench",  "data",  "doctor"};

class Main : public Program {};

TEST_F(Main, EachCommandHelpsWithAnExample) {
  const ProcessEnd all = norma({"--help"});
  expect_done(all);
  EXPECT_THAT(all.out, HasSubstr("Example"));
  for (const std::string command : kCommands) {
    EXPECT_THAT(all.out, HasSubstr("\n  " + command + " "));
    const ProcessEnd end = norma({command, "--help"});
    expect_done(end);
    const size_t example = end.out.find("Example");
    ASSERT_NE(example, std::string::npos) << command;
    EXPECT_THAT(end.out.substr(example), HasSubstr("norma " + command)) << "one of its own";
  }
}

TEST_F(Main, VersionSaysWhichBuildThisIs) {
  const ProcessEnd end = norma({"--version"});
  expect_done(end);
  EXPECT_THAT(end.out, StartsWith("norma "));
  EXPECT_TRUE(std::isdigit(end.out[6])) << end.out;
  EXPECT_THAT(end.out, HasSubstr("torch 2."));
}

TEST_F(Main, AnUnknownCommandIsToldTheNearest) {
  expect_error(norma({"tarin"}), 2, {"\"tarin\"", "did you mean \"train\"", "doctor"});
  expect_error(norma({}), 2, {"norma --help"});
}

TEST_F(Main, AnUnknownFlagIsToldTheNearest) {
  const std::string nearest = "unknown option --placment; the nearest is --placement. See norma ";
  for (const Words& placment : {Words{"--placment", "pre"}, {"--placment=pre"}}) {
    expect_error(norma(Words{"train"} + placment), 2, {nearest + "train --help."});
    expect_error(norma(Words{"compare"} + placment), 2, {nearest + "compare --help."});
    expect_error(norma(Words{"compare", "a.toml"} + placment), 2, {nearest});
  }
  expect_error(norma({"train", "-placement", "pre"}), 2,
               {"-placement; the nearest is --placement"});
  expect_error(norma({"report", "--data-rot"}), 2, {"unknown option --data-rot"});
  expect_error(norma({"--versoin"}), 2, {"the nearest is --version. See norma --help."});
}

TEST_F(Main, WhatIsNoFlagOrMissingIsNamed) {
  expect_error(norma({"train", "--learning", "1"}), 2, {"--learning", "norma train --help"});
  expect_error(norma({"report"}), 2, {"FOLDER", "norma report --help"});
  expect_error(norma({"report", "a", "b"}), 2, {"b", "norma report --help"});
}

TEST_F(Main, AnUnknownChoiceIsToldTheNearestAndAllOfThem) {
  const Words known = {"\"pots\"", "did you mean \"post\"", "none", "post", "pre", "--placement"};
  expect_error(train("run", {"--placement", "pots"}), 2, known);
  expect_error(norma({"probe", "--data", "pairs.tsv", "--placement", "pots"}), 2, known);
  folder_.write("recipe.toml", "[compare]\nplacement = [\"pre\", \"pots\"]\n");
  expect_error(norma({"compare", "recipe.toml"}), 2,
               {"recipe.toml:2", "\"pots\"", "did you mean \"post\"", "none, post, pre"});
  expect_error(train("run", {"--norm", "rmsnrom"}), 2, {"did you mean \"rmsnorm\""});
  expect_error(norma({"bench", "--task", "layer_norm_foward"}), 2, {"layer_norm_forward"});
  EXPECT_FALSE(exists("run")) << "wrong usage leaves nothing behind";
}

TEST_F(Main, AWrongValueIsNamedWithItsRange) {
  expect_error(train("run", {"--lr", "fast"}), 2, {"--lr", "a number", "fast"});
  expect_error(train("run", {"--dropout", "1.5"}), 2, {"--dropout", "0.99", "1.5"});
  expect_error(train("run", {"--heads", "3"}), 2, {"heads=3", "d_model=16"});
  expect_error(train("run", {"--steps"}), 2, {"--steps"});
  expect_error(norma({"generate", "x", "--steps", "0"}), 2, {"--steps"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(Main, WrongRecipesAreNamedWithFileAndLine) {
  folder_.write("typo.toml", "[train]\nstpes = 3\n");
  expect_error(norma({"train", "--recipe", "typo.toml"}), 2,
               {"typo.toml:2", "\"stpes\"", "did you mean \"steps\""});
  folder_.write("broken.toml", "[train\n");
  expect_error(norma({"train", "--recipe", "broken.toml"}), 2, {"broken.toml:1", "TOML"});
  folder_.write("one.toml", "[train]\nsteps = 3\n");
  expect_error(norma({"compare", "one.toml"}), 2, {"one.toml", "norma train"});
  folder_.write("many.toml", "[compare]\nseed = [1, 2]\n");
  expect_error(norma({"train", "--recipe", "many.toml"}), 2, {"many.toml", "norma compare"});
  expect_error(norma({"train", "--recipe", "absent.toml"}), 2, {"absent.toml", "recipes/"});
  expect_error(norma({"train", "--resume"}), 2, {"--out"});
  expect_error(norma({"train", "--resume", "--out", "absent"}), 2, {"no run in absent", "--out"});
}

}  // namespace
}  // namespace norma::test

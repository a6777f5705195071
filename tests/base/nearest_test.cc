// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/nearest.h"

#include <gtest/gtest.h>

namespace norma {
namespace {

TEST(Nearest, FewestEdits) {
  EXPECT_EQ(nearest_name("pots", {"none", "post", "pre"}), "post");
  EXPECT_EQ(nearest_name("rmsnrom", {"layernorm", "rmsnorm"}), "rmsnorm");
  EXPECT_EQ(nearest_name("", {"none", "post", "pre"}), "pre") << "the shortest";
  EXPECT_EQ(nearest_name("x", {"a", "b"}), "a") << "the first of equals";
}

TEST(Nearest, HalfANameIsThatName) {
  EXPECT_EQ(nearest_name("warmup", {"lr", "warmup_steps"}), "warmup_steps");
  EXPECT_EQ(nearest_name("placements", {"placement", "statements"}), "placement");
}

TEST(Nearest, MessageNamesWordGuessAndAll) {
  EXPECT_EQ(unknown_name("placement", "pots", {"none", "post", "pre"}),
            "unknown placement \"pots\"; did you mean \"post\"? Known: none, post, pre.");
}

}  // namespace
}  // namespace norma

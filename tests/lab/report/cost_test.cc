// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/cost.h"

#include <gtest/gtest.h>

namespace norma::lab::report {
namespace {

TEST(Cost, IsOfTheVariantsOwnPlacementOrOfItsNormElsewhere) {
  RunFolder folder;
  folder.timing.resize(2);
  folder.timing[0].norm = folder.timing[1].norm = "layernorm";
  folder.timing[0].placement = "post";
  folder.timing[1].placement = "pre";
  EXPECT_EQ(timing_of(folder, {"pre", "layernorm"}), &folder.timing[1]);
  EXPECT_EQ(timing_of(folder, {"peri", "layernorm"}), &folder.timing[0]);
  EXPECT_EQ(timing_of(folder, {"pre", "rmsnorm"}), nullptr);
}

// Another placement's time beside a model without a norm would say that it has one.
TEST(Cost, AVariantWithoutANormHasNone) {
  RunFolder folder;
  folder.timing.resize(1);
  folder.timing[0].norm = "layernorm";
  folder.timing[0].placement = "pre";
  for (const char* placement : {"none", "rezero", "ngpt"}) {
    EXPECT_EQ(timing_of(folder, {placement, "layernorm"}), nullptr) << placement;
  }
}

}  // namespace
}  // namespace norma::lab::report

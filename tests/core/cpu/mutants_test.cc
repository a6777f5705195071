// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Linked with RMSNorm's kernels as a careless change would leave them (mutants.cmake): the
// comparison with the specification that kernels_test.cc makes must see it on every target. A
// program for each mutant, which the environment variable NORMA_MUTANT names.
// Spans: core/cpu.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>

#include "tests/core/cpu/kernel_run.h"

namespace norma::test {
namespace {

// Problems that kernels_test.cc has: rows worked together, rows worked alone, rows of two blocks.
// Swapped additions show in one row of four.
constexpr std::pair<int64_t, int64_t> kShapes[] = {
    {5, 300}, {1, 511}, {3, 511}, {1, 512}, {3, 512},  {1, 513},  {3, 513},  {1, 767},  {3, 767},
    {1, 768}, {3, 768}, {1, 769}, {3, 769}, {1, 1023}, {3, 1023}, {1, 1024}, {3, 1024}, {3, 1025}};

struct Differences {
  int problems = 0, sums = 0, rstd = 0;
};

Differences differences(const cpu::Kernels& kernels, NormKind kind) {
  Differences d;
  for (const auto& [rows, cols] : kShapes) {
    const Problem p = normal_problem({kind, 1e-5}, rows, cols);
    const Results want = specified(p), got = run_kernels(kernels, p, want, {});
    d.problems += !same_results(got, want);
    d.sums += got.q != want.q;
    d.rstd += got.rstd != want.rstd;
  }
  return d;
}

TEST(Mutant, IsSeenByTheOrdinaryComparison) {
  const char* mutant = std::getenv("NORMA_MUTANT");
  ASSERT_NE(mutant, nullptr);
  const bool fuses = std::string(mutant) == "fma", approximates = std::string(mutant) == "rsqrt";
  for (const cpu::Kernels* kernels : all_kernels()) {
    const Differences d = differences(*kernels, NormKind::kRmsNorm);
    std::printf("%s, %s: %d of %zu problems differ, %d in the raw sums, %d in rstd\n", mutant,
                kernels->name, d.problems, std::size(kShapes), d.sums, d.rstd);
    if (fuses && std::string(kernels->name) == "sse4") {
      EXPECT_EQ(d.problems, 0) << "SSE4 has nothing to fuse with";
    } else {
      EXPECT_GT(d.problems, 0) << kernels->name;
      EXPECT_GT(approximates ? d.rstd : d.sums, 0) << kernels->name;
    }
    if (approximates) {
      EXPECT_EQ(d.sums, 0) << "the fault lies after the sums";
    }
  }
}

// So that it is the mutant that differs, not this program.
TEST(Mutant, TheNormThatWasLeftAloneHasTheSpecifiedBits) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    EXPECT_EQ(differences(*kernels, NormKind::kLayerNorm).problems, 0) << kernels->name;
  }
}

}  // namespace
}  // namespace norma::test

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What mutants_test.cc does, for the kernels of the other operators: the comparison with the
// specification that their own tests make must see the mutant on every target. NORMA_MUTANT_OF
// names the file that was changed.
// Spans: core/cpu.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/core/cpu/batch_run.h"
#include "tests/core/cpu/group_run.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/cpu/pointwise_run.h"
#include "tests/core/cpu/seed_run.h"

namespace norma::test {
namespace {

// Two large numbers that cancel in each column, and ones: the sum tells what met before them, where
// that of other numbers would round to the same f32 in any order.
std::vector<float> cancelling(int64_t rows, int64_t cols, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> matrix(static_cast<size_t>(rows * cols), 1.0f);
  const auto row = [&] { return static_cast<int64_t>(random() % static_cast<uint64_t>(rows)); };
  for (int64_t c = 0; c < cols; ++c) {
    const int64_t i = row(), j = (i + 1 + row()) % rows;
    if (i == j) continue;
    matrix[static_cast<size_t>(i * cols + c)] = 0x1p62f;
    matrix[static_cast<size_t>(j * cols + c)] = -0x1p62f;
  }
  return matrix;
}

using Kernels = cpu::Kernels;

bool columns_differ(const Kernels& kernels, int seed) {
  Problem p = normal_problem({NormKind::kLayerNorm, 1e-5}, 200, 40);
  p.dy = cancelling(200, 40, static_cast<uint64_t>(seed));
  const Results want = specified(p);
  return !same_results(run_kernels(kernels, p, want, {}), want);
}
bool batch_norm_differs(const Kernels& kernels, int seed) {
  BatchProblem p = batch_problem(300, 40, false, static_cast<uint64_t>(seed));
  if (seed % 2 == 0) p.dy = cancelling(300, 40, static_cast<uint64_t>(seed));
  const BatchResults want = specified(p);
  return !same_results(run_kernels(kernels, p, want, {}), want);
}
bool group_norm_differs(const Kernels& kernels, int seed) {
  const GroupProblem p =
      group_problem(2, 12, 3, 50, Layout::kNhwc, static_cast<uint64_t>(seed));
  const GroupResults want = specified(p);
  return !same_results(run_kernels(kernels, p, want, {}), want);
}
bool seed_norm_differs(const Kernels& kernels, int seed) {
  const SeedProblem p = seed_problem(3, 900 + seed, {}, static_cast<uint64_t>(seed));
  const SeedResults want = specified(p);
  return !same_results(SeedRun(p, {}).run(&kernels, &want, false), want);
}
bool pointwise_differs(PointwiseKind kind, const Kernels& kernels, int seed) {
  const PointwiseProblem p =
      pointwise_problem({kind, 0.5, 0}, 3, 900 + seed, static_cast<uint64_t>(seed));
  return !same_results(run_kernels(kernels, p, {}), specified(p));
}
bool dyt_differs(const Kernels& kernels, int seed) {
  return pointwise_differs(PointwiseKind::kDyt, kernels, seed);
}

using Differs = std::function<bool(const Kernels&, int seed)>;
const std::map<std::string, Differs>& operators() {
  static const std::map<std::string, Differs> all = {{"columns.cc", columns_differ},
                                                     {"batch_norm.cc", batch_norm_differs},
                                                     {"group_norm.cc", group_norm_differs},
                                                     {"seed_norm.cc", seed_norm_differs},
                                                     {"dyt.cc", dyt_differs}};
  return all;
}

constexpr int kProblems = 20;

int differences(const Kernels& kernels, const Differs& differs) {
  int count = 0;
  for (int seed = 1; seed <= kProblems; ++seed) count += differs(kernels, seed);
  return count;
}

TEST(OperatorMutant, IsSeenByTheOrdinaryComparison) {
  const char *mutant = std::getenv("NORMA_MUTANT"), *of = std::getenv("NORMA_MUTANT_OF");
  ASSERT_TRUE(mutant != nullptr && of != nullptr);
  ASSERT_TRUE(operators().contains(of)) << of;
  const bool fuses = std::string(mutant).ends_with("_fma");
  for (const Kernels* kernels : all_kernels()) {
    const int count = differences(*kernels, operators().at(of));
    std::printf("%s, %s: %d of %d problems differ\n", mutant, kernels->name, count, kProblems);
    if (fuses && std::string(kernels->name) == "sse4") {
      EXPECT_EQ(count, 0) << "SSE4 has nothing to fuse with";
    } else {
      EXPECT_GT(count, 0) << kernels->name;
    }
  }
}

// channel_rows-inl.h is in both: of two equal functions the linker takes one, the mutant's.
bool share_functions(const std::string& a, const std::string& b) {
  const auto has_rows_of_channels = [](const std::string& file) {
    return file == "batch_norm.cc" || file == "group_norm.cc";
  };
  return a == b || (has_rows_of_channels(a) && has_rows_of_channels(b));
}

// So that it is the mutant that differs, not this program.
TEST(OperatorMutant, TheOperatorsThatWereLeftAloneHaveTheSpecifiedBits) {
  const std::string of = std::getenv("NORMA_MUTANT_OF");
  for (const Kernels* kernels : all_kernels()) {
    for (const auto& [file, differs] : operators()) {
      if (!share_functions(file, of)) {
        EXPECT_EQ(differences(*kernels, differs), 0) << kernels->name << " " << file;
      }
    }
    EXPECT_FALSE(pointwise_differs(PointwiseKind::kDerf, *kernels, 1)) << kernels->name;
  }
}

}  // namespace
}  // namespace norma::test

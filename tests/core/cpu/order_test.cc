// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The tree of additions of every target, read back from its behaviour: raw sums of either pass, and
// column sums under each way to cut them.
// Spans: core/cpu.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/core/cpu/kernel_run.h"
#include "tests/core/written_order.h"

namespace norma::test {
namespace {

class KernelOrder : public testing::TestWithParam<NormKind> {
 protected:
  bool layer_norm() const { return GetParam() == NormKind::kLayerNorm; }
  NormSpec spec() const { return {GetParam(), 1e-5}; }
};

INSTANTIATE_TEST_SUITE_P(Norms, KernelOrder,
                         testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                         [](const auto& info) { return std::string(name_of(info.param)); });

// G and H of rows of dy where xhat = 1: both are the sum of dy.
std::vector<double> backward_sums(const cpu::Kernels& kernels, NormSpec spec, int64_t n,
                                  const std::vector<float>& dy) {
  const auto rows = static_cast<int64_t>(dy.size()) / n;
  const std::vector<float> x(static_cast<size_t>(n), 1.0f), zeros(static_cast<size_t>(rows)),
      ones(static_cast<size_t>(rows), 1.0f);
  std::vector<float> dx(dy.size());
  std::vector<cpu::RawSums> raw(static_cast<size_t>(rows));
  const NormBackward args{{x.data(), DType::kF32, rows, n, 0}, {dy.data(), DType::kF32, rows, n, n},
                          {}, {zeros.data(), zeros.data(), ones.data()},
                          {dx.data(), DType::kF32, rows, n, n}, {}, {}};
  cpu::backward(kernels, spec, args, nullptr, 0, serial_executor(), raw.data());
  std::vector<double> sums;
  for (const cpu::RawSums& each : raw) {
    if (spec.kind == NormKind::kLayerNorm) {
      EXPECT_EQ(each.s, each.q);
    }
    sums.push_back(each.q);
  }
  return sums;
}

TEST_P(KernelOrder, RowSumsOfTheBackward) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int64_t n : {1, 2, 3, 7, 8, 9, 16, 17, 31, 33, 64, 100, 256, 300, 1024, 1100}) {
      const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
        return backward_sums(*kernels, spec(), n,
                             planted(n, i, others, [](int64_t) { return 1.0f; }));
      };
      const std::vector<int64_t> all = range_of(0, n);
      ASSERT_EQ(probed_tree(all, outside).second, tree_by_section_1(n, all))
          << kernels->name << " " << n;
    }
  }
}

// Of each block its first element stands for all.
TEST_P(KernelOrder, BlocksOfALongRow) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (int64_t blocks = 2; blocks <= 20; ++blocks) {
      const int64_t n = (blocks - 1) * 1024 + 5;
      std::vector<int64_t> firsts;
      for (int64_t b = 0; b < blocks; ++b) firsts.push_back(b * 1024);
      const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
        return backward_sums(*kernels, spec(), n, planted(n, i, others, [](int64_t k) {
                               return k % 1024 == 0 ? 1.0f : 0.0f;
                             }));
      };
      ASSERT_EQ(probed_tree(firsts, outside).second, tree_by_section_1(n, firsts))
          << kernels->name << " " << n;
    }
  }
}

// S of the forward pass. The pivot is 0 where the elements that it comes from, the first 24, are;
// the tree is read over the others.
TEST(KernelOrderOfLayerNorm, MeansOfTheForward) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int64_t n : {25, 30, 40, 64, 100, 256, 300, 1024, 1100}) {
      const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
        const std::vector<float> x =
            planted(n, i, others, [](int64_t k) { return k < 24 ? 0.0f : 1.0f; });
        const auto rows = static_cast<int64_t>(others.size());
        std::vector<float> y(x.size());
        std::vector<cpu::RawSums> raw(others.size());
        cpu::forward(*kernels, {NormKind::kLayerNorm, 1e-5},
                     {{x.data(), DType::kF32, rows, n, n}, {}, {},
                      {y.data(), DType::kF32, rows, n, n}, {}},
                     serial_executor(), raw.data());
        std::vector<double> sums;
        for (const cpu::RawSums& each : raw) sums.push_back(each.s);
        return sums;
      };
      const std::vector<int64_t> some = range_of(24, n);
      ASSERT_EQ(probed_tree(some, outside).second, tree_by_section_1(n, some))
          << kernels->name << " " << n;
    }
  }
}

// Squares cannot cancel. Of 2^24, 1 and 1 the sum is 2^24 + 2 where the ones meet first, else 2^24.
TEST_P(KernelOrder, SquaresOfTheForward) {
  constexpr int64_t kRows = 2000;
  std::mt19937_64 random(5);
  for (const int64_t n : {3, 8, 20, 64, 256, 1000, 1024}) {
    std::vector<float> x(static_cast<size_t>(kRows * n)), y(x.size());
    std::vector<std::vector<int64_t>> places;
    for (int64_t r = 0; r < kRows; ++r) {
      std::vector<int64_t> p;
      // Not among the pivot's first 24 elements, where the row is longer.
      const int64_t least = n > 26 && layer_norm() ? 24 : 0;
      while (p.size() < 3) {
        const auto i = least + static_cast<int64_t>(random() % static_cast<uint64_t>(n - least));
        if (std::find(p.begin(), p.end(), i) == p.end()) p.push_back(i);
      }
      x[static_cast<size_t>(r * n + p[0])] = 4096;
      x[static_cast<size_t>(r * n + p[1])] = x[static_cast<size_t>(r * n + p[2])] = 1;
      places.push_back(p);
    }
    if (n <= 26 && layer_norm()) continue;
    for (const cpu::Kernels* kernels : all_kernels()) {
      std::vector<cpu::RawSums> raw(kRows);
      cpu::forward(*kernels, spec(),
                   {{x.data(), DType::kF32, kRows, n, n}, {}, {},
                    {y.data(), DType::kF32, kRows, n, n}, {}},
                   serial_executor(), raw.data());
      for (size_t r = 0; r < kRows; ++r) {
        const std::vector<int64_t>& p = places[r];
        const std::string tree = tree_by_section_1(n, p);
        const std::string ones = Trees::add(Trees::element(p[1]), Trees::element(p[2])).second;
        const bool ones_first = tree.find(ones) != std::string::npos;
        ASSERT_EQ(raw[r].q, 0x1p24 + (ones_first ? 2 : 0)) << kernels->name << " " << tree;
      }
    }
  }
}

// Each column is a probe: dbias, and dweight where xhat = 1.
TEST_P(KernelOrder, ColumnSums) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int threads : {1, 3, 8}) {
      for (const int64_t rows : {1, 2, 31, 32, 33, 70, 130, 200, 300}) {
        const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
          Problem p{spec(), rows, static_cast<int64_t>(others.size()), {}, {}, {}, {}};
          p.x.assign(static_cast<size_t>(rows) * others.size(), 1.0f);
          for (int64_t r = 0; r < rows; ++r) {
            for (const int64_t j : others) {
              p.dy.push_back(r == i ? kLarge : r == j ? -kLarge : 1.0f);
            }
          }
          Results ones;
          ones.mean_hi.assign(static_cast<size_t>(rows), 0);
          ones.mean_lo = ones.mean_hi;
          ones.rstd.assign(static_cast<size_t>(rows), 1);
          Results got;
          KernelRun(p, {.threads = threads, .grain = 1}).backward(*kernels, ones, &got);
          EXPECT_EQ(got.dweight, got.dbias);
          return std::vector<double>(got.dbias.begin(), got.dbias.end());
        };
        ASSERT_EQ(probed_tree(range_of(0, rows), outside).second, tree_by_section_5(rows))
            << kernels->name << ", " << threads << " threads, " << rows << " rows";
      }
    }
  }
}

}  // namespace
}  // namespace norma::test

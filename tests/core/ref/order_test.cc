// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The specification's order of additions: read back from its behaviour, equal to a second statement
// of the text, and different in bits from every wrong order and operation that one could write.
#include "core/ref/order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/ref/layer_norm.h"
#include "core/ref/rms_norm.h"
#include "tests/core/norm_problem.h"
#include "tests/core/ref/mutant.h"
#include "tests/core/written_order.h"
#include "tests/support/bits.h"
#include "tests/support/safetensors.h"
#include "tests/support/shared_data.h"

namespace norma::test {
namespace {

const int64_t kLengths[] = {1,   2,   7,    8,    9,    64,   255,  256,  257,  300,  1000,
                            1023, 1024, 1025, 2048, 3000, 4096, 4097, 5200, 9000, 40000};

TEST(Order, TheTreeReadBackIsTheTextsOwn) {
  constexpr float kLarge = 0x1p100f;
  for (const int64_t n : {1, 2, 3, 5, 8, 9, 17, 40, 100, 256, 300, 1024, 1100}) {
    const std::vector<int64_t> all = range_of(0, n);
    const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
      std::vector<double> sums;
      for (const int64_t j : others) {
        sums.push_back(ref::row_sum<float>(
            n, [&](int64_t k) { return k == i ? kLarge : k == j ? -kLarge : 1.0f; }));
      }
      return sums;
    };
    EXPECT_EQ(probed_tree(all, outside).second, tree_by_section_1(n, all)) << n;
  }
}

// Of each block its first element stands for all.
TEST(Order, TheTreeOverBlocksIsPairsOfNeighbours) {
  for (int64_t blocks = 1; blocks <= 33; ++blocks) {
    const int64_t n = (blocks - 1) * 1024 + 1;
    std::vector<int64_t> firsts;
    for (int64_t b = 0; b < blocks; ++b) firsts.push_back(b * 1024);
    const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
      std::vector<double> sums;
      for (const int64_t j : others) {
        sums.push_back(ref::row_sum<float>(n, [&](int64_t k) {
          return k == i ? 0x1p100f : k == j ? -0x1p100f : k % 1024 == 0 ? 1.0f : 0.0f;
        }));
      }
      return sums;
    };
    EXPECT_EQ(probed_tree(firsts, outside).second, tree_by_section_1(n, firsts)) << blocks;
  }
  EXPECT_EQ(tree_by_section_1(4097, {0, 1024, 2048, 3072, 4096}),
            "(((0 1024) (2048 3072)) 4096)");
}

TEST(Order, TheTreeDownAColumn) {
  for (const int64_t rows : {1, 2, 31, 32, 33, 70, 130, 200}) {
    const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
      std::vector<double> sums;
      for (const int64_t j : others) {
        sums.push_back(ref::column_sum<float>(
            rows, [&](int64_t k) { return k == i ? 0x1p100f : k == j ? -0x1p100f : 1.0f; }));
      }
      return sums;
    };
    EXPECT_EQ(probed_tree(range_of(0, rows), outside).second, tree_by_section_5(rows)) << rows;
  }
}

// A fault that the specification's tests would not see is a fault that it might have.
TEST(Order, EveryWrongOrderShowsInTheRawSums) {
  for (int f = 0; f <= static_cast<int>(kLastOfOrder); ++f) {
    const Fault fault = static_cast<Fault>(f);
    int differ = 0;
    for (const int64_t n : kLengths) {
      std::vector<float> x = normal_values(n, static_cast<uint64_t>(n), 3, 1);
      // Blocks so far from each other that even their f64 tree rounds.
      for (int64_t i = 1024; i < n; ++i) {
        x[static_cast<size_t>(i)] *= std::ldexp(1.0f, static_cast<int>(i / 1024 * 37 % 61) - 30);
      }
      const ref::RowSums pivoted = ref::layer_norm_sums(x.data(), n);
      const ref::RowSums squares = ref::rms_norm_sums(x.data(), n);
      const Sums a = mutant_sums<float>(x.data(), n, static_cast<float>(pivoted.pivot), fault);
      const Sums b = mutant_sums<float>(x.data(), n, 0.0f, fault);
      differ += !same_bits(a.s, pivoted.s) || !same_bits(a.q, pivoted.q) ||
                !same_bits(b.q, squares.q);
    }
    if (fault == Fault::kNone) {
      EXPECT_EQ(differ, 0) << "the second statement differs from core/ref";
    } else {
      EXPECT_GT(differ, 0) << "fault " << f << " hides";
    }
  }
}

TEST(Order, TheSameInF64WhereARowIsRedone) {
  for (const int64_t n : kLengths) {
    const std::vector<float> x = normal_values(n, static_cast<uint64_t>(n), 3e20f, 1);
    const ref::RowSums redone = ref::layer_norm_redo_sums(x.data(), n);
    const Sums want = mutant_sums<double>(x.data(), n, static_cast<double>(x[0]), Fault::kNone);
    EXPECT_TRUE(same_bits(redone.s, want.s) && same_bits(redone.q, want.q)) << n;
    const Sums squares = mutant_sums<double>(x.data(), n, 0.0, Fault::kNone);
    EXPECT_TRUE(same_bits(ref::rms_norm_redo_sums(x.data(), n).q, squares.q)) << n;
  }
}

// How many of the problems have other results under the fault.
class Differences {
 public:
  void add(NormKind kind, const std::vector<float>& x, const std::vector<float>& weight,
           const std::vector<float>& bias, double eps, const std::vector<float>& stats,
           const std::vector<float>& y) {
    for (int f = 0; f < static_cast<int>(Fault::kCount); ++f) {
      const MutantRow got = mutant_forward(kind, x, weight, bias, eps, static_cast<Fault>(f));
      const float three[3] = {got.mean_hi, got.mean_lo, got.rstd};
      if (!same_bits(three, stats.data(), 3) || !same_bits(got.y.data(), y.data(), y.size())) {
        ++count_[f];
      }
    }
    ++problems_;
  }
  void expect_every_fault_seen() const {
    EXPECT_EQ(count_[0], 0) << "of " << problems_ << " that differ without a fault";
    for (int f = 1; f < static_cast<int>(Fault::kCount); ++f) {
      // f64 over blocks of f32 hardly rounds, and never to be seen in f32: raw sums alone show it.
      if (static_cast<Fault>(f) == Fault::kBlocksInSequence) continue;
      EXPECT_GT(count_[f], 0) << "fault " << f << " hides";
      std::printf("fault %d shows in %d of %d\n", f, count_[f], problems_);
    }
  }

 private:
  int count_[static_cast<int>(Fault::kCount)] = {};
  int problems_ = 0;
};

TEST(Order, EveryFaultShowsInTheSpecificationsResults) {
  Differences differences;
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const int64_t n : {64, 300, 1025, 9000}) {
      for (int which = -3; which < kFiniteHostileRows; ++which) {
        Problem p = normal_problem({kind, 1e-5}, 1, n, static_cast<uint64_t>(which + 5));
        if (which >= 0) p.x = hostile_row(which, n);
        const Results want = specified(p);
        const bool pivoted = kind == NormKind::kLayerNorm;
        differences.add(kind, p.x, p.weight, p.bias, 1e-5,
                        {pivoted ? want.mean_hi[0] : 0, pivoted ? want.mean_lo[0] : 0,
                         want.rstd[0]},
                        want.y);
      }
    }
  }
  differences.expect_every_fault_seen();
}

TEST(Order, EveryFaultShowsInTheGoldenVectors) {
  const std::string path = shared_data_path("norma-1-golden/norma-1.safetensors");
  NORMA_SKIP_IF_ABSENT(path);
  const auto tensors = read_f32_tensors(path);
  Differences differences;
  for (const auto& [key, x] : tensors) {
    const std::string name = key.substr(0, key.size() - 2);
    const size_t eps = name.rfind(".eps");
    if (!key.ends_with(".x") || eps == std::string::npos) continue;
    const NormKind kind =
        name.starts_with("rms_norm") ? NormKind::kRmsNorm : NormKind::kLayerNorm;
    differences.add(kind, x, tensors.at(name + ".weight"), tensors.at(name + ".bias"),
                    std::strtod(name.c_str() + eps + 4, nullptr), tensors.at(name + ".stats"),
                    tensors.at(name + ".y"));
  }
  differences.expect_every_fault_seen();
}

}  // namespace
}  // namespace norma::test

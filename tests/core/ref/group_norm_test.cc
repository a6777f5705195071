// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// GroupNorm's specification against LayerNorm's of the same row, a second statement of the order of
// additions, the other layout, and finite differences.
#include "core/ref/group_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "core/ref/layer_norm.h"
#include "tests/core/group_problem.h"
#include "tests/core/written_order.h"

namespace norma::test {
namespace {

GroupProblemOf<double> in_f64(const GroupProblem& p) {
  const auto wide = [](const std::vector<float>& v) {
    return std::vector<double>(v.begin(), v.end());
  };
  return {p.spec,    p.layout,   p.samples,      p.channels,  p.positions,
          wide(p.x), wide(p.dy), wide(p.weight), wide(p.bias)};
}

// Group r and its results as a LayerNorm row: statistics, y and dx have the bits of LayerNorm's,
// with the weight of an element's channel.
template <typename T>
void expect_layer_norm_of_each_group(const GroupProblemOf<T>& p) {
  constexpr DType kDType = GroupProblemOf<T>::kDType;
  const GroupResultsOf<T> got = specified(p);
  const auto n = static_cast<size_t>(p.row());
  const int64_t depth = p.channels / p.spec.groups;
  for (int64_t r = 0; r < p.groups(); ++r) {
    std::vector<T> x(n), dy(n), weight(n), bias(n), y(n), dx(n);
    for (size_t i = 0; i < n; ++i) {
      const auto at = static_cast<size_t>(p.in_group(r, static_cast<int64_t>(i)));
      const auto c = static_cast<size_t>(r % p.spec.groups * depth) + i / p.positions;
      x[i] = p.x[at];
      dy[i] = p.dy[at];
      weight[i] = p.weight[c];
      bias[i] = p.bias[c];
    }
    T hi, lo, rstd;
    const NormSpec spec{NormKind::kLayerNorm, p.spec.eps};
    const int64_t cols = p.row();
    const ConstRowsView rows{x.data(), kDType, 1, cols, cols};
    ref::layer_norm_forward(spec, {rows,
                                   p.parameter(weight),
                                   p.parameter(bias),
                                   {y.data(), kDType, 1, cols, cols},
                                   {&hi, &lo, &rstd}});
    ref::layer_norm_backward(spec, {rows,
                              {dy.data(), kDType, 1, cols, cols},
                              p.parameter(weight),
                              {&hi, &lo, &rstd},
                              {dx.data(), kDType, 1, cols, cols},
                              {},
                              {}});
    const auto g = static_cast<size_t>(r);
    ASSERT_TRUE(same_bits(got.mean_hi[g], hi) && same_bits(got.mean_lo[g], lo));
    ASSERT_TRUE(same_bits(got.rstd[g], rstd));
    for (size_t i = 0; i < n; ++i) {
      const auto at = static_cast<size_t>(p.in_group(r, static_cast<int64_t>(i)));
      ASSERT_TRUE(same_bits(got.y[at], y[i])) << "group " << r << " element " << i;
      ASSERT_TRUE(same_bits(got.dx[at], dx[i])) << "group " << r << " element " << i;
    }
  }
}

TEST(GroupNormReference, AGroupIsALayerNormRow) {
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    for (const int64_t groups : {1, 3, 12}) {
      for (const int64_t positions : {1, 5, 49, 700}) {
        const GroupProblem p = group_problem(3, 12, groups, positions, layout);
        expect_layer_norm_of_each_group(p);
        expect_layer_norm_of_each_group(in_f64(p));
      }
    }
  }
}

TEST(GroupNormReference, HostileGroupsAreLayerNormRowsToo) {
  for (int which = 0; which < kHostileRows; ++which) {
    GroupProblem p = group_problem(1, 6, 2, 50);
    const std::vector<float> row = hostile_row(which, p.row());
    std::copy(row.begin(), row.end(), p.x.begin() + p.row());
    expect_layer_norm_of_each_group(p);
  }
}

TEST(GroupNormReference, BothLayoutsHaveTheSameBits) {
  for (const int64_t groups : {1, 2, 6}) {
    const GroupProblem p = group_problem(4, 6, groups, 133);
    const GroupProblem q = in_other_layout(p);
    GroupResults a = specified(p);
    const GroupResults b = specified(q);
    for (auto member : {&GroupResults::y, &GroupResults::dx}) {
      for (int64_t i = 0; i < p.size(); ++i) {
        const int64_t n = i / (6 * 133), c = i / 133 % 6, s = i % 133;
        ASSERT_TRUE(same_bits((a.*member)[static_cast<size_t>(p.place(n, c, s))],
                              (b.*member)[static_cast<size_t>(q.place(n, c, s))]));
      }
    }
    a.y = b.y;
    a.dx = b.dx;
    EXPECT_TRUE(same_results(b, a));
  }
}

// Positions of a sample by section 1, rounded to f32; samples by section 5.
float written_channel_sum(int64_t samples, int64_t positions,
                          const std::function<float(int64_t, int64_t)>& term) {
  std::vector<double> nodes;
  float block = 0;
  for (int64_t n = 0; n < samples; ++n) {
    const double sum =
        sum_terms_by_section_1<Numbers<float>>(positions, [&](int64_t s) { return term(n, s); });
    block += static_cast<float>(sum + 0.0);
    if (n % 32 == 31 || n + 1 == samples) {
      nodes.push_back(static_cast<double>(block));
      block = 0;
    }
  }
  while (nodes.size() > 1) {
    if (nodes.size() % 2 != 0) nodes.push_back(0);
    for (size_t k = 0; k < nodes.size() / 2; ++k) nodes[k] = nodes[2 * k] + nodes[2 * k + 1];
    nodes.resize(nodes.size() / 2);
  }
  return static_cast<float>(nodes[0] + 0.0);
}

TEST(GroupNormReference, ParameterGradientsAddInTheOrderOfThePage) {
  for (const int64_t samples : {1, 31, 32, 33, 70, 130}) {
    for (const int64_t positions : {1, 9, 300, 1030}) {
      if (samples * positions > 40000) continue;
      const GroupProblem p = group_problem(samples, 2, 1, positions);
      const GroupResults r = specified(p);
      for (int64_t c = 0; c < 2; ++c) {
        const auto dy = [&](int64_t n, int64_t s) {
          return p.dy[static_cast<size_t>(p.place(n, c, s))];
        };
        const auto product = [&](int64_t n, int64_t s) {
          const auto g = static_cast<size_t>(n);
          const float x = p.x[static_cast<size_t>(p.place(n, c, s))];
          return dy(n, s) * (((x - r.mean_hi[g]) - r.mean_lo[g]) * r.rstd[g]);
        };
        const auto i = static_cast<size_t>(c);
        ASSERT_TRUE(same_bits(r.dbias[i], written_channel_sum(samples, positions, dy)));
        ASSERT_TRUE(same_bits(r.dweight[i], written_channel_sum(samples, positions, product)));
      }
    }
  }
}

// L = sum(dy * y) by every element of `values`, which p holds. D(h) = (L(v + h) - L(v - h)) / 2h is
// wrong by k h^2 + O(h^4), so (4 D(h) - D(2h)) / 3 by O(h^4), far below |D(h) - D(2h)| = 3 k h^2.
// That difference and the rounding of L, over h, are the tolerance.
void expect_differences(GroupProblemOf<double>& p, std::vector<double>& values,
                        const std::vector<double>& gradient, const char* name) {
  constexpr double kStep = 0x1p-12;
  double size = 0;
  const auto loss = [&] {
    const GroupResultsOf<double> r = specified(p);
    double sum = 0;
    size = 0;
    for (size_t i = 0; i < r.y.size(); ++i) {
      sum += p.dy[i] * r.y[i];
      size += std::abs(p.dy[i] * r.y[i]);
    }
    return sum;
  };
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    const auto difference = [&](double h) {
      values[i] = value + h;
      const double above = loss();
      values[i] = value - h;
      const double below = loss();
      values[i] = value;
      return (above - below) / (2 * h);
    };
    const double one = difference(kStep), two = difference(2 * kStep);
    const double rounding = 64 * std::numeric_limits<double>::epsilon() * size / kStep;
    EXPECT_NEAR(gradient[i], (4 * one - two) / 3, std::abs(one - two) + rounding) << name << i;
    EXPECT_LT(std::abs(one - two), 1e-4) << "too curved to tell";
  }
}

TEST(GroupNormReference, BackwardIsTheDerivative) {
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    for (const int64_t groups : {1, 2, 4}) {
      GroupProblemOf<double> p = in_f64(group_problem(2, 4, groups, 5, layout));
      const GroupResultsOf<double> r = specified(p);
      expect_differences(p, p.x, r.dx, "dx");
      expect_differences(p, p.weight, r.dweight, "dweight");
      expect_differences(p, p.bias, r.dbias, "dbias");
    }
  }
}

TEST(GroupNormReference, WithoutElements) {
  const GroupProblem no_positions = group_problem(2, 6, 3, 0);
  const GroupResults r = specified(no_positions);
  for (size_t g = 0; g < 6; ++g) {
    EXPECT_EQ(r.mean_hi[g], 0);
    EXPECT_TRUE(std::isnan(r.rstd[g]));
  }
  EXPECT_EQ(r.dweight, std::vector<float>(6, 0));
  const GroupResults none = specified(group_problem(0, 6, 3, 4));
  EXPECT_EQ(none.dbias, std::vector<float>(6, 0));
}

}  // namespace
}  // namespace norma::test

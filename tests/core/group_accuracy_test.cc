// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// GroupNorm against two centred passes in long double, within the bounds of docs/channel-norms.md.
// Spans: core/plan, core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <vector>

#include "core/plan/channel_norm.h"
#include "core/ref/truth.h"
#include "tests/core/group_problem.h"
#include "tests/core/norm_case.h"

namespace norma::test {
namespace {

using Real = long double;

static_assert(LDBL_MANT_DIG >= 64);  // the truth's own error is far below any bound

constexpr Real kLeast = 0x1p-149L;

Real half_ulp(Real y) {
  int exponent = 0;
  std::frexp(y, &exponent);
  return std::ldexp(Real(1), std::max(exponent - 24, -149) - 1);
}

GroupResults by_plan(const GroupProblem& p) {
  GroupResults r;
  r.y.resize(p.x.size());
  r.dx.resize(p.x.size());
  r.mean_hi.resize(static_cast<size_t>(p.groups()));
  r.mean_lo = r.rstd = r.mean_hi;
  r.dweight.resize(static_cast<size_t>(p.channels));
  r.dbias = r.dweight;
  const GroupNormForward f{p.view(p.x.data()),
                           p.parameter(p.weight),
                           p.parameter(p.bias),
                           p.view(r.y.data()),
                           {r.mean_hi.data(), r.mean_lo.data(), r.rstd.data()}};
  const GroupNormBackward b{f.x,
                            p.view(p.dy.data()),
                            f.weight,
                            {r.mean_hi.data(), r.mean_lo.data(), r.rstd.data()},
                            p.view(r.dx.data()),
                            {r.dweight.data(), DType::kF32, p.channels},
                            {r.dbias.data(), DType::kF32, p.channels}};
  const Executor& executor = serial_executor();
  size_t bytes = 0;
  EXPECT_TRUE(group_norm_forward_workspace_size(p.spec, f, executor, &bytes).ok());
  std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 1);
  EXPECT_TRUE(group_norm_forward(p.spec, f, workspace.data(), bytes, executor).ok());
  EXPECT_TRUE(group_norm_backward_workspace_size(p.spec, b, executor, &bytes).ok());
  workspace.resize(bytes / sizeof(NormCase::Line) + 1);
  EXPECT_TRUE(group_norm_backward(p.spec, b, workspace.data(), bytes, executor).ok());
  return r;
}

class GroupJudge {
 public:
  explicit GroupJudge(const GroupProblem& p)
      : p_(p),
        r_(by_plan(p)),
        dweight_(r_.dweight.size()),
        dbias_(dweight_),
        dweight_scale_(dweight_),
        dbias_scale_(dweight_),
        floor_(dweight_) {}

  // The largest share of its bound that each error has taken.
  double y = 0, dx = 0, dweight = 0, dbias = 0;

  void judge() {
    for (int64_t g = 0; g < p_.groups(); ++g) group(g);
    for (size_t c = 0; c < dweight_.size(); ++c) {
      count(r_.dweight[c], dweight_[c], 0x1p-16L * dweight_scale_[c] + floor_[c], &dweight);
      count(r_.dbias[c], dbias_[c], 0x1p-18L * dbias_scale_[c], &dbias);
    }
  }

 private:
  static void count(float got, Real want, Real bound, double* share) {
    const Real error = std::abs(got - want);
    const Real part = error == 0 ? 0 : error / bound;
    *share = std::max(*share, part >= 0 ? static_cast<double>(part) : HUGE_VAL);
  }

  void group(int64_t g) {
    const auto n = static_cast<size_t>(p_.row());
    const int64_t depth = p_.channels / p_.spec.groups;
    std::vector<float> x(n), dy(n), weight(n, 1.0f), bias(n, 0.0f);
    std::vector<size_t> at(n), channel(n);
    for (size_t i = 0; i < n; ++i) {
      at[i] = static_cast<size_t>(p_.in_group(g, static_cast<int64_t>(i)));
      channel[i] = static_cast<size_t>(g % p_.spec.groups * depth) + i / p_.positions;
      x[i] = p_.x[at[i]];
      dy[i] = p_.dy[at[i]];
      if (!p_.weight.empty()) weight[i] = p_.weight[channel[i]];
      if (!p_.bias.empty()) bias[i] = p_.bias[channel[i]];
    }
    const NormSpec spec{NormKind::kLayerNorm, p_.spec.eps};
    const ref::TrueRow truth = ref::true_row(spec, x.data(), p_.row());
    const std::vector<Real> true_dx = ref::true_dx(spec, truth, dy.data(), weight.data());
    Real mean = 0;
    for (size_t i = 0; i < n; ++i) {
      mean += std::abs(Real(dy[i]) * weight[i]) * (1 + std::abs(truth.xhat[i])) / n;
    }
    for (size_t i = 0; i < n; ++i) {
      const Real w = weight[i], b = bias[i], xhat = truth.xhat[i], size = std::abs(xhat);
      const Real want = xhat * w + b;
      count(r_.y[at[i]], want, half_ulp(want) + 0x1p-17L * (std::abs(w) * (1 + size) + std::abs(b)),
            &y);
      const Real bound = 0x1p-15L * truth.rstd * (std::abs(dy[i] * w) + (1 + size) * mean);
      count(r_.dx[at[i]], true_dx[i], bound + kLeast * (1 + truth.rstd * (2 + size)), &dx);
      const size_t c = channel[i];
      dweight_[c] += dy[i] * xhat;
      dweight_scale_[c] += std::abs(dy[i]) * (1 + size);
      floor_[c] += kLeast * (1 + std::abs(dy[i])) / 2;
      dbias_[c] += dy[i];
      dbias_scale_[c] += std::abs(dy[i]);
    }
  }

  const GroupProblem& p_;
  const GroupResults r_;
  std::vector<Real> dweight_, dbias_, dweight_scale_, dbias_scale_, floor_;
};

class GroupAccuracy : public testing::Test {
 protected:
  void expect_within_bounds(const GroupProblem& p) {
    GroupJudge judge(p);
    judge.judge();
    EXPECT_LE(judge.y, 1);
    EXPECT_LE(judge.dx, 1);
    EXPECT_LE(judge.dweight, 1);
    EXPECT_LE(judge.dbias, 1);
    y_ = std::max(y_, judge.y);
    dx_ = std::max(dx_, judge.dx);
    dweight_ = std::max(dweight_, judge.dweight);
    dbias_ = std::max(dbias_, judge.dbias);
  }
  void TearDown() override {
    std::printf("largest share of the bound: y %.3f, dx %.3f, dweight %.3f, dbias %.3f\n", y_, dx_,
                dweight_, dbias_);
    // A judge whose truth were the library's own answer would see no error.
    EXPECT_GT(y_, 1e-3);
    EXPECT_GT(dx_, 1e-3);
  }
  double y_ = 0, dx_ = 0, dweight_ = 0, dbias_ = 0;
};

TEST_F(GroupAccuracy, OrdinaryImages) {
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    for (const int64_t positions : {1, 2, 9, 49, 100, 1024, 3000}) {
      for (const int64_t groups : {1, 4, 16}) {
        for (const int64_t samples : {1, 3, 40}) {
          if (samples * positions > 5000) continue;
          expect_within_bounds(group_problem(samples, 16, groups, positions, layout));
        }
      }
    }
  }
}

// dy is small enough that no gradient overflows, though rstd may be 2^126.
TEST_F(GroupAccuracy, HostileImages) {
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    for (const double eps : {0.0, 1e-5}) {
      for (const int64_t positions : {1, 9, 300}) {
        for (int which = 0; which < kFiniteHostileRows; ++which) {
          GroupProblem p = group_problem(2, 6, 2, positions, layout, 3, which % 2, which % 3);
          p.spec.eps = eps;
          const std::vector<float> row = hostile_row(which, p.row());
          for (int64_t i = 0; i < p.row(); ++i) {
            p.x[static_cast<size_t>(p.in_group(1, i))] = row[static_cast<size_t>(i)];
          }
          for (float& v : p.dy) v *= 0x1p-20f;
          expect_within_bounds(p);
        }
      }
    }
  }
}

}  // namespace
}  // namespace norma::test

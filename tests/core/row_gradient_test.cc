// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The gradients of every row norm and dialect, in f64, against differences of its forward pass.
// Spans: core/plan, core/ref.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/plan/plan.h"
#include "tests/core/norm_problem.h"

namespace norma::test {
namespace {

using Doubles = std::vector<double>;

struct Gradients {
  Doubles dx, dweight, dbias;
};

// rows x cols of f64, dense, through the plan.
class Call {
 public:
  Call(const NormSpec& spec, int64_t rows, int64_t cols) : spec_(spec), rows_(rows), cols_(cols) {
    const auto some = [](int64_t n, uint64_t seed, float shift) {
      const std::vector<float> values = normal_values(n, seed, 1, shift);
      return Doubles(values.begin(), values.end());
    };
    x = some(rows * cols, 1, 0.5f), dy = some(rows * cols, 2, 0);
    weight = some(cols, 3, 1), bias = some(cols, 4, 0);
  }

  // sum(dy * y)
  double loss() {
    Doubles y(x.size());
    hi_.assign(static_cast<size_t>(rows_), 0);
    lo_ = rstd_ = hi_;
    const NormForward args{view(x), parameter(weight), parameter(bias), view(y), statistics()};
    EXPECT_TRUE(norm_forward(spec_, args, serial_executor()).ok());
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i) sum += dy[i] * y[i];
    return sum;
  }
  Gradients gradients() {
    loss();  // saves the statistics
    Gradients g{Doubles(x.size()), Doubles(weight.size()), Doubles(bias.size())};
    const Statistics s = statistics();
    const NormBackward args{view(x),
                            view(dy),
                            parameter(weight),
                            {s.mean_hi, s.mean_lo, s.rstd},
                            view(g.dx),
                            parameter_to(g.dweight),
                            parameter_to(g.dbias)};
    EXPECT_TRUE(norm_backward(spec_, args, nullptr, 0, serial_executor()).ok());
    return g;
  }

  Doubles x, dy, weight, bias;

 private:
  RowsView view(Doubles& values) { return {values.data(), DType::kF64, rows_, cols_, cols_}; }
  static ConstVectorView parameter(const Doubles& values) {
    return {values.data(), DType::kF64, static_cast<int64_t>(values.size())};
  }
  static VectorView parameter_to(Doubles& values) {
    return {values.data(), DType::kF64, static_cast<int64_t>(values.size())};
  }
  Statistics statistics() {
    return {saves_mean_hi(spec_.kind) ? hi_.data() : nullptr,
            saves_mean_lo(spec_.kind) ? lo_.data() : nullptr, rstd_.data()};
  }

  NormSpec spec_;
  int64_t rows_, cols_;
  Doubles hi_, lo_, rstd_;
};

// (4 D(h) - D(2h)) / 3 is off by O(h^4), far below |D(h) - D(2h)|, which is O(h^2); the rounding of
// both losses, 64 eps of their terms over h, is the rest.
void expect_gradient(Call& call, Doubles& at, const Doubles& found, double step,
                     const std::string& what) {
  const double rounding = 64 * 0x1p-52 * (1 + std::abs(call.loss())) / step;
  for (size_t i = 0; i < at.size(); ++i) {
    const double middle = at[i];
    const auto slope = [&](double h) {
      at[i] = middle + h;
      const double above = call.loss();
      at[i] = middle - h;
      const double below = call.loss();
      at[i] = middle;
      return (above - below) / (2 * h);
    };
    const double one = slope(step), two = slope(2 * step);
    ASSERT_NEAR(found[i], (4 * one - two) / 3, std::abs(one - two) + rounding)
        << what << " element " << i;
  }
}

void expect_gradients(const NormSpec& spec, int64_t cols, const std::string& what,
                      bool one_weight = false) {
  SCOPED_TRACE(name_of(spec.kind));
  Call call(spec, 2, cols);
  if (one_weight) call.weight.resize(1);
  const Gradients g = call.gradients();
  constexpr double kStep = 0x1p-12;
  expect_gradient(call, call.x, g.dx, kStep, what + " dx");
  expect_gradient(call, call.weight, g.dweight, kStep, what + " dweight");
  expect_gradient(call, call.bias, g.dbias, kStep, what + " dbias");
}

TEST(RowGradients, WhereverEpsStands) {
  for (const NormKind kind :
       {NormKind::kLayerNorm, NormKind::kRmsNorm, NormKind::kL2Norm, NormKind::kCrmsNorm}) {
    for (const EpsMode mode :
         {EpsMode::kDefault, EpsMode::kInside, EpsMode::kOutside, EpsMode::kClamp}) {
      for (const double eps : {1e-5, 0.3, 20.0}) {
        for (const int64_t cols : {2, 5, 19}) {
          expect_gradients({kind, eps, false, false, mode}, cols,
                           "mode " + std::to_string(static_cast<int>(mode)) + " eps " +
                               std::to_string(eps) + " cols " + std::to_string(cols));
        }
      }
    }
  }
}

TEST(RowGradients, OfStatisticsOfTheFirstColumns) {
  for (const EpsMode mode : {EpsMode::kInside, EpsMode::kOutside, EpsMode::kClamp}) {
    for (const int64_t k : {1, 2, 5, 11, 12}) {
      for (const NormKind kind : {NormKind::kRmsNorm, NormKind::kL2Norm}) {
        expect_gradients({kind, 0.2, true, false, mode, k}, 12, "k " + std::to_string(k));
      }
    }
  }
}

TEST(RowGradients, OfOneWeightForAllColumns) {
  for (const int64_t cols : {1, 2, 7, 30}) {
    expect_gradients({NormKind::kL2Norm, 1e-5}, cols, "cols " + std::to_string(cols), true);
  }
}

// The gradient is that of RMSNorm of the whole vector, of which the last element, minus the sum of
// the others, takes no part in the loss.
TEST(RowGradients, OfCrmsNormAreThoseOfTheWholeVector) {
  for (const EpsMode mode : {EpsMode::kInside, EpsMode::kOutside}) {
    for (const int64_t cols : {1, 2, 9, 40}) {
      const auto n = static_cast<size_t>(cols);
      Call crms({NormKind::kCrmsNorm, 0.1, false, false, mode}, 1, cols);
      Call rms({NormKind::kRmsNorm, 0.1, false, false, mode}, 1, cols + 1);
      double last = 0;
      for (const double x : crms.x) last -= x;
      rms.x = crms.x, rms.dy = crms.dy, rms.weight = crms.weight, rms.bias = crms.bias;
      rms.x.push_back(last), rms.dy.push_back(0), rms.weight.push_back(1), rms.bias.push_back(0);
      EXPECT_NEAR(crms.loss(), rms.loss(), 1e-12);
      const Gradients got = crms.gradients(), whole = rms.gradients();
      for (size_t i = 0; i < n; ++i) {
        EXPECT_NEAR(got.dx[i], whole.dx[i] - whole.dx[n], 1e-12) << cols << " element " << i;
        EXPECT_NEAR(got.dweight[i], whole.dweight[i], 1e-12) << cols << " element " << i;
      }
    }
  }
}

// Of a row without deviation eps alone is left: dx is g / eps, less its mean in LayerNorm.
TEST(RowGradients, OfARowWithoutDeviation) {
  for (const EpsMode mode : {EpsMode::kOutside, EpsMode::kClamp}) {
    for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
      Call call({kind, 0.25, false, false, mode}, 1, 4);
      call.x.assign(4, kind == NormKind::kLayerNorm ? 3.0 : 0.0);
      call.dy = {1, 2, 4, 5};
      call.weight.assign(4, 1);
      const double mean = kind == NormKind::kLayerNorm ? 3 : 0;
      const Gradients g = call.gradients();
      for (size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(g.dx[i], (call.dy[i] - mean) * 4, 1e-12) << name_of(kind);
      }
    }
  }
}

}  // namespace
}  // namespace norma::test

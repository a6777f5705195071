// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A caller may round upward, flush subnormals or trap: the library's bits are those of norma-1, and
// the caller's environment is as it was.
#include "core/fp_environment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/cpu/kernel_run.h"
#include "tests/support/fp_control.h"

namespace norma::test {
namespace {

struct Environment {
  const char* name;
  int rounding = FE_TONEAREST;
  uint32_t bits = 0;
  int traps = 0;
};

const Environment kEnvironments[] = {
    {.name = "FE_UPWARD", .rounding = FE_UPWARD},
    {.name = "FE_DOWNWARD", .rounding = FE_DOWNWARD},
    {.name = "FE_TOWARDZERO", .rounding = FE_TOWARDZERO},
    {.name = "flush to zero", .bits = kFlushToZero},
    {.name = "denormals are zero", .bits = kDenormalsAreZero},
    {.name = "both, FE_UPWARD", .rounding = FE_UPWARD, .bits = kFlushToZero | kDenormalsAreZero},
    {.name = "traps", .traps = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW},
};

// Sets the environment; at the end puts back what was there before.
class Scoped {
 public:
  explicit Scoped(const Environment& e) {
    std::feholdexcept(&before_);
    std::fesetround(e.rounding);
    set_fp_bits(e.bits);
    feenableexcept(e.traps);
  }
  ~Scoped() { std::fesetenv(&before_); }
  Scoped(const Scoped&) = delete;
  Scoped& operator=(const Scoped&) = delete;

 private:
  std::fenv_t before_;
};

// Normal rows, and between them hostile ones of the first `kinds`; some y without bias, so that
// subnormal ones show; a row of subnormal dy, and dy of any exponent, so that even the f64 tree
// over blocks rounds.
Problem sensitive_problem(NormSpec spec, int64_t rows, int64_t cols,
                          int kinds = kFiniteHostileRows) {
  Problem p = normal_problem(spec, rows, cols, 11);
  for (int64_t i = 0; i < cols; i += 2) p.bias[static_cast<size_t>(i)] = 0;
  for (int64_t r = 1; r < rows; r += 4) {
    const std::vector<float> row = hostile_row(static_cast<int>(r / 4 + 7) % kinds, cols);
    std::copy(row.begin(), row.end(), p.x.begin() + r * cols);
  }
  for (int64_t i = 0; i < rows * cols; ++i) {
    float& dy = p.dy[static_cast<size_t>(i)];
    const int64_t r = i / cols;
    dy = r == 2 ? 0x1p-149f * static_cast<float>(i % 50)
                : std::ldexp(dy, static_cast<int>(r * 37 % 101) - 50);
  }
  return p;
}

// The schemes of backward.cc: blocks on one thread, on three, columns, rows.
constexpr unsigned kNoColumnSums = kDweight | kDbias;
std::vector<Way> every_scheme() {
  return {{}, {.threads = 3, .grain = 1}, {.threads = 8, .grain = 1},
          {.threads = 4, .grain = 1, .absent = kNoColumnSums}};
}

class FpEnvironment : public testing::TestWithParam<NormKind> {};
INSTANTIATE_TEST_SUITE_P(Norms, FpEnvironment,
                         testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                         [](const auto& info) { return std::string(name_of(info.param)); });

// Not a property of the library: these environments do change sums, so the tests below can fail.
TEST(Environments, TheSpecificationItselfDependsOnIt) {
  const Problem p = sensitive_problem({NormKind::kLayerNorm, 1e-5}, 70, 100);
  const Results want = specified(p);
  for (const Environment& e : kEnvironments) {
    if (e.traps != 0) continue;
    Results got;
    {
      const Scoped scoped(e);
      got = specified(p);
    }
    EXPECT_FALSE(same_results(got, want)) << e.name;
  }
}

TEST_P(FpEnvironment, EveryTargetAndSchemeKeepsBitsAndEnvironment) {
  const std::vector<const cpu::Kernels*> all = all_kernels();
  std::vector<Problem> problems;
  for (const int kinds : {kFiniteHostileRows, kHostileRows}) {
    for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{70, 100}, {3, 2100}, {300, 17}}) {
      problems.push_back(sensitive_problem({GetParam(), 1e-5}, rows, cols, kinds));
    }
  }
  for (const Problem& p : problems) {
    const Results want = specified(p);
    for (const cpu::Kernels* kernels : all) {
      for (const Way& way : every_scheme()) {
        for (const Environment& e : kEnvironments) {
          Results got;
          uint32_t set = 0, left = 0;
          {
            const Scoped scoped(e);
            set = fp_control();
            got = run_kernels(*kernels, p, want, way);
            left = fp_control();
          }
          EXPECT_EQ(set, left) << e.name;
          ASSERT_TRUE(same_results(got, want)) << e.name << ", " << kernels->name << " [" << p.rows
                                               << ", " << p.cols << "] " << way.text();
        }
      }
    }
  }
}

Results results_of(const NormCase& c) {
  Results r;
  r.y = c.y.dense();
  if (c.spec.kind == NormKind::kLayerNorm) r.mean_hi = c.mean_hi, r.mean_lo = c.mean_lo;
  r.rstd = c.rstd;
  r.dx = c.dx.dense();
  r.dweight = c.dweight;
  r.dbias = c.dbias;
  return r;
}

TEST_P(FpEnvironment, TheWholeCallKeepsThem) {
  const Problem p = sensitive_problem({GetParam(), 1e-5}, 70, 100);
  const Results want = specified(p);
  for (const Executor* executor : {&serial_executor(), &default_executor()}) {
    for (const Environment& e : kEnvironments) {
      NormCase c(p.spec, p.rows, p.cols);
      c.x.assign(p.x);
      c.dy.assign(p.dy);
      c.weight = p.weight;
      c.bias = p.bias;
      uint32_t set = 0, left = 0;
      bool ok = false;
      {
        const Scoped scoped(e);
        set = fp_control();
        ok = c.run(*executor).ok();
        left = fp_control();
      }
      ASSERT_TRUE(ok) << e.name;
      EXPECT_EQ(set, left) << e.name;
      ASSERT_TRUE(same_results(results_of(c), want)) << e.name;
    }
  }
}

// f64 goes to the scalar specification.
TEST_P(FpEnvironment, TheReferenceKeepsThem) {
  constexpr int64_t kRows = 40, kCols = 30;
  const NormSpec spec{GetParam(), 1e-5};
  const std::vector<float> x32 = normal_values(kRows * kCols, 1);
  const std::vector<float> dy32 = normal_values(kRows * kCols, 2);
  std::vector<double> x(x32.begin(), x32.end()), dy(dy32.begin(), dy32.end());
  for (size_t i = 0; i < kCols; ++i) x[i] *= 0x1p-1050;  // of which y is subnormal
  const auto run = [&](const Environment& e) {
    std::vector<double> all(2 * kRows * kCols + 3 * kRows + 2 * kCols);
    double *y = all.data(), *dx = y + kRows * kCols, *hi = dx + kRows * kCols, *lo = hi + kRows,
           *rstd = lo + kRows, *dweight = rstd + kRows, *dbias = dweight + kCols;
    const bool pivoted = spec.kind == NormKind::kLayerNorm;
    const ConstRowsView x_view{x.data(), DType::kF64, kRows, kCols, kCols};
    const NormForward forward{x_view, {}, {}, {y, DType::kF64, kRows, kCols, kCols},
                              {pivoted ? hi : nullptr, pivoted ? lo : nullptr, rstd}};
    const NormBackward backward{x_view, {dy.data(), DType::kF64, kRows, kCols, kCols}, {},
                                {pivoted ? hi : nullptr, pivoted ? lo : nullptr, rstd},
                                {dx, DType::kF64, kRows, kCols, kCols},
                                {dweight, DType::kF64, kCols}, {dbias, DType::kF64, kCols}};
    const Scoped scoped(e);
    const uint32_t set = fp_control();
    const bool ok = norm_forward(spec, forward, serial_executor()).ok() &&
                    norm_backward(spec, backward, nullptr, 0, serial_executor()).ok();
    EXPECT_TRUE(ok && set == fp_control()) << e.name;
    return all;
  };
  const std::vector<double> want = run({.name = "the default"});
  for (const Environment& e : kEnvironments) {
    EXPECT_TRUE(same_bits(run(e).data(), want.data(), want.size())) << e.name;
  }
}

// The threads of an executor have environments of their own.
TEST_P(FpEnvironment, ThreadsOfTheExecutorKeepTheirs) {
  struct Pool {
    const Environment* environment;
    bool kept = true;
  };
  const Problem p = sensitive_problem({GetParam(), 1e-5}, 70, 100);
  const Results want = specified(p);
  for (const Environment& e : kEnvironments) {
    Pool pool{&e};
    const Executor executor{
        [](void* self, int64_t count, int64_t grain, Executor::Body body, void* context) {
          auto* own = static_cast<Pool*>(self);
          for (int64_t i = 0; i < count; i += grain) {
            const Scoped scoped(*own->environment);
            const uint32_t set = fp_control();
            body(context, i, std::min(count, i + grain));
            own->kept = own->kept && set == fp_control();
          }
        },
        [](void*) { return 3; }, &pool};
    NormCase c(p.spec, p.rows, p.cols);
    c.x.assign(p.x);
    c.dy.assign(p.dy);
    c.weight = p.weight;
    c.bias = p.bias;
    const Surroundings surroundings({.grain = 1});
    ASSERT_TRUE(c.run(executor).ok());
    EXPECT_TRUE(pool.kept) << e.name;
    ASSERT_TRUE(same_results(results_of(c), want)) << e.name;
  }
}

// Every one of these differs from the default, so that the flags are put back too.
TEST(Environments, PutsFlagsAndControlBack) {
  for (const Environment& e : kEnvironments) {
    const Scoped scoped(e);
    if (e.traps == 0) std::feraiseexcept(FE_UNDERFLOW);
    const uint32_t set = fp_control();
    const int flags = std::fetestexcept(FE_ALL_EXCEPT);
    {
      const DefaultFpEnvironment environment;
      volatile float zero = 0, least = 0x1p-149f, one = 1, little = 0x1p-30f;
      EXPECT_EQ(one + little, 1.0f) << "not upward";
      EXPECT_EQ(one - little, 1.0f) << "neither downward nor toward zero";
      volatile float raised = 1 / zero + zero / zero;
      EXPECT_TRUE(std::isnan(raised));
      EXPECT_EQ(least * 3.0f, 0x3p-149f) << "subnormals are on";
    }
    EXPECT_EQ(fp_control(), set) << e.name;
    EXPECT_EQ(std::fetestexcept(FE_ALL_EXCEPT), flags) << e.name;
  }
}

}  // namespace
}  // namespace norma::test

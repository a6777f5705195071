// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: core/cpu, core/ref
//
// The elementwise part of an LSTM on every target against the scalar specification, bit for bit,
// with rows apart, side by side and in place.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/cpu/kernels.h"
#include "core/ref/lstm.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"
#include "tests/support/bits.h"
#include "tests/support/thinning.h"

namespace norma::test {
namespace {

struct Shape {
  int64_t rows, units;
  bool h = true, bias = true, later = true, in_place = false;
  int64_t gap = 0, offset = 0;  // between rows, and past a 64-byte boundary
};

// Values of every size, among them what breaks careless arithmetic.
std::vector<float> values(int64_t count, uint64_t seed, bool hostile) {
  std::vector<float> all = normal_values(count, seed, 3);
  if (!hostile) return all;
  std::mt19937_64 random(seed);
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float some[] = {0.0f, -0.0f, kInf, -kInf, std::nanf(""), 104.0f, -104.0f, -88.0f, 3e38f,
                        -3e38f, 0x1p-149f, -0x1p-130f, 0.75f, -52.5f};
  for (float& v : all) {
    const uint64_t bits = random();
    if (bits % 3 == 0) v = some[(bits >> 8) % std::size(some)];
    if (bits % 3 == 1) v = std::bit_cast<float>(static_cast<uint32_t>(bits >> 32));
  }
  return all;
}

using Outputs = std::array<std::vector<float>, 8>;

// Memory of all four calls, NaN around everything.
class Run {
 public:
  Run(const Shape& s, uint64_t seed, bool hostile) : shape_(s) {
    for (PaddedRows* p : {&x_, &h_, &gates_, &kept_, &dgates_}) {
      fill(*p, 4 * s.units, &seed, hostile);
    }
    for (PaddedRows* p : {&c_, &c_next_, &u_, &t_, &y_, &dy_, &later_, &du_, &dc_, &dc_before_}) {
      fill(*p, s.units, &seed, hostile);
    }
    out_ = rows(s.units);
    bias_ = values(4 * s.units, ++seed, hostile);
  }

  template <class Gates, class Output, class OutputBack, class GatesBack>
  Outputs operator()(const Gates& gates, const Output& output, const OutputBack& output_back,
                     const GatesBack& gates_back) {
    const bool in_place = shape_.in_place;
    PaddedRows &g = in_place ? x_ : gates_, &c_next = in_place ? c_ : c_next_;
    PaddedRows &t = in_place ? u_ : t_, &du = in_place ? dy_ : du_;
    PaddedRows& dc_before = in_place ? dc_ : dc_before_;
    // Backward first: a forward pass in place takes what it reads.
    output_back(LstmOutputBackward{kept_.view(), y_.view(), dy_.view(), later(), dgates_.view(),
                                   du.view()});
    gates_back(LstmGatesBackward{kept_.view(), c_.view(), dc_.view(), later(), dgates_.view(),
                                 dc_before.view()});
    const ConstVectorView bias{shape_.bias ? bias_.data() : nullptr, DType::kF32,
                               4 * shape_.units};
    gates(LstmGatesForward{x_.view(), shape_.h ? ConstRowsView(h_.view()) : ConstRowsView(), bias,
                           c_.view(), g.view(), c_next.view()});
    output(LstmOutputForward{kept_.view(), u_.view(), t.view(), out_.view()});
    for (PaddedRows* p : {&x_, &h_, &gates_, &kept_, &dgates_, &c_, &c_next_, &u_, &t_, &y_, &dy_,
                          &later_, &du_, &dc_, &dc_before_, &out_}) {
      EXPECT_TRUE(p->padding_is_untouched()) << "written outside of the rows";
    }
    return {g.dense(), c_next.dense(), t.dense(), out_.dense(), dgates_.dense(), du.dense(),
            dc_before.dense(), kept_.dense()};
  }

 private:
  PaddedRows rows(int64_t width) const {
    return {shape_.rows, width, width + shape_.gap, shape_.offset};
  }
  void fill(PaddedRows& p, int64_t width, uint64_t* seed, bool hostile) {
    p = rows(width);
    p.assign(values(shape_.rows * width, ++*seed, hostile));
  }
  ConstRowsView later() {
    return shape_.later ? ConstRowsView(later_.view()) : ConstRowsView();
  }

  const Shape shape_;
  PaddedRows x_{1, 1}, h_{1, 1}, gates_{1, 1}, kept_{1, 1}, dgates_{1, 1}, c_{1, 1},
      c_next_{1, 1}, u_{1, 1}, t_{1, 1}, y_{1, 1}, dy_{1, 1}, later_{1, 1}, du_{1, 1}, dc_{1, 1},
      dc_before_{1, 1}, out_{1, 1};
  std::vector<float> bias_;
};

testing::AssertionResult has_specified_bits(const Shape& shape, uint64_t seed,
                                            bool hostile = false) {
  if (left_to_release()) return testing::AssertionSuccess();
  const Outputs want = Run(shape, seed, hostile)(ref::lstm_gates_forward, ref::lstm_output_forward,
                                                 ref::lstm_output_backward,
                                                 ref::lstm_gates_backward);
  for (const cpu::Kernels* kernels : all_kernels()) {
    const auto with = [&](auto kernel) {
      return [&shape, kernel](const auto& args) { kernel(args, cpu::Range{0, shape.rows}); };
    };
    const cpu::LstmKernels& k = kernels->lstm;
    const Outputs got = Run(shape, seed, hostile)(with(k.gates_forward), with(k.output_forward),
                                                  with(k.output_backward), with(k.gates_backward));
    for (size_t i = 0; i < got.size(); ++i) {
      const auto same = same_bits(got[i].data(), want[i].data(), got[i].size());
      if (!same || testing::Test::HasFailure()) {
        return testing::AssertionFailure() << kernels->name << " output " << i << " of ["
                                           << shape.rows << ", " << shape.units
                                           << "]: " << same.message();
      }
    }
  }
  return testing::AssertionSuccess();
}

TEST(LstmKernels, UnitsOneTo100) {
  for (int64_t units = 1; units <= 100; ++units) {
    ASSERT_TRUE(has_specified_bits({.rows = 3, .units = units}, 1));
  }
  ASSERT_TRUE(has_specified_bits({.rows = 2, .units = 512}, 2));
}

TEST(LstmKernels, WhatIsAbsentAndInPlace) {
  for (const int64_t units : {1, 7, 16, 35}) {
    for (unsigned bits = 0; bits < 16; ++bits) {
      const Shape shape{.rows = 4, .units = units, .h = (bits & 1) != 0, .bias = (bits & 2) != 0,
                        .later = (bits & 4) != 0, .in_place = (bits & 8) != 0};
      ASSERT_TRUE(has_specified_bits(shape, bits));
    }
  }
}

TEST(LstmKernels, AlignmentsAndStrides) {
  for (int64_t offset = 0; offset < 16; ++offset) {
    const Shape shape{.rows = 3, .units = 21, .gap = offset % 5, .offset = offset};
    ASSERT_TRUE(has_specified_bits(shape, 3));
  }
}

TEST(LstmKernels, HostileValues) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    ASSERT_TRUE(has_specified_bits({.rows = 9, .units = 67}, seed, true));
  }
}

// The functions of the specification are the textbook's in float64.
TEST(LstmSpecification, IsTheEquations) {
  const int64_t n = 5;
  std::vector<double> x(20), h(20), bias(20), c(5), gates(20), next(5), t(5), y(5);
  for (size_t k = 0; k < 20; ++k) {
    x[k] = std::sin(static_cast<double>(k)), h[k] = std::cos(3.0 * static_cast<double>(k));
    bias[k] = 0.1 * static_cast<double>(k) - 1;
  }
  for (size_t j = 0; j < 5; ++j) c[j] = static_cast<double>(j) - 2;
  const auto view = [](std::vector<double>& v) {
    const auto size = static_cast<int64_t>(v.size());
    return RowsView{v.data(), DType::kF64, 1, size, size};
  };
  ref::lstm_gates_forward({view(x), view(h), {bias.data(), DType::kF64, 20}, view(c), view(gates),
                           view(next)});
  ref::lstm_output_forward({view(gates), view(next), view(t), view(y)});
  const auto s = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (size_t j = 0; j < static_cast<size_t>(n); ++j) {
    const auto sum = [&](size_t gate) {
      const size_t k = gate * 5 + j;
      return x[k] + h[k] + bias[k];
    };
    const double state = s(sum(0)) * c[j] + s(sum(1)) * std::tanh(sum(3));
    EXPECT_NEAR(next[j], state, 1e-15);
    EXPECT_NEAR(y[j], s(sum(2)) * std::tanh(state), 1e-15);
  }
}

}  // namespace
}  // namespace norma::test

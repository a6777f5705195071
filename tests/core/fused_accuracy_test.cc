// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What is fused to a norm against its definition in long double, its f64 gradients against central
// differences of its f64 outputs, and what quantised output says of rows that are not ordinary.
// Spans: core/ref, core/plan.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/plan/fused_norm.h"
#include "core/ref/quantized_norm.h"
#include "tests/core/norm_problem.h"

namespace norma::test {
namespace {

constexpr long double kU = 0x1p-24L;

long double true_sigmoid(long double g) {
  const long double e = std::exp(-std::fabs(g));
  return (g < 0 ? e : 1) / (1 + e);
}

// One row of one element per gate, whose norm is its bias alone: weight 0 takes x away.
struct Gates {
  std::vector<float> gate, z, y, dy, dx, dgate;

  explicit Gates(const std::vector<float>& gates)
      : gate(gates), z(normal_values(static_cast<int64_t>(gates.size()), 3)), y(z),
        dy(normal_values(static_cast<int64_t>(gates.size()), 4)), dx(dy), dgate(dy) {}

  void run() {
    const auto n = static_cast<int64_t>(gate.size());
    const auto rows = [n](std::vector<float>& v) {
      return RowsView{v.data(), DType::kF32, 1, n, n};
    };
    std::vector<float> zeros(gate.size()), x = normal_values(n, 5);
    float rstd = 0;
    const ConstVectorView weight{zeros.data(), DType::kF32, n}, bias{z.data(), DType::kF32, n};
    const NormSpec spec{NormKind::kRmsNorm};
    const GatedForward f{{rows(x), weight, bias, rows(y), {nullptr, nullptr, &rstd}}, rows(gate)};
    ASSERT_TRUE(gated_norm_forward(spec, f, serial_executor()).ok());
    GatedBackward b{{rows(x), rows(dy), weight, {nullptr, nullptr, &rstd}, rows(dx), {}, {}},
                    bias, rows(gate), rows(dgate)};
    ASSERT_TRUE(gated_norm_backward(spec, b, nullptr, 0, serial_executor()).ok()) << "";
  }
};

// u = 2^-24. sigmoid is off by 2.5 ulp, at most 5 u of its value (numerics.md). silu has a product
// more, y another: 7 u |y|. slope = s + silu * sigmoid(-g): 5 u of s, 5 + 1 + 5 + 1 u of the
// product and 1 u of the sum; dgate has two products more. A step of 2^-149 for each product of
// something subnormal, times what comes after it.
TEST(FusedAccuracy, GatesOfEverySize) {
  std::vector<float> gates;
  for (float g = 0x1p-30f; g < 1e4f; g *= 1.07f) gates.push_back(g), gates.push_back(-g);
  for (int i = -1100; i <= 1100; ++i) gates.push_back(static_cast<float>(i) / 100);
  Gates g(gates);
  // The workspace that a weight wants: none, as no gradient of a parameter is asked for.
  g.run();
  for (size_t i = 0; i < gates.size(); ++i) {
    const long double gate = gates[i], s = true_sigmoid(gate), silu = gate * s;
    const long double other = silu * true_sigmoid(-gate), slope = s + other;
    const long double y = g.z[i] * silu, dgate = static_cast<long double>(g.dy[i]) * g.z[i] * slope;
    const long double size = std::fabs(static_cast<long double>(g.dy[i]) * g.z[i]);
    const long double floor = 0x1p-149L * (4 + std::fabs(gate)) * (1 + size + std::fabs(g.z[i]));
    EXPECT_LE(std::fabs(g.y[i] - y), 7 * kU * std::fabs(y) + floor) << "gate " << gate;
    EXPECT_LE(std::fabs(g.dgate[i] - dgate),
              size * (5 * kU * s + 12 * kU * std::fabs(other) + 3 * kU * std::fabs(slope)) + floor)
        << "gate " << gate;
  }
}

TEST(FusedAccuracy, SpecialGates) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  Gates g({kInf, -kInf, std::nanf(""), 0, -0.0f, 3e38f, -3e38f});
  g.z.assign(7, 2);
  g.dy.assign(7, 1);
  g.run();
  EXPECT_EQ(g.y[0], kInf);
  EXPECT_TRUE(std::isnan(g.y[1]) && std::isnan(g.y[2]) && std::isnan(g.dgate[0]) &&
              std::isnan(g.dgate[1]) && std::isnan(g.dgate[2]));
  EXPECT_TRUE(g.y[3] == 0 && g.y[4] == 0 && g.dgate[3] == 1 && g.dgate[4] == 1);
  EXPECT_TRUE(g.y[5] == kInf && g.dgate[5] == 2 && g.y[6] == 0 && g.dgate[6] == 0);
}

// One f64 call of both passes.
struct F64Call {
  NormSpec spec;
  bool is_gate;
  RopePairs pairs = RopePairs::kHalves;
  int64_t rows = 4, cols = 6;
  std::vector<double> x = values(24, 1), dy = values(24, 2), gate = values(24, 3),
                      weight = values(6, 4), bias = values(6, 5), y = x, dx = x, dgate = x,
                      dweight = weight, dbias = bias, cos = values(6, 6), sin = values(6, 7);
  std::vector<int64_t> positions{2, 0};  // of rows 0 and 1, 2 and 3
  double hi[4] = {}, lo[4] = {}, rstd[4] = {};

  static std::vector<double> values(int64_t n, uint64_t seed) {
    const std::vector<float> v = normal_values(n, seed);
    return {v.begin(), v.end()};
  }
  RowsView view(std::vector<double>& v) const { return {v.data(), DType::kF64, rows, cols, cols}; }
  VectorView vector(std::vector<double>& v) const { return {v.data(), DType::kF64, cols}; }
  static ConstVectorView read_only(const VectorView& v) { return {v.data, v.dtype, v.size}; }
  // The tables are any numbers: nothing depends on cos^2 + sin^2.
  Rope rope() const {
    return {{cos.data(), DType::kF64, 3, 2, 2}, {sin.data(), DType::kF64, 3, 2, 2},
            positions.data(), 2, 2, pairs};
  }
  Statistics statistics() {
    const bool is_layer = spec.kind == NormKind::kLayerNorm;
    return {is_layer ? hi : nullptr, is_layer ? lo : nullptr, rstd};
  }
  double loss() {
    const NormForward norm{view(x), read_only(vector(weight)), read_only(vector(bias)), view(y),
                           statistics()};
    const Status done = is_gate ? gated_norm_forward(spec, {norm, view(gate)}, serial_executor())
                                : rope_norm_forward(spec, {norm, rope()}, serial_executor());
    EXPECT_TRUE(done.ok()) << done.message();
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i) sum += dy[i] * y[i];
    return sum;
  }
  void backward() {
    loss();
    const Statistics s = statistics();
    const NormBackward norm{view(x), view(dy), read_only(vector(weight)),
                            {s.mean_hi, s.mean_lo, s.rstd}, view(dx), vector(dweight),
                            vector(dbias)};
    const Status done =
        is_gate ? gated_norm_backward(spec, {norm, read_only(vector(bias)), view(gate),
                                             view(dgate)}, nullptr, 0, serial_executor())
                : rope_norm_backward(spec, {norm, rope()}, nullptr, 0, serial_executor());
    EXPECT_TRUE(done.ok()) << done.message();
  }
};

// (4 D(h) - D(2h)) / 3, D(h) the central difference, is off by O(h^4): below 1e-9 for functions as
// smooth as these at h = 2^-10, as are the 2^-53 / h of roundings of losses below 100.
void expect_gradient(F64Call& call, double* at, double gradient, const char* what) {
  constexpr double kStep = 0x1p-10;
  const double centre = *at;
  const auto difference = [&](double h) {
    *at = centre + h;
    const double right = call.loss();
    *at = centre - h;
    const double left = call.loss();
    *at = centre;
    return (right - left) / (2 * h);
  };
  EXPECT_NEAR((4 * difference(kStep) - difference(2 * kStep)) / 3, gradient, 1e-8) << what;
}

TEST(FusedAccuracy, GradientsAreThoseOfCentralDifferences) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const int which : {0, 1, 2}) {
      F64Call call{{kind, 1e-5}, which == 0, which == 1 ? RopePairs::kHalves
                                                        : RopePairs::kInterleaved};
      call.backward();
      for (size_t i = 0; i < 24; ++i) {
        expect_gradient(call, &call.x[i], call.dx[i], "dx");
        if (which == 0) expect_gradient(call, &call.gate[i], call.dgate[i], "dgate");
      }
      for (size_t i = 0; i < 6; ++i) {
        expect_gradient(call, &call.weight[i], call.dweight[i], "dweight");
        expect_gradient(call, &call.bias[i], call.dbias[i], "dbias");
      }
    }
  }
}

// Rotations keep lengths and angles between rows: of positions that are as far apart, q.k is one.
TEST(FusedAccuracy, RopeDependsOnDistancesAlone) {
  constexpr int64_t kRows = 8, kCols = 64, kPairs = 32;
  for (const RopePairs pairs : {RopePairs::kHalves, RopePairs::kInterleaved}) {
    std::vector<float> x, y(kRows * kCols), cos, sin;
    // Rows 0, 2, .. are one query, rows 1, 3, .. one key, three positions further.
    const std::vector<float> query = normal_values(kCols, 1), key = normal_values(kCols, 2);
    std::vector<int64_t> positions;
    for (int64_t r = 0; r < kRows; ++r) {
      const std::vector<float>& from = r % 2 ? key : query;
      x.insert(x.end(), from.begin(), from.end());
      positions.push_back(r / 2 * 5 + r % 2 * 3);
    }
    for (int64_t p = 0; p < 32; ++p) {
      for (int64_t k = 0; k < kPairs; ++k) {
        const double angle =
            static_cast<double>(p) * std::pow(10000.0, -static_cast<double>(k) / kPairs);
        cos.push_back(static_cast<float>(std::cos(angle)));
        sin.push_back(static_cast<float>(std::sin(angle)));
      }
    }
    const RopeForward args{
        {{x.data(), DType::kF32, kRows, kCols, kCols}, {}, {},
         {y.data(), DType::kF32, kRows, kCols, kCols}, {}},
        {{cos.data(), DType::kF32, 32, kPairs, kPairs},
         {sin.data(), DType::kF32, 32, kPairs, kPairs},
         positions.data(), kRows, 1, pairs}};
    ASSERT_TRUE(rope_norm_forward({NormKind::kRmsNorm}, args, serial_executor()).ok());
    const auto product = [&](int64_t r) {
      double sum = 0;
      for (int64_t i = 0; i < kCols; ++i) {
        sum += static_cast<double>(y[static_cast<size_t>(r * kCols + i)]) *
               y[static_cast<size_t>((r + 1) * kCols + i)];
      }
      return sum;
    };
    // Each of 64 terms, about 1, is off by a few 2^-24 of rounded angles and products.
    for (int64_t r = 2; r < kRows; r += 2) EXPECT_NEAR(product(r), product(0), 64 * 8 * 0x1p-24);
    // That it turns at all: the first pair of the last key is turned by 18 radians.
    EXPECT_GT(std::fabs(y[7 * kCols] - y[kCols]), 0.01f);
  }
}

// One row of four values as they are: the norm's weight is 0, its bias the row.
struct Quantized {
  std::vector<uint8_t> q;
  float scale;
};
Quantized quantized(std::vector<float> row, QuantFormat format, DType dtype = DType::kF32) {
  const auto n = static_cast<int64_t>(row.size());
  std::vector<float> x(row.size()), zeros(row.size());
  for (int64_t i = 0; i < n; ++i) ref::store(x.data(), dtype, i, 1.0f);
  NormCase::Line workspace[8];
  Quantized result{std::vector<uint8_t>(row.size()), 0};
  const QuantizedForward args{
      {{x.data(), dtype, 1, n, n}, {zeros.data(), DType::kF32, n}, {row.data(), DType::kF32, n}, {},
       {}},
      result.q.data(), n, &result.scale, format};
  const Status done = quantized_norm_forward({NormKind::kRmsNorm}, args, workspace,
                                             sizeof workspace, serial_executor());
  EXPECT_TRUE(done.ok()) << done.message();
  return result;
}

TEST(FusedAccuracy, QuantisedRowsByHand) {
  const Quantized a = quantized({1, -127, 63.5f, 64.5f, 0, -0.5f}, QuantFormat::kInt8);
  EXPECT_EQ(a.scale, 1);
  EXPECT_EQ(a.q, (std::vector<uint8_t>{1, 129, 64, 64, 0, 0}));
  // 448 is 1.75 2^8; 1 is 7 << 3; 17 lies between 16 and 18 and takes the even one, 19 takes 20.
  const Quantized b = quantized({448, -1, 17, 19, 0x1p-9f, 0x1p-10f}, QuantFormat::kE4m3);
  EXPECT_EQ(b.scale, 1);
  EXPECT_EQ(b.q, (std::vector<uint8_t>{0x7E, 0xB8, 0x58, 0x5A, 0x01, 0x00}));
  // A row of zeros, and one too small for its share to be normal: the least scale.
  for (const QuantFormat format : {QuantFormat::kInt8, QuantFormat::kE4m3}) {
    const Quantized zeros = quantized({0, 0, 0}, format);
    EXPECT_EQ(zeros.scale, 0x1p-126f);
    EXPECT_EQ(zeros.q, std::vector<uint8_t>(3));
    EXPECT_EQ(quantized({0x1p-125f, 0}, format).scale, 0x1p-126f);
    EXPECT_EQ(quantized({0x1p-125f, 0}, format).q[0], format == QuantFormat::kInt8 ? 2 : 0x40);
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      const Quantized none = quantized({1, bad, -1}, format);
      EXPECT_TRUE(std::isnan(none.scale));
      EXPECT_EQ(none.q, std::vector<uint8_t>(3, format == QuantFormat::kInt8 ? 0 : 0x7F));
    }
  }
  // Of bf16 rows z is rounded first: 100.7 to 100.5 there, and that to the even 100.
  EXPECT_EQ(quantized({127, 100.7f}, QuantFormat::kInt8).q[1], 101);
  EXPECT_EQ(quantized({127, 100.7f}, QuantFormat::kInt8, DType::kBF16).q[1], 100);
}

// q * scale is within half a step of z: (1/2 + 3 2^-24 127) scale for int8; for e4m3 2^-4 of the
// value, or 2^-10 steps of subnormals, and the roundings of scale, inverse and product.
TEST(FusedAccuracy, QuantisedRowsAreNear) {
  const std::vector<float> row = normal_values(1000, 9);
  const Quantized a = quantized({row.begin(), row.begin() + 100}, QuantFormat::kInt8);
  for (size_t i = 0; i < 100; ++i) {
    const float back = static_cast<float>(static_cast<int8_t>(a.q[i])) * a.scale;
    EXPECT_LE(std::fabs(back - row[i]), (0.5f + 0x1p-15f) * a.scale);
  }
  const Quantized b = quantized({row.begin(), row.begin() + 100}, QuantFormat::kE4m3);
  for (size_t i = 0; i < 100; ++i) {
    const int code = b.q[i] & 0x7F, exponent = code >> 3;
    const double value = exponent == 0 ? std::ldexp(code & 7, -9)
                                       : std::ldexp(8 + (code & 7), exponent - 10);
    const double back = (b.q[i] & 0x80 ? -value : value) * b.scale;
    EXPECT_LE(std::fabs(back - row[i]),
              0x1p-4 * std::fabs(row[i]) * (1 + 0x1p-20) + 0x1p-10 * b.scale);
  }
}

TEST(FusedAccuracy, E4m3KeepsANan) {
  EXPECT_EQ(ref::to_e4m3(std::nanf("")), 0x7F);
  EXPECT_EQ(ref::to_e4m3(-std::nanf("")), 0xFF);
  EXPECT_EQ(ref::to_e4m3(448.4f), 0x7E);
  EXPECT_EQ(ref::to_e4m3(-0.0f), 0x80);
}

}  // namespace
}  // namespace norma::test

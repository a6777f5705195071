// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What is let past the rules keeps them; what is common is let past.
#include "core/plan/plain.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "core/plan/checks.h"

namespace norma::test {
namespace {

constexpr int64_t kRows = 3, kCols = 8;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

struct Call {
  // Places of their own, 128 bytes each past the widest x, at which tests point anew.
  explicit Call(DType dtype = DType::kF32, DType parameters = DType::kF32) {
    spec = {};
    f = {{at(0), dtype, kRows, kCols, kCols},
         {at(512), parameters, kCols},
         {at(640), parameters, kCols},
         {at(256), dtype, kRows, kCols, kCols},
         {at(768), at(896), at(1024)}};
  }
  char* at(int64_t byte) { return memory.data() + byte; }

  alignas(64) std::vector<double> aligned = std::vector<double>(256);
  std::span<char> memory{reinterpret_cast<char*>(aligned.data()), 2048};
  NormSpec spec;
  NormForward f;
};

TEST(Plain, TheCommonestCallsAre) {
  for (const auto& [rows, parameters] : {std::pair{DType::kF32, DType::kF32},
                                         {DType::kBF16, DType::kBF16},
                                         {DType::kF16, DType::kF32},
                                         {DType::kF64, DType::kF64}}) {
    Call c(rows, parameters);
    EXPECT_TRUE(is_plain(c.spec, c.f)) << name_of(rows);
    c.f.y.data = c.at(0);
    EXPECT_TRUE(is_plain(c.spec, c.f)) << "in place";
    c.f.statistics = {};
    EXPECT_TRUE(is_plain(c.spec, c.f)) << "without statistics";
    c.f.weight = c.f.bias = {};
    EXPECT_TRUE(is_plain(c.spec, c.f)) << "without parameters";
    c.spec = {NormKind::kRmsNorm, 1e-6, true, true};
    EXPECT_TRUE(is_plain(c.spec, c.f)) << "RMSNorm";
  }
}

// Calls with up to three fields changed for others, right and wrong ones: among them is each way to
// break a rule, and many right calls that are not plain.
TEST(Plain, WhateverIsPlainKeepsTheRules) {
  std::mt19937 random(7);
  const auto of = [&](auto... values) {
    const std::common_type_t<decltype(values)...> all[] = {values...};
    return all[random() % std::size(all)];
  };
  const auto dtype = [&] {
    return static_cast<DType>(of(0, 0, 1, 2, 3, 4, -1, std::numeric_limits<int32_t>::min()));
  };
  const auto count = [&] {
    return of(int64_t{0}, int64_t{1}, int64_t{3}, int64_t{8}, int64_t{9}, int64_t{-1}, kMost,
              -kMost, int64_t{1} << 29, int64_t{1} << 30, int64_t{1} << 61);
  };
  const auto stride = [&] {
    return of(int64_t{8}, int64_t{9}, int64_t{16}, int64_t{0}, int64_t{7}, int64_t{-8}, kMost,
              int64_t{1} << 29, int64_t{1} << 58);
  };
  int plain = 0, broken = 0, not_plain_but_right = 0;
  for (int trial = 0; trial < 300000; ++trial) {
    Call c(of(DType::kF32, DType::kBF16, DType::kF64), of(DType::kF32, DType::kBF16, DType::kF64));
    const auto place = [&]() -> char* {
      const auto byte = static_cast<int64_t>(random() % 1200);
      return of(0, 1, 1, 1) == 0 ? nullptr : c.at(of(byte, byte & ~3, byte & ~7, byte & ~127));
    };
    NormForward& f = c.f;
    const int changes = static_cast<int>(random() % 4);
    for (int change = 0; change < changes; ++change) {
      switch (random() % 26) {
        case 0: f.x.data = place(); break;
        case 1: f.y.data = place(); break;
        case 2: f.weight.data = place(); break;
        case 3: f.bias.data = place(); break;
        case 4: f.statistics.mean_hi = place(); break;
        case 5: f.statistics.mean_lo = place(); break;
        case 6: f.statistics.rstd = place(); break;
        case 7: f.x.dtype = dtype(); break;
        case 8: f.y.dtype = dtype(); break;
        case 9: f.weight.dtype = dtype(); break;
        case 10: f.bias.dtype = dtype(); break;
        case 11: f.x.rows = f.y.rows = count(); break;
        case 12: f.y.rows = count(); break;
        case 13: f.x.cols = f.y.cols = f.weight.size = f.bias.size = count(); break;
        case 14: f.y.cols = count(); break;
        case 15: f.x.stride = stride(); break;
        case 16: f.y.stride = stride(); break;
        case 17: f.weight.size = count(); break;
        case 18: f.bias.size = count(); break;
        case 19: f.residual = {place(), DType::kF32, kRows, kCols, kCols}; break;
        case 20: f.sum = {place(), DType::kF32, kRows, kCols, kCols}; break;
        case 21: c.spec.kind = static_cast<NormKind>(of(0, 1, 2, 3, 4, -1)); break;
        case 22: c.spec.eps = of(0.0, 1.0, -1e-5, std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()); break;
        case 23: c.spec.eps_mode = static_cast<EpsMode>(of(1, 2, 3, 4, -1)); break;
        case 24: c.spec.statistic_cols = of(1, 8, 9, -1); break;
        case 25: f.weight.dtype = f.bias.dtype = f.x.dtype = f.y.dtype = dtype(); break;
      }
    }
    const Status rules = check_forward(c.spec, f);
    const bool glance = is_plain(c.spec, f);
    ASSERT_TRUE(rules.ok() || !glance) << rules.message();
    plain += glance;
    broken += !rules.ok();
    not_plain_but_right += rules.ok() && !glance;
  }
  EXPECT_GT(plain, 30000);
  EXPECT_GT(broken, 100000);
  EXPECT_GT(not_plain_but_right, 3000);
}

}  // namespace
}  // namespace norma::test

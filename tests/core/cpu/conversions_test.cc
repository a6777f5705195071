// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// From f32 to bf16 and f16 and back, by the vectors of every target (vectors-inl.h): as the scalars
// of base/float16.h, whose own test knows the truth.
// Spans: core/cpu.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/core/cpu/kernel_run.h"

namespace norma::test {
namespace {

// Every bf16 and f16 as f32, and f32 from every exponent around each rounding point.
std::vector<float> around_rounding_points() {
  std::vector<float> values;
  std::mt19937 random(5);
  for (uint32_t high = 0; high < 0x10000; ++high) {
    for (const uint32_t low : {0u, 1u, 0x0FFFu, 0x1000u, 0x1001u, 0x7FFFu, 0x8000u, 0x8001u,
                               0xF000u, 0xFFFFu, static_cast<uint32_t>(random()) & 0xFFFF}) {
      values.push_back(std::bit_cast<float>(high << 16 | low));
    }
  }
  return values;
}

// As the scalar rounds it; of a NaN not all bits are said, and what `got` has may stay.
std::vector<uint16_t> rounded_by_scalar(DType type, const float* values, int64_t n) {
  std::vector<uint16_t> want(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) ref::store(want.data(), type, i, values[i]);
  return want;
}
void forgive_bits_of_nan(DType type, const std::vector<uint16_t>& want,
                         std::vector<uint16_t>* got) {
  const int infinity = type == DType::kBF16 ? 0x7F80 : 0x7C00;
  for (size_t i = 0; i < want.size(); ++i) {
    const bool both = (want[i] & 0x7FFF) > infinity && ((*got)[i] & 0x7FFF) > infinity;
    if (both) (*got)[i] = want[i];
  }
}

// A row of ones has ones for xhat, so that the weight is what is rounded and stored.
testing::AssertionResult kernels_store(DType type, const float* values, int64_t cols,
                                       const std::vector<uint16_t>& want) {
  static const std::vector<uint16_t> ones[] = {std::vector<uint16_t>(1 << 16, 0x3F80),
                                               std::vector<uint16_t>(1 << 16, 0x3C00)};
  std::vector<uint16_t> y(want.size());
  cpu::ForwardArgs args{};
  args.x = ones[type == DType::kF16].data();
  args.y = y.data();
  args.x_stride = args.y_stride = args.cols = cols;
  args.weight = values;
  args.f32_parameters = true;
  args.rule = {cols, cols, EpsMode::kInside, 0x1p-200, 0};
  for (const cpu::Kernels* kernels : kernels_of(type)) {
    kernels->rms_norm[static_cast<size_t>(type)].forward(args, {0, 1});
    forgive_bits_of_nan(type, want, &y);
    if (y != want) return testing::AssertionFailure() << kernels->name << " " << name_of(type);
  }
  return testing::AssertionSuccess();
}

// The conversion by itself, with the way back.
testing::AssertionResult arrays_convert(DType type, const float* values, int64_t n,
                                        const std::vector<uint16_t>& want) {
  const ref::Elements<float> elements(want.data(), type, 0);
  std::vector<float> wanted_back(want.size()), back(want.size());
  for (int64_t i = 0; i < n; ++i) wanted_back[static_cast<size_t>(i)] = elements[i];
  std::vector<uint16_t> bits(want.size());
  for (const cpu::Kernels* kernels : all_kernels()) {
    const cpu::ParameterKernels& convert = kernels->parameters.of[static_cast<size_t>(type)];
    convert.from_f32(values, bits.data(), n);
    forgive_bits_of_nan(type, want, &bits);
    if (bits != want) return testing::AssertionFailure() << kernels->name << " " << name_of(type);
    convert.to_f32(bits.data(), back.data(), n);
    const auto same = same_bits(back.data(), wanted_back.data(), back.size());
    if (!same) return testing::AssertionFailure() << kernels->name << ": " << same.message();
  }
  return testing::AssertionSuccess();
}

void expect_conversions(const std::vector<float>& values, int64_t cols) {
  const auto count = static_cast<int64_t>(values.size());
  for (const DType type : {DType::kBF16, DType::kF16}) {
    for (int64_t begin = 0; begin < count; begin += cols) {
      const int64_t n = std::min(cols, count - begin);
      const float* part = values.data() + begin;
      const std::vector<uint16_t> want = rounded_by_scalar(type, part, n);
      ASSERT_TRUE(kernels_store(type, part, n, want)) << "from " << begin;
      ASSERT_TRUE(arrays_convert(type, part, n, want)) << "from " << begin;
    }
  }
}

TEST(Conversions, OfVectorsAreTheScalars) {
  expect_conversions(around_rounding_points(), 1000);  // whole vectors and a rest
}

// Labelled long: `ctest -L long`.
TEST(Conversions, DISABLED_OfVectorsAreTheScalarsForAllOfF32) {
  std::vector<float> values(1 << 16);
  for (uint64_t high = 0; high < 1 << 16 && !HasFailure(); ++high) {
    for (uint64_t low = 0; low < 1 << 16; ++low) {
      values[low] = std::bit_cast<float>(static_cast<uint32_t>(high << 16 | low));
    }
    expect_conversions(values, 1 << 16);
  }
}

}  // namespace
}  // namespace norma::test

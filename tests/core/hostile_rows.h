// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rows that break careless norms, each by name: far from 0, near the ends of the range, one value
// apart; most are what an issue of another library was about, and are named for it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace norma::test {

inline std::vector<float> normal_values(int64_t count, uint64_t seed, float scale = 1,
                                        float shift = 0) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(shift, scale);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

struct HostileRow {
  const char* name;  // letters, digits and _
  int64_t cols;      // of the issue, or at which the row is worst
  // Element i of n, given one of a normal distribution.
  float (*element)(float normal, int64_t i, int64_t n);
};

namespace hostile {
inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kMax = std::numeric_limits<float>::max();
inline float sign(int64_t i) { return i % 2 ? -1.0f : 1.0f; }
template <int which>  // of powers of ten
float decade(int64_t i, int64_t of) {
  return static_cast<float>(std::pow(10.0, which + static_cast<double>(i % of)));
}
}  // namespace hostile

inline constexpr HostileRow kHostile[] = {
    // The variance as mean(x^2) - mean(x)^2: negative, 0 or noise; keras#18795, keras-core#866,
    // tt-metal#56404.
    {"onnxruntime_21935_1234", 256, [](float, int64_t, int64_t) { return 1234.0f; }},
    {"onnxruntime_28463_40000_to_40003", 4,
     [](float, int64_t i, int64_t) { return 40000 + static_cast<float>(i % 4); }},
    // Of which the spreads, a thousandth and a hundredth, are less than a step of f32 there.
    {"onnxruntime_31973_1e6_and_steps", 1024,
     [](float, int64_t i, int64_t) { return 1e6f + 0x1p-4f * static_cast<float>(i % 3); }},
    {"onnxruntime_31973_1e7_and_steps", 4096,
     [](float, int64_t i, int64_t) { return 1e7f + static_cast<float>(i % 3); }},
    {"pytorch_51102_mean_2000_of_4", 4, [](float v, int64_t, int64_t) { return v + 2000; }},
    {"pytorch_40302_mean_100_deviation_a_hundredth", 32768,
     [](float v, int64_t, int64_t) { return 100 + 0.01f * v; }},
    {"burn_5607_mean_100_spread_a_thousandth", 768,
     [](float v, int64_t, int64_t) { return 100 + 1e-3f * v; }},
    {"mlx_2238_near_1449_5", 16,
     [](float, int64_t i, int64_t) { return 1449.5f + 0x1p-13f * static_cast<float>(i % 3); }},
    {"torch_xpu_1374_from_1e15", 8,
     [](float, int64_t i, int64_t) { return 1e15f + 0x1p26f * static_cast<float>(i % 5); }},
    {"tensorflow_3290_mean_1000", 100, [](float v, int64_t, int64_t) { return 1000 + 0.1f * v; }},
    {"equinox_314_one_value_and_its_neighbour", 512,
     [](float, int64_t i, int64_t n) { return i == n / 3 ? std::nextafter(7.3f, 8.0f) : 7.3f; }},
    {"tt_metal_47791_mean_1e6", 1024, [](float v, int64_t, int64_t) { return v + 1e6f; }},
    {"mean_1e8_steps_of_an_ulp", 300,
     [](float, int64_t i, int64_t) { return 1e8f + 8 * static_cast<float>(i % 3); }},
    // x * rstd - mean * rstd: not 0 where x is its mean.
    {"pytorch_108072_two_14s", 2, [](float, int64_t, int64_t) { return 14.0f; }},
    {"pytorch_188372_one_value_of_1e6", 1, [](float v, int64_t i, int64_t) {
       return i == 0 ? 1e6f : v;
     }},
    // Squares and sums beyond f32.
    {"pytorch_162489_1e30", 300, [](float, int64_t, int64_t) { return 1e30f; }},
    {"pytorch_178123_normal_of_1e30", 1024, [](float v, int64_t, int64_t) { return v * 1e30f; }},
    {"pytorch_178084_1e32_to_the_largest", 768,
     [](float, int64_t i, int64_t) {
       return i == 0 ? hostile::kMax : hostile::decade<31>(i, 8) * 0.877f;
     }},
    {"pytorch_173793_8_5e37", 768, [](float, int64_t, int64_t) { return 8.5071e37f; }},
    {"pytorch_180156_1e20_to_3e38", 256,
     [](float, int64_t i, int64_t) {
       return std::min(hostile::decade<20>(i, 19), 3e38f) * hostile::sign(i / 3);
     }},
    {"tt_metal_55159_2e19", 64,
     [](float, int64_t i, int64_t) { return 2e19f * hostile::sign(i / 2); }},
    {"ggml_squares_of_1e20", 96, [](float v, int64_t, int64_t) { return v * 1e20f; }},
    {"near_the_largest", 100, [](float, int64_t, int64_t) { return 3e38f; }},
    {"near_the_largest_of_either_sign", 100,
     [](float, int64_t i, int64_t) { return 3e38f * hostile::sign(i); }},
    {"of_1e8_and_either_sign", 100,
     [](float, int64_t i, int64_t) { return 1e8f * hostile::sign(i); }},
    {"deviation_at_which_xhat_is_worked_on_halves", 300,
     [](float v, int64_t, int64_t) { return v * 0x1p102f; }},
    // Squares and sums beyond f16, whose own range they keep.
    {"nntrainer_3935_hundreds", 1024, [](float v, int64_t, int64_t) { return v * 300; }},
    {"pytorch_133085_f16_s_largest", 64,
     [](float, int64_t i, int64_t) { return 65504.0f * hostile::sign(i / 2); }},
    {"onnxruntime_29043_thousands", 2048,
     [](float v, int64_t, int64_t) { return 2000 + 100 * v; }},
    {"leetcuda_335_squares_beyond_f16", 512, [](float v, int64_t, int64_t) { return 20 + 5 * v; }},
    {"llama_1048_f16_stream", 4096,
     [](float v, int64_t i, int64_t) { return i % 1024 == 17 ? 900.0f : 2 * v; }},
    // Where eps is most of it, and where a sum is subnormal.
    {"coremltools_2822_a_thousandth", 256, [](float v, int64_t, int64_t) { return v * 1e-3f; }},
    {"normal_of_1e_minus_30", 300, [](float v, int64_t, int64_t) { return v * 1e-30f; }},
    {"few_subnormal_values", 100,
     [](float, int64_t i, int64_t) { return 0x1p-149f * static_cast<float>(i % 7); }},
    {"many_subnormal_values", 100, [](float v, int64_t, int64_t) { return v * 0x1p-130f; }},
    {"pytorch_41527_zeros", 10, [](float, int64_t, int64_t) { return 0.0f; }},
    {"zeros_of_either_sign", 100,
     [](float, int64_t i, int64_t) { return 0.0f * hostile::sign(i); }},
    {"negative_zeros", 100, [](float, int64_t, int64_t) { return -0.0f; }},
    // Channels that stand out of a language model's stream.
    {"first_of_1e20", 300, [](float v, int64_t i, int64_t) { return i == 0 ? 1e20f : v; }},
    {"first_of_4096", 1024, [](float v, int64_t i, int64_t) { return i == 0 ? 4096.0f : v; }},
    {"middle_of_30000", 1024,
     [](float v, int64_t i, int64_t n) { return i == n / 2 ? -30000.0f : v; }},
    {"last_of_2500", 4096, [](float v, int64_t i, int64_t n) { return i == n - 1 ? 2500.0f : v; }},
    {"every_512th_40_times", 4096,
     [](float v, int64_t i, int64_t) { return i % 512 == 3 ? 40 * v : v; }},
    // Orders that favour a sum from left to right, or break it.
    {"sorted", 1000,
     [](float, int64_t i, int64_t n) { return static_cast<float>(i) - static_cast<float>(n / 2); }},
    {"sorted_down_by_powers", 200,
     [](float, int64_t i, int64_t) { return std::ldexp(1.5f, 20 - static_cast<int>(i % 44)); }},
    // Not finite; last.
    {"first_infinite", 100, [](float v, int64_t i, int64_t) { return i == 0 ? hostile::kInf : v; }},
    {"last_infinite", 100,
     [](float v, int64_t i, int64_t n) { return i == n - 1 ? -hostile::kInf : v; }},
    {"infinities_of_either_sign", 100,
     [](float, int64_t i, int64_t) { return hostile::kInf * hostile::sign(i); }},
    {"middle_not_a_number", 100,
     [](float v, int64_t i, int64_t n) {
       return i == n / 2 ? std::numeric_limits<float>::quiet_NaN() : v;
     }},
    {"infinite_before_the_largest", 100,
     [](float, int64_t i, int64_t n) {
       return i == 0 ? hostile::kInf : i == n - 1 ? -0.0f : 3e38f * hostile::sign(i);
     }},
};

inline constexpr int kHostileRows = std::size(kHostile);
inline constexpr int kFiniteHostileRows = kHostileRows - 5;

inline std::vector<float> hostile_row(const HostileRow& row, int64_t n) {
  std::vector<float> x = normal_values(n, 77);
  for (int64_t i = 0; i < n; ++i) {
    float& v = x[static_cast<size_t>(i)];
    v = row.element(v, i, n);
  }
  return x;
}
inline std::vector<float> hostile_row(int which, int64_t n) {
  return hostile_row(kHostile[which], n);
}
inline std::vector<float> hostile_row(std::string_view name, int64_t n) {
  const auto* found = std::find_if(std::begin(kHostile), std::end(kHostile),
                                   [&](const HostileRow& row) { return row.name == name; });
  if (found == std::end(kHostile)) throw std::out_of_range(std::string(name));
  return hostile_row(*found, n);
}

}  // namespace norma::test

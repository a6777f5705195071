// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/quantized_norm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/fp_environment.h"
#include "core/ref/norms.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

// |v| <= 128.
int8_t to_int8(float v) {
  const float nearest = (v + 0x1.8p23f) - 0x1.8p23f;
  return static_cast<int8_t>(std::clamp(nearest, -127.0f, 127.0f));
}

template <typename T>
void quantize(const QuantizedForward& args, int64_t r, const Elements<T>& z) {
  const int64_t n = args.norm.x.cols;
  const float most = largest_of(args.format);
  T largest = 0;
  bool finite = true;
  for (int64_t i = 0; i < n; ++i) {
    finite = finite && std::isfinite(z[i]);
    largest = std::max(largest, std::fabs(z[i]));
  }
  const float scale = finite ? std::max(static_cast<float>(largest / static_cast<T>(most)),
                                        std::numeric_limits<float>::min())
                             : std::numeric_limits<float>::quiet_NaN();
  args.scale[r] = scale;
  const T inverse = 1 / static_cast<T>(scale);
  auto* q = static_cast<uint8_t*>(args.q) + r * args.q_stride;
  for (int64_t i = 0; i < n; ++i) {
    const float v = static_cast<float>(z[i] * inverse);
    const bool is_int8 = args.format == QuantFormat::kInt8;
    if (is_int8) q[i] = finite ? static_cast<uint8_t>(to_int8(v)) : 0;
    if (!is_int8) q[i] = finite ? to_e4m3(v) : 0x7F;
  }
}

template <typename T>
void forward(const NormSpec& spec, const QuantizedForward& args, void* row_memory) {
  const NormForward& all = args.norm;
  for (int64_t r = 0; r < all.x.rows; ++r) {
    const auto at = [r](const auto& view) {
      auto one = view;
      using Bytes = std::conditional_t<std::is_same_v<decltype(one), RowsView>, char, const char>;
      if (one.data == nullptr) return one;
      one.data = static_cast<Bytes*>(one.data) +
                 r * one.stride * static_cast<int64_t>(size_of(one.dtype));
      one.rows = 1;
      return one;
    };
    const auto saved = [r](void* values) {
      return values == nullptr ? nullptr : static_cast<T*>(values) + r;
    };
    NormForward one = all;
    one.x = at(all.x), one.residual = at(all.residual), one.sum = at(all.sum);
    one.y = {row_memory, all.x.dtype, 1, all.x.cols, all.x.cols};
    one.statistics = {saved(all.statistics.mean_hi), saved(all.statistics.mean_lo),
                      saved(all.statistics.rstd)};
    norm_forward(spec, one);
    quantize(args, r, row<T>(one.y, 0));
  }
}

}  // namespace

uint8_t to_e4m3(float v) {
  const uint32_t u = std::bit_cast<uint32_t>(v), magnitude = u & 0x7FFFFFFF;
  const auto sign = static_cast<uint8_t>((u ^ magnitude) >> 24);
  if (magnitude > 0x7F800000) return sign | 0x7F;
  // Below 2^-6 steps are 2^-9, those of f32 from 2^14 on.
  const uint32_t subnormal =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0x1p14f) - 0x46800000;
  const uint32_t normal = ((magnitude + 0x7FFFF + ((magnitude >> 20) & 1)) >> 20) - (120 << 3);
  return sign | static_cast<uint8_t>(std::min(magnitude < 0x3C800000 ? subnormal : normal, 0x7Eu));
}

void quantized_norm_forward(const NormSpec& spec, const QuantizedForward& args, void* row_memory) {
  if (args.norm.x.cols == 0) {
    NormForward norm = args.norm;
    norm.y = {row_memory, norm.x.dtype, norm.x.rows, 0, 0};
    norm_forward(spec, norm);
    // Rows of no elements have the scale of rows of zeros.
    for (int64_t r = 0; args.scale != nullptr && r < norm.x.rows; ++r) {
      args.scale[r] = std::numeric_limits<float>::min();
    }
    return;
  }
  args.norm.x.dtype == DType::kF64 ? forward<double>(spec, args, row_memory)
                                   : forward<float>(spec, args, row_memory);
}

}  // namespace norma::ref

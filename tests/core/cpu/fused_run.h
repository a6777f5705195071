// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs a norm with what is fused to it, on one target or by the specification, in any of the ways
// that must not show; and says what the same work gives in parts.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "core/cpu/fused_norm.h"
#include "core/ref/elementary.h"
#include "core/ref/gated_norm.h"
#include "core/ref/quantized_norm.h"
#include "core/ref/rope_norm.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/support/results.h"
#include "tests/support/thinning.h"

namespace norma::test {

enum class Fused { kGate, kRopeHalves, kRopeInterleaved, kInt8, kE4m3 };

inline const char* name_of(Fused what) {
  constexpr const char* kNames[] = {"gate", "rope_halves", "rope_interleaved", "int8", "e4m3"};
  return kNames[static_cast<size_t>(what)];
}
inline bool is_rope(Fused what) {
  return what == Fused::kRopeHalves || what == Fused::kRopeInterleaved;
}
inline bool is_quantized(Fused what) { return what == Fused::kInt8 || what == Fused::kE4m3; }

struct FusedNorm {
  Problem norm;
  Fused what;
  std::vector<float> gate;               // dense
  std::vector<float> cos, sin;           // of `pairs` columns, dense
  std::vector<int64_t> positions;        // empty: absent
  int64_t pairs = 0, rows_per_position = 1;
  std::vector<float> residual, dsum;  // dense; each empty: absent
  float scale = 1;                    // of the residual
};

// A gate of its norm's types and shape, tables with a row for each position, every third of them
// used; the last two columns of rows of more than five are not turned.
inline FusedNorm fused_norm(const Problem& norm, Fused what, uint64_t seed = 23) {
  FusedNorm p;
  p.norm = norm;
  p.what = what;
  if (what == Fused::kGate) {
    p.gate = normal_values(norm.rows * norm.cols, seed, 3);
    round_to(&p.gate, norm.types.rows);
  }
  if (!is_rope(what)) return p;
  p.pairs = (norm.cols - (norm.cols > 5 ? 2 : 0)) / 2;
  p.rows_per_position = 1 + static_cast<int64_t>(seed % 3);
  const int64_t groups = (norm.rows + p.rows_per_position - 1) / p.rows_per_position;
  for (int64_t i = 0; i < groups * 3 * p.pairs; ++i) {
    const float angle = 0.37f * static_cast<float>(i % 1000);
    p.cos.push_back(std::cos(angle));
    p.sin.push_back(std::sin(angle));
  }
  // Fewer positions than groups: they begin anew.
  for (int64_t i = 0; i < (groups + 1) / 2; ++i) p.positions.push_back(3 * (groups - 1 - i) + 1);
  if (seed % 2 == 0) p.positions.clear();
  return p;
}

struct FusedNormResults {
  Results norm;  // without the raw sums; y is the fused one
  std::vector<float> dgate, scale, sum, dresidual;
  std::vector<uint8_t> q;
};

// --- In parts: the specification of the norm alone, and what follows it one element at a time.

inline float silu_in_parts(float g) { return g * ref::sigmoid(g); }

inline int64_t position_in_parts(const FusedNorm& p, int64_t r) {
  const int64_t group = r / p.rows_per_position;
  return p.positions.empty() ? group
                             : p.positions[static_cast<size_t>(group) % p.positions.size()];
}

// Row by row, out of place: direction 1 turns, -1 turns back.
inline std::vector<float> turned_in_parts(const FusedNorm& p, const std::vector<float>& z,
                                          float direction) {
  std::vector<float> out = z;
  const int64_t cols = p.norm.cols;
  for (int64_t r = 0; r < p.norm.rows; ++r) {
    for (int64_t k = 0; k < p.pairs; ++k) {
      const bool halves = p.what == Fused::kRopeHalves;
      const auto a = static_cast<size_t>(r * cols + (halves ? k : 2 * k));
      const auto b = static_cast<size_t>(r * cols + (halves ? k + p.pairs : 2 * k + 1));
      const auto at = static_cast<size_t>(position_in_parts(p, r) * p.pairs + k);
      // A product with the sign changed is the same but for its sign.
      const float sin = direction * p.sin[at], ac = z[a] * p.cos[at], bc = z[b] * p.cos[at];
      const float as = z[a] * sin, bs = z[b] * sin;
      out[a] = ref::rounded(ac - bs, p.norm.types.rows);
      out[b] = ref::rounded(bc + as, p.norm.types.rows);
    }
  }
  return out;
}

// Every value of the format that is not negative, by its code.
inline std::vector<double> values_of(Fused format) {
  std::vector<double> values;
  if (format == Fused::kInt8) {
    for (int i = 0; i <= 127; ++i) values.push_back(i);
    return values;
  }
  for (int code = 0; code < 127; ++code) {
    const int exponent = code >> 3, mantissa = code & 7;
    values.push_back(exponent == 0 ? std::ldexp(mantissa, -9)
                                   : std::ldexp(8 + mantissa, exponent - 10));
  }
  return values;
}

// The code whose value is nearest, of two as near the even one.
inline uint8_t nearest_in_parts(Fused format, const std::vector<double>& values, float v) {
  const double magnitude = std::fabs(static_cast<double>(v));
  const auto above = std::lower_bound(values.begin(), values.end(), magnitude);
  auto code = static_cast<size_t>(above - values.begin());
  if (above == values.end()) {
    code = values.size() - 1;
  } else if (code > 0) {
    const double up = values[code] - magnitude, down = magnitude - values[code - 1];
    if (down < up || (down == up && code % 2 == 1)) --code;
  }
  if (!std::signbit(v)) return static_cast<uint8_t>(code);
  return static_cast<uint8_t>(format == Fused::kInt8 ? 256 - code : 128 + code);
}

inline void quantize_in_parts(const FusedNorm& p, const std::vector<float>& z,
                              FusedNormResults* r) {
  const std::vector<double> values = values_of(p.what);
  const auto cols = static_cast<size_t>(p.norm.cols);
  for (size_t first = 0; first < z.size(); first += cols) {
    float largest = 0, scale = 0;
    for (size_t i = first; i < first + cols; ++i) {
      if (!std::isfinite(z[i])) scale = std::numeric_limits<float>::quiet_NaN();
      largest = std::max(largest, std::fabs(z[i]));
    }
    const float share = largest / static_cast<float>(values.back());
    if (!std::isnan(scale)) scale = std::max(share, 0x1p-126f);
    r->scale.push_back(scale);
    const float inverse = 1 / scale;
    for (size_t i = first; i < first + cols; ++i) {
      const uint8_t none = p.what == Fused::kInt8 ? 0 : 0x7F;
      r->q.push_back(std::isnan(scale) ? none : nearest_in_parts(p.what, values, z[i] * inverse));
    }
  }
}

// What a call without a residual gives.
inline FusedNormResults in_parts_alone(const FusedNorm& p) {
  FusedNormResults r{specified(p.norm), {}, {}, {}, {}, {}};
  const DType type = p.norm.types.rows;
  const std::vector<float> z = r.norm.y;
  if (is_quantized(p.what)) {
    quantize_in_parts(p, z, &r);
    r.norm.y.clear();
    return r;
  }
  Problem back = p.norm;
  if (is_rope(p.what)) {
    r.norm.y = turned_in_parts(p, z, 1);
    back.dy = turned_in_parts(p, p.norm.dy, -1);
  } else {
    for (size_t i = 0; i < z.size(); ++i) {
      const float g = p.gate[i], dy = p.norm.dy[i], s = ref::sigmoid(g);
      const float product = silu_in_parts(g) * ref::sigmoid(-g), slope = s + product;
      r.norm.y[i] = ref::rounded(z[i] * silu_in_parts(g), type);
      back.dy[i] = ref::rounded(dy * silu_in_parts(g), type);
      const float dy_z = dy * z[i];
      r.dgate.push_back(ref::rounded(dy_z * slope, type));
    }
  }
  const Results gradients = specified(back);
  r.norm.dx = gradients.dx, r.norm.dweight = gradients.dweight, r.norm.dbias = gradients.dbias;
  return r;
}

// The sum and its gradients, a rounding each, around that.
inline FusedNormResults in_parts(FusedNorm p) {
  if (p.residual.empty()) return in_parts_alone(p);
  const DType type = p.norm.types.rows;
  std::vector<float>& x = p.norm.x;
  for (size_t i = 0; i < x.size(); ++i) {
    const float product = p.scale * p.residual[i];
    x[i] = ref::rounded(x[i] + product, type);
  }
  FusedNormResults r = in_parts_alone(p);
  r.sum = x;
  if (is_quantized(p.what)) return r;
  for (size_t i = 0; i < x.size(); ++i) {
    float& dx = r.norm.dx[i];
    if (!p.dsum.empty()) dx = ref::rounded(dx + p.dsum[i], type);
    r.dresidual.push_back(ref::rounded(p.scale * dx, type));
  }
  return r;
}

// --- In one call. kernels: null for the specification. y is x in place, dx is dy.

class FusedRun {
 public:
  FusedRun(const FusedNorm& p, const Way& way)
      : p_(p), way_(way), inner_(std_thread_executor(way.threads)),
        outer_(way.row_at_a_time ? row_at_a_time(inner_) : inner_), x_(rows(1, p.norm.x)),
        dy_(rows(2, p.norm.dy)), gate_(rows(3, p.gate)), y_(rows(4, {})), dx_(rows(5, {})),
        dgate_(rows(6, {})), weight_(vector(7, p.norm.weight)), bias_(vector(8, p.norm.bias)),
        dweight_(1, p.norm.weights(), 0, at(9), p.norm.types.gradients),
        dbias_(1, p.norm.cols, 0, at(10), p.norm.types.gradients), hi_(1, p.norm.rows), lo_(hi_),
        rstd_(hi_), cos_(table(p.cos)), sin_(table(p.sin)), scale_(1, p.norm.rows),
        residual_(rows(12, p.residual)), dsum_(rows(13, p.dsum)), sum_(rows(14, {})),
        dresidual_(rows(15, {})),
        q_stride_(p.norm.cols + (way.stride == 0 ? 0 : 3)),
        q_(static_cast<size_t>(q_stride_ * p.norm.rows + 128), 0x5A) {}

  FusedNormResults run(const cpu::Kernels* kernels, bool least) {
    FusedNormResults r;
    if (is_quantized(p_.what)) {
      quantize(kernels, least, &r);
    } else {
      forward(kernels);
      r.norm.y = (way_.in_place ? x_ : y_).dense();
      if (way_.in_place) x_.assign(p_.norm.x);
      backward(kernels, least);
      if (!absent(kDx)) r.norm.dx = (way_.in_place ? dy_ : dx_).dense();
      if (adds()) r.dresidual = dresidual_.dense();
      r.norm.dweight = flat(dweight_, absent(kDweight));
      r.norm.dbias = flat(dbias_, absent(kDbias));
      r.dgate = flat(dgate_, p_.what != Fused::kGate || absent(kRstd));
    }
    if (adds()) r.sum = sum_.dense();
    if (saves_mean_hi(p_.norm.spec.kind)) r.norm.mean_hi = hi_.dense();
    if (saves_mean_lo(p_.norm.spec.kind)) r.norm.mean_lo = lo_.dense();
    r.norm.rstd = rstd_.dense();
    for (const PaddedRows* each : {&x_, &dy_, &gate_, &y_, &dx_, &dgate_, &weight_, &bias_,
                                   &dweight_, &dbias_, &hi_, &lo_, &rstd_, &cos_, &sin_, &scale_,
                                   &residual_, &dsum_, &sum_, &dresidual_}) {
      EXPECT_TRUE(each->padding_is_untouched()) << "written outside of the rows";
    }
    return r;
  }

 private:
  bool absent(unsigned what) const { return (way_.absent & what) != 0; }
  bool adds() const { return !p_.residual.empty(); }
  int64_t at(int64_t tensor) const { return way_.offset * tensor % 16; }
  PaddedRows rows(int64_t tensor, const std::vector<float>& values) const {
    PaddedRows memory(p_.norm.rows, p_.norm.cols, way_.stride, at(tensor), p_.norm.types.rows);
    if (!values.empty()) memory.assign(values);
    return memory;
  }
  PaddedRows vector(int64_t tensor, const std::vector<float>& values) const {
    const auto size = std::max<int64_t>(1, static_cast<int64_t>(values.size()));
    PaddedRows memory(1, size, 0, at(tensor), p_.norm.types.parameters);
    if (!values.empty()) memory.assign(values);
    return memory;
  }
  PaddedRows table(const std::vector<float>& values) const {
    const int64_t pairs = std::max<int64_t>(1, p_.pairs);
    const auto count = static_cast<int64_t>(values.size()) / pairs;
    PaddedRows memory(count, p_.pairs, p_.pairs + way_.offset % 5, at(11));
    if (!values.empty()) memory.assign(values);
    return memory;
  }
  ConstVectorView parameter(const PaddedRows& memory, const std::vector<float>& values) const {
    return {values.empty() ? nullptr : memory.data(), p_.norm.types.parameters,
            static_cast<int64_t>(values.size())};
  }
  NormForward norm_forward() {
    const NormKind kind = p_.norm.spec.kind;
    const RowsView y = is_quantized(p_.what) ? RowsView() : (way_.in_place ? x_ : y_).view();
    return {x_.view(), parameter(weight_, p_.norm.weight), parameter(bias_, p_.norm.bias), y,
            {saves_mean_hi(kind) ? hi_.data() : nullptr,
             saves_mean_lo(kind) ? lo_.data() : nullptr, rstd_.data()},
            adds() ? residual_.view() : RowsView(), adds() ? sum_.view() : RowsView(), p_.scale};
  }
  NormBackward norm_backward() {
    const Statistics s = norm_forward().statistics;
    return {(adds() ? sum_ : x_).view(), dy_.view(), parameter(weight_, p_.norm.weight),
            {s.mean_hi, s.mean_lo, s.rstd}, (way_.in_place ? dy_ : dx_).view(),
            {absent(kDweight) ? nullptr : dweight_.data(), p_.norm.types.gradients,
             p_.norm.weights()},
            {absent(kDbias) ? nullptr : dbias_.data(), p_.norm.types.gradients, p_.norm.cols},
            p_.dsum.empty() ? RowsView() : dsum_.view(), adds() ? dresidual_.view() : RowsView(),
            p_.scale};
  }
  Rope rope() {
    return {cos_.view(), sin_.view(), p_.positions.empty() ? nullptr : p_.positions.data(),
            static_cast<int64_t>(p_.positions.size()), p_.rows_per_position,
            p_.what == Fused::kRopeHalves ? RopePairs::kHalves : RopePairs::kInterleaved};
  }

  void forward(const cpu::Kernels* kernels) {
    const Surroundings surroundings(way_);
    const NormSpec& spec = p_.norm.spec;
    if (p_.what == Fused::kGate) {
      const GatedForward args{norm_forward(), gate_.view()};
      kernels != nullptr ? cpu::gated_norm_forward(*kernels, spec, args, outer_)
                         : ref::gated_norm_forward(spec, args);
    } else {
      const RopeForward args{norm_forward(), rope()};
      kernels != nullptr ? cpu::rope_norm_forward(*kernels, spec, args, outer_)
                         : ref::rope_norm_forward(spec, args);
    }
  }

  void backward(const cpu::Kernels* kernels, bool least) {
    const Surroundings surroundings(way_);
    const NormSpec& spec = p_.norm.spec;
    const NormBackward norm = norm_backward();
    const size_t bytes = cpu::backward_workspace(spec, norm, least ? serial_executor() : outer_);
    std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 1);
    if (p_.what == Fused::kGate) {
      const GatedBackward args{norm, parameter(bias_, p_.norm.bias), gate_.view(),
                               absent(kRstd) ? RowsView() : dgate_.view()};
      kernels != nullptr
          ? cpu::gated_norm_backward(*kernels, spec, args, workspace.data(), bytes, outer_)
          : ref::gated_norm_backward(spec, args);
    } else {
      const RopeBackward args{norm, rope()};
      kernels != nullptr
          ? cpu::rope_norm_backward(*kernels, spec, args, workspace.data(), bytes, outer_)
          : ref::rope_norm_backward(spec, args);
    }
  }

  void quantize(const cpu::Kernels* kernels, bool least, FusedNormResults* r) {
    const Surroundings surroundings(way_);
    const NormSpec& spec = p_.norm.spec;
    uint8_t* const q = q_.data() + 64;
    const QuantizedForward args{norm_forward(), q, q_stride_, static_cast<float*>(scale_.data()),
                                p_.what == Fused::kInt8 ? QuantFormat::kInt8 : QuantFormat::kE4m3};
    const size_t bytes =
        kernels != nullptr ? cpu::quantized_norm_workspace(args, least ? serial_executor() : outer_)
                           : static_cast<size_t>(p_.norm.cols) * sizeof(double);
    std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 2);
    std::memset(workspace.data(), 0xA5, workspace.size() * sizeof(NormCase::Line));
    kernels != nullptr
        ? cpu::quantized_norm_forward(*kernels, spec, args, workspace.data(), bytes, outer_)
        : ref::quantized_norm_forward(spec, args, workspace.data());
    const char* end = reinterpret_cast<const char*>(workspace.data()) + bytes;
    for (int i = 0; i < 64; ++i) EXPECT_EQ(static_cast<unsigned char>(end[i]), 0xA5) << "workspace";
    r->scale = scale_.dense();
    for (int64_t i = -64; i < q_stride_ * p_.norm.rows + 64; ++i) {
      const bool is_q = i >= 0 && i / q_stride_ < p_.norm.rows && i % q_stride_ < p_.norm.cols;
      EXPECT_TRUE(is_q || q[i] == 0x5A) << "written outside of q";
      if (is_q) r->q.push_back(q[i]);
    }
  }

  const FusedNorm& p_;
  const Way way_;
  const Executor inner_, outer_;
  PaddedRows x_, dy_, gate_, y_, dx_, dgate_, weight_, bias_, dweight_, dbias_, hi_, lo_, rstd_;
  PaddedRows cos_, sin_, scale_, residual_, dsum_, sum_, dresidual_;
  const int64_t q_stride_;
  std::vector<uint8_t> q_;
};

inline testing::AssertionResult same_results(const FusedNormResults& got,
                                             const FusedNormResults& want) {
  constexpr Member<FusedNormResults, float> kMore[] = {
      {"dgate", &FusedNormResults::dgate},
      {"scale", &FusedNormResults::scale},
      {"sum", &FusedNormResults::sum},
      {"dresidual", &FusedNormResults::dresidual}};
  auto same = same_results(got.norm, want.norm);
  if (same) same = same_members(got, want, kMore);
  if (!same || got.q == want.q) return same;
  size_t i = 0;
  while (i < got.q.size() && got.q[i] == want.q[i]) ++i;
  return testing::AssertionFailure() << "q[" << i << "] is " << int{got.q[i]} << " and must be "
                                     << int{want.q[i]};
}

// Every target and the specification's own fused pass have the bits of the parts.
inline testing::AssertionResult fused_is_its_parts(const FusedNorm& p, const std::vector<Way>& ways,
                                                   bool least = false) {
  if (left_to_release()) return testing::AssertionSuccess();
  std::vector<const cpu::Kernels*> all = kernels_of(p.norm.types.rows);
  all.push_back(nullptr);
  const FusedNormResults want = in_parts(p);
  for (const cpu::Kernels* kernels : all) {
    for (const Way& way : ways) {
      const auto same = same_results(FusedRun(p, way).run(kernels, least), want);
      if (!same || testing::Test::HasFailure()) {
        return testing::AssertionFailure()
               << name_of(p.norm.spec.kind) << " " << name_of(p.what) << " "
               << (kernels == nullptr ? "ref" : kernels->name) << " [" << p.norm.rows << ", "
               << p.norm.cols << "] " << p.norm.types.text() << " weight " << p.norm.weight.size()
               << " bias " << p.norm.bias.size() << " " << way.text() << ": " << same.message();
      }
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test

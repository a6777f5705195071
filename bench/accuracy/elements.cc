// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/elements.h"

#include <quadmath.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "bench/accuracy/channels.h"
#include "bench/accuracy/memory.h"
#include "bench/accuracy/oracle.h"
#include "core/plan/fused_norm.h"
#include "core/plan/plan.h"
#include "core/plan/pointwise.h"
#include "core/plan/seed_norm.h"

namespace norma::accuracy {
namespace {

constexpr int64_t kCols = 256;
constexpr double kU = 0x1p-24;
constexpr double kLeast = 0x1p-149;

double size(Quad v) { return static_cast<double>(magnitude(v)); }

// Rows of a family and a gradient for them.
Inputs inputs_of(DType dtype, Family family, int64_t rows) {
  constexpr NormKind kKind = NormKind::kRmsNorm;
  return make_inputs(kKind, dtype, variants_of(kKind, dtype)[0], family, rows, kCols);
}

// One result: |error| <= roundings * u of `terms`, what was lost below 2^-149, and a store.
void judge(Seen* seen, float got, Quad want, DType dtype, double room, double lost, size_t at) {
  const double store =
      dtype == DType::kF32 ? 0 : ulp_of(dtype, size(want) + room + lost) / 2;
  seen->add(got, want, dtype, {store + lost, room, 1}, static_cast<int64_t>(at) / kCols,
            static_cast<int64_t>(at) % kCols);
}

// tanh or erf and its slope, and how fast the slope changes beside itself.
struct Point {
  Quad value, slope;
  double steepness;
};
Point point_of(PointwiseKind kind, Quad a) {
  if (kind == PointwiseKind::kDyt) {
    const Quad cosh = coshq(a);
    return {tanhq(a), 1 / (cosh * cosh), 2};
  }
  return {erfq(a), 2 / sqrtq(M_PIq) * expq(-a * a), 2 * size(a)};
}

// docs/pointwise.md: the bounds without weight and bias.
Status measure_pointwise(const PointwiseSpec& spec, ElementEntry* entry, int64_t rows) {
  const Inputs in = inputs_of(entry->dtype, entry->family, rows);
  Memory x(in.dtype, in.x), dy(in.dtype, in.dy), y(in.dtype, in.x), dx = y;
  NORMA_RETURN_IF_ERROR(pointwise_forward(spec, {x.rows(kCols), {}, {}, y.rows(kCols)},
                                          serial_executor()));
  PointwiseBackward backward{x.rows(kCols), dy.rows(kCols), {}, dx.rows(kCols), {}, {}};
  NORMA_RETURN_IF_ERROR(pointwise_backward(spec, backward, nullptr, 0, serial_executor()));
  const std::vector<float> got = y.values(), got_dx = dx.values();
  const Quad alpha = static_cast<float>(spec.alpha);
  for (size_t i = 0; i < got.size(); ++i) {
    const Quad product = alpha * in.x[i];
    const Quad a = product + static_cast<float>(spec.shift);
    const Point at = point_of(spec.kind, a);
    const double argument = kU * (size(product) + (spec.shift != 0 ? size(a) : 0)) + kLeast;
    judge(&entry->y, got[i], at.value, in.dtype,
          size(at.slope) * argument + 3.5 * kU * size(at.value), 2 * kLeast, i);
    const Quad want = in.dy[i] * at.slope * alpha;
    judge(&entry->gradient, got_dx[i], want, in.dtype,
          (at.steepness * argument + 11 * kU) * size(want),
          4 * kLeast * (1 + std::fabs(in.dy[i])), i);
  }
  return Status();
}

// docs/seed-norm.md: the bounds of y and dx. The slope is the steepest within the error of dot.
Status measure_seed_norm(ElementEntry* entry, int64_t rows) {
  const Inputs in = inputs_of(entry->dtype, entry->family, rows);
  const std::vector<float> gammas = inputs_of(entry->dtype, entry->family, rows + 1).weight;
  std::vector<float> betas(in.dy.begin(), in.dy.begin() + kCols);
  for (float& beta : betas) beta *= 0x1p-4f;
  const NormSpec spec = in.spec;
  Memory x(in.dtype, in.x), dy(in.dtype, in.dy), y(in.dtype, in.x), dx = y,
      alpha(in.dtype, in.weight), beta(in.dtype, betas), gamma(in.dtype, gammas),
      dot(DType::kF32, static_cast<size_t>(rows)), rstd = dot;
  NORMA_RETURN_IF_ERROR(seed_norm_forward(
      {spec.eps, x.rows(kCols), alpha.constants(), beta.constants(), gamma.constants(),
       y.rows(kCols), dot.vector().data, rstd.vector().data},
      serial_executor()));
  const SeedNormBackward backward{x.rows(kCols), dy.rows(kCols), alpha.constants(),
                                  beta.constants(), gamma.constants(), dot.vector().data,
                                  rstd.vector().data, dx.rows(kCols), {}, {}, {}};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(seed_norm_backward_workspace_size(backward, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      seed_norm_backward(backward, workspace.data(), bytes, serial_executor()));
  const std::vector<float> got = y.values(), got_dx = dx.values();
  for (int64_t r = 0; r < rows; ++r) {
    const size_t first = static_cast<size_t>(r * kCols);
    const ExactRow row = exact_row(spec, in.x.data() + first, kCols);
    Quad exact_dot = 0, d = 0;
    double terms = 0, d_terms = 0;
    for (size_t i = 0; i < kCols; ++i) {
      const Quad product = static_cast<Quad>(in.x[first + i]) * betas[i];
      const Quad of_d = static_cast<Quad>(in.dy[first + i]) * row.xhat[i] * in.weight[i];
      exact_dot += product, d += of_d;
      terms += size(product), d_terms += size(of_d);
    }
    const Quad t = tanhq(exact_dot), cosh = coshq(exact_dot), e = d / (cosh * cosh);
    const double near = std::max(size(exact_dot) - 13 * kU * terms, 0.0);
    const double slope = 1 / (std::cosh(near) * std::cosh(near)), t_size = size(t);
    const double t_error = kU * (13 * slope * terms + 4.5 * t_size);
    const double e_error = slope * 24 * kU * d_terms + size(d) * (2 * t_size * t_error + 2 * kU) +
                           2 * kU * size(e);
    std::vector<Quad> gain(kCols);
    std::vector<double> w_error(kCols);
    double mean = 0, mean_error = 0;
    for (size_t i = 0; i < kCols; ++i) {
      const Quad gained = t * in.weight[i];
      gain[i] = gained + gammas[i];
      const double of_gain =
          std::fabs(in.weight[i]) * t_error + kU * (size(gained) + size(gain[i]));
      const double outer = std::fabs(in.dy[first + i]), xhat = size(row.xhat[i]);
      w_error[i] = outer * (of_gain + kU * size(gain[i]));
      mean += outer * size(gain[i]) * xhat / kCols;
      mean_error += w_error[i] * xhat / kCols;
      const Quad want = gain[i] * row.xhat[i];
      // Rows of 16 bits have xhat stored before the gain.
      const double stored = in.dtype == DType::kF32 ? 0 : ulp_of(in.dtype, 1.001 * xhat) / 2;
      judge(&entry->y, got[first + i], want, in.dtype, 1.01 * xhat * of_gain + 8 * kU * size(want),
            2 * kLeast + stored * (size(gain[i]) + of_gain), first + i);
    }
    const std::vector<Quad> of_norm = exact_dx(spec, row, in.dy.data() + first, gain);
    const double scale = size(row.rstd);
    for (size_t i = 0; i < kCols; ++i) {
      const Quad added = e * betas[i], want = of_norm[i] + added;
      const double xhat = size(row.xhat[i]), w = std::fabs(in.dy[first + i]) * size(gain[i]);
      const double room = scale * (0x1p-18 * (w + xhat * mean) + w_error[i] + xhat * mean_error) +
                          std::fabs(betas[i]) * e_error + 2 * kU * size(added) + kU * size(want);
      judge(&entry->gradient, got_dx[first + i], want, in.dtype, 1.01 * room,
            kLeast * (4 + scale * (2 + xhat)), first + i);
    }
  }
  return Status();
}

// z of rows that are x, without a weight.
Status norm(const Inputs& in, Memory* x, Memory* z, Memory* rstd, NormForward* args) {
  *args = {x->rows(kCols), {}, {}, z->rows(kCols), {nullptr, nullptr, rstd->vector().data}};
  return norm_forward(in.spec, *args, serial_executor());
}

// docs/fused-norms.md: the bounds of the gate.
Status measure_gate(ElementEntry* entry, int64_t rows) {
  const Inputs in = inputs_of(entry->dtype, Family::kNormal, rows);
  const Inputs gates = inputs_of(entry->dtype, entry->family, rows + 1);
  std::vector<float> gate(gates.x.begin(), gates.x.begin() + rows * kCols);
  Memory x(in.dtype, in.x), z(in.dtype, in.x), y = z, g(in.dtype, gate), dy(in.dtype, in.dy),
      dx = z, dgate = z, rstd(DType::kF32, static_cast<size_t>(rows));
  NormForward args;
  NORMA_RETURN_IF_ERROR(norm(in, &x, &z, &rstd, &args));
  args.y = y.rows(kCols);
  NORMA_RETURN_IF_ERROR(gated_norm_forward(in.spec, {args, g.rows(kCols)}, serial_executor()));
  const GatedBackward backward{{x.rows(kCols), dy.rows(kCols), {},
                                {nullptr, nullptr, rstd.vector().data}, dx.rows(kCols), {}, {}},
                               {}, g.rows(kCols), dgate.rows(kCols)};
  NORMA_RETURN_IF_ERROR(gated_norm_backward(in.spec, backward, nullptr, 0, serial_executor()));
  const std::vector<float> z_of = z.values(), got = y.values(), got_dgate = dgate.values();
  for (size_t i = 0; i < got.size(); ++i) {
    const Quad s = 1 / (1 + expq(-static_cast<Quad>(gate[i]))), silu = gate[i] * s;
    const Quad other = silu / (1 + expq(static_cast<Quad>(gate[i]))), slope = s + other;
    const Quad outer = static_cast<Quad>(in.dy[i]) * z_of[i];
    const double lost = kLeast * (4 + std::fabs(gate[i])) * (1 + size(outer) + std::fabs(z_of[i]));
    const Quad want = z_of[i] * silu;
    judge(&entry->y, got[i], want, in.dtype, 7 * kU * size(want), lost, i);
    judge(&entry->gradient, got_dgate[i], outer * slope, in.dtype,
          kU * size(outer) * (5 * size(s) + 12 * size(other) + 3 * size(slope)), lost, i);
  }
  return Status();
}

// Angles by their half's tangent, so that no function of libm is called.
Status measure_rope(ElementEntry* entry, int64_t rows) {
  constexpr int64_t kPairs = kCols / 2;
  const Inputs in = inputs_of(entry->dtype, entry->family, rows);
  std::vector<float> cosines, sines;
  for (int64_t i = 0; i < rows * kPairs; ++i) {
    const double t = static_cast<double>(i * 7919 % 4001) / 500 - 4;
    cosines.push_back(static_cast<float>((1 - t * t) / (1 + t * t)));
    sines.push_back(static_cast<float>(2 * t / (1 + t * t)));
  }
  Memory x(in.dtype, in.x), z(in.dtype, in.x), y = z, cos(DType::kF32, cosines),
      sin(DType::kF32, sines), rstd(DType::kF32, static_cast<size_t>(rows));
  NormForward args;
  NORMA_RETURN_IF_ERROR(norm(in, &x, &z, &rstd, &args));
  args.y = y.rows(kCols);
  NORMA_RETURN_IF_ERROR(
      rope_norm_forward(in.spec, {args, {cos.rows(kPairs), sin.rows(kPairs)}}, serial_executor()));
  const std::vector<float> z_of = z.values(), got = y.values();
  for (size_t i = 0; i < cosines.size(); ++i) {
    const size_t first = i / kPairs * kCols + i % kPairs, second = first + kPairs;
    const Quad a = z_of[first], b = z_of[second], c = cosines[i], s = sines[i];
    // Two products and a sum, each half an ulp at most: u of each term, u of the sum.
    const auto room = [](Quad p, Quad q) { return kU * (size(p) + size(q) + size(p + q)); };
    judge(&entry->y, got[first], a * c - b * s, in.dtype, room(a * c, -b * s), 2 * kLeast, first);
    judge(&entry->y, got[second], b * c + a * s, in.dtype, room(b * c, a * s), 2 * kLeast, second);
  }
  return Status();
}

double value_of(uint8_t code, QuantFormat format) {
  if (format == QuantFormat::kInt8) return static_cast<int8_t>(code);
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const double size = exponent == 0 ? std::ldexp(mantissa, -9)
                                    : std::ldexp(8 + mantissa, exponent - 10);
  return code & 0x80 ? -size : size;
}

// In steps: of the scale for int8, of the value's own for e4m3. Half a step, and what rounding the
// scale, its inverse and the product can move: 3 u of the largest.
Status measure_quantized(QuantFormat format, ElementEntry* entry, int64_t rows) {
  const Inputs in = inputs_of(entry->dtype, entry->family, rows);
  Memory x(in.dtype, in.x), z(in.dtype, in.x), rstd(DType::kF32, static_cast<size_t>(rows));
  NormForward args;
  NORMA_RETURN_IF_ERROR(norm(in, &x, &z, &rstd, &args));
  args.y = {};
  std::vector<uint8_t> q(in.x.size());
  std::vector<float> scale(static_cast<size_t>(rows));
  const QuantizedForward forward{args, q.data(), kCols, scale.data(), format};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(
      quantized_norm_forward_workspace_size(in.spec, forward, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      quantized_norm_forward(in.spec, forward, workspace.data(), bytes, serial_executor()));
  const std::vector<float> z_of = z.values();
  for (size_t i = 0; i < q.size(); ++i) {
    const Quad by = scale[i / kCols], exact = z_of[i] / by;
    const double most = static_cast<double>(largest_of(format));
    int exponent = 0;
    std::frexp(std::max(std::min(size(exact), most), 0x1p-6), &exponent);
    const double step = format == QuantFormat::kInt8 ? 1 : std::ldexp(1.0, exponent - 4);
    const Quad steps = (value_of(q[i], format) - exact) / step;
    // As what is off 1, so that Seen's ulps are 2^-23 steps.
    entry->y.add(static_cast<double>(1 + steps), 1, DType::kF32,
                 {0.5 + 3 * kU * most / step, 0, 0}, static_cast<int64_t>(i) / kCols,
                 static_cast<int64_t>(i) % kCols);
  }
  return Status();
}

}  // namespace

Result<std::vector<ElementEntry>> survey_elements(int64_t rows) {
  std::vector<ElementEntry> entries;
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const Family family : {Family::kNormal, Family::kWide}) {
      const auto add = [&](const char* what) {
        entries.push_back({what, dtype, family, {}, {}});
        return &entries.back();
      };
      NORMA_RETURN_IF_ERROR(measure_pointwise({PointwiseKind::kDyt, 0.5}, add("DyT"), rows));
      NORMA_RETURN_IF_ERROR(
          measure_pointwise({PointwiseKind::kDerf, 0.5, -0.25}, add("Derf"), rows));
      NORMA_RETURN_IF_ERROR(measure_seed_norm(add("SeeDNorm"), rows));
      NORMA_RETURN_IF_ERROR(measure_gate(add("norm + gate"), rows));
      NORMA_RETURN_IF_ERROR(measure_rope(add("norm + RoPE"), rows));
      NORMA_RETURN_IF_ERROR(measure_quantized(QuantFormat::kInt8, add("norm to int8"), rows));
      NORMA_RETURN_IF_ERROR(measure_quantized(QuantFormat::kE4m3, add("norm to e4m3"), rows));
      NORMA_RETURN_IF_ERROR(survey_channels(dtype, family, rows, &entries));
    }
  }
  return entries;
}

}  // namespace norma::accuracy

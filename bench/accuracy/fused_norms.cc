// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/fused_norms.h"

#include <quadmath.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "bench/accuracy/element_rows.h"
#include "bench/accuracy/memory.h"
#include "core/plan/fused_norm.h"
#include "core/plan/plan.h"

namespace norma::accuracy {
namespace {

constexpr int64_t kPairs = kElementCols / 2;

Status norm(const Inputs& in, Memory* x, Memory* z, Memory* rstd, NormForward* args) {
  *args = {x->rows(in.cols), {}, {}, z->rows(in.cols), {nullptr, nullptr, rstd->vector().data}};
  return norm_forward(in.spec, *args, serial_executor());
}

struct Angles {
  std::vector<float> cosines, sines;
};

// By their half's tangent, so that no function of libm is called.
Angles angles_of(int64_t rows) {
  Angles angles;
  for (int64_t i = 0; i < rows * kPairs; ++i) {
    const double t = static_cast<double>(i * 7919 % 4001) / 500 - 4;
    angles.cosines.push_back(static_cast<float>((1 - t * t) / (1 + t * t)));
    angles.sines.push_back(static_cast<float>(2 * t / (1 + t * t)));
  }
  return angles;
}

// Two products and a sum, each half an ulp at most: u of each term, u of the sum.
double room_of_turn(Quad p, Quad q) {
  return kU * (size_of_quad(p) + size_of_quad(q) + size_of_quad(p + q));
}

// The gradient of z is rounded to the rows' type on its way. What it is off by reaches dx as any
// gradient would: the norm is linear in it.
void judge_rope_dx(const Inputs& in, const Angles& angles, int64_t r, const std::vector<float>& got,
                   Seen* seen) {
  const size_t first = static_cast<size_t>(r * kElementCols);
  const ExactRow row = exact_row(in.spec, in.x.data() + first, kElementCols);
  std::vector<Quad> dz(kElementCols);
  std::vector<double> dz_error(kElementCols);
  const auto add = [&](size_t column, Quad exact, Quad p, Quad q) {
    dz[column] = exact;
    const double error = room_of_turn(p, q) + 2 * kLeast;
    const double store = in.dtype == DType::kF32
                             ? 0
                             : ulp_of(in.dtype, size_of_quad(exact) + error) / 2;
    dz_error[column] = error + store;
  };
  for (size_t i = 0; i < kPairs; ++i) {
    const size_t angle = static_cast<size_t>(r * kPairs) + i;
    const Quad a = in.dy[first + i], b = in.dy[first + i + kPairs];
    const Quad cos = angles.cosines[angle], sin = angles.sines[angle];
    const ExactPair back = exact_turned_back(a, b, cos, sin);
    add(i, back.a, a * cos, b * sin);
    add(i + kPairs, back.b, b * cos, -a * sin);
  }
  double mean = 0, mean_error = 0;
  for (size_t i = 0; i < kElementCols; ++i) {
    const double xhat = size_of_quad(row.xhat[i]);
    mean += size_of_quad(dz[i]) * xhat / kElementCols;
    mean_error += dz_error[i] * xhat / kElementCols;
  }
  const std::vector<float> ones(kElementCols, 1.0f);
  const std::vector<Quad> want = exact_dx(in.spec, row, ones.data(), dz);
  const double rstd = size_of_quad(row.rstd);
  for (size_t i = 0; i < kElementCols; ++i) {
    const double xhat = size_of_quad(row.xhat[i]);
    const double room = rstd * (0x1p-18 * (size_of_quad(dz[i]) + xhat * mean) +
                                (1 + 0x1p-18) * (dz_error[i] + xhat * mean_error));
    judge_element(got[first + i], want[i], in.dtype, room, kLeast * (1 + rstd * (2 + xhat)),
                  first + i, seen);
  }
}

double value_of(uint8_t code, QuantFormat format) {
  if (format == QuantFormat::kInt8) return static_cast<int8_t>(code);
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const double size = exponent == 0 ? std::ldexp(mantissa, -9)
                                    : std::ldexp(8 + mantissa, exponent - 10);
  return code & 0x80 ? -size : size;
}

}  // namespace

Status measure_gate(ElementEntry* entry, int64_t rows) {
  const Inputs in = element_inputs(entry->dtype, Family::kNormal, rows);
  const Inputs gates = element_inputs(entry->dtype, entry->family, rows + 1);
  std::vector<float> gate(gates.x.begin(), gates.x.begin() + rows * kElementCols);
  Memory x(in.dtype, in.x), z(in.dtype, in.x), y = z, g(in.dtype, gate), dy(in.dtype, in.dy),
      dx = z, dgate = z, rstd(DType::kF32, static_cast<size_t>(rows));
  NormForward args;
  NORMA_RETURN_IF_ERROR(norm(in, &x, &z, &rstd, &args));
  args.y = y.rows(in.cols);
  NORMA_RETURN_IF_ERROR(gated_norm_forward(in.spec, {args, g.rows(in.cols)}, serial_executor()));
  const GatedBackward backward{{x.rows(in.cols), dy.rows(in.cols), {},
                                {nullptr, nullptr, rstd.vector().data}, dx.rows(in.cols), {}, {}},
                               {}, g.rows(in.cols), dgate.rows(in.cols)};
  NORMA_RETURN_IF_ERROR(gated_norm_backward(in.spec, backward, nullptr, 0, serial_executor()));
  const std::vector<float> z_of = z.values(), got = y.values(), got_dgate = dgate.values();
  for (size_t i = 0; i < got.size(); ++i) {
    const Quad s = 1 / (1 + expq(-static_cast<Quad>(gate[i]))), silu = gate[i] * s;
    const Quad other = silu / (1 + expq(static_cast<Quad>(gate[i]))), slope = s + other;
    const Quad outer = static_cast<Quad>(in.dy[i]) * z_of[i];
    const double outer_size = size_of_quad(outer);
    const double lost = kLeast * (4 + std::fabs(gate[i])) * (1 + outer_size + std::fabs(z_of[i]));
    const Quad want = z_of[i] * silu;
    judge_element(got[i], want, in.dtype, 7 * kU * size_of_quad(want), lost, i, &entry->y);
    judge_element(got_dgate[i], outer * slope, in.dtype,
                  kU * outer_size *
                      (5 * size_of_quad(s) + 12 * size_of_quad(other) + 3 * size_of_quad(slope)),
                  lost, i, &entry->gradient);
  }
  return Status();
}

Status measure_rope(ElementEntry* entry, int64_t rows) {
  const Inputs in = element_inputs(entry->dtype, entry->family, rows);
  const Angles angles = angles_of(rows);
  Memory x(in.dtype, in.x), z(in.dtype, in.x), y = z, dy(in.dtype, in.dy), dx = z,
      cos(DType::kF32, angles.cosines), sin(DType::kF32, angles.sines),
      rstd(DType::kF32, static_cast<size_t>(rows));
  NormForward args;
  NORMA_RETURN_IF_ERROR(norm(in, &x, &z, &rstd, &args));
  args.y = y.rows(in.cols);
  const Rope rope{cos.rows(kPairs), sin.rows(kPairs)};
  NORMA_RETURN_IF_ERROR(rope_norm_forward(in.spec, {args, rope}, serial_executor()));
  const RopeBackward backward{{x.rows(in.cols), dy.rows(in.cols), {},
                               {nullptr, nullptr, rstd.vector().data}, dx.rows(in.cols), {}, {}},
                              rope};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(
      rope_norm_backward_workspace_size(in.spec, backward, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      rope_norm_backward(in.spec, backward, workspace.data(), bytes, serial_executor()));
  const std::vector<float> z_of = z.values(), got = y.values(), got_dx = dx.values();
  for (size_t i = 0; i < angles.cosines.size(); ++i) {
    const size_t first = i / kPairs * kElementCols + i % kPairs, second = first + kPairs;
    const Quad a = z_of[first], b = z_of[second], c = angles.cosines[i], s = angles.sines[i];
    const ExactPair want = exact_turned(a, b, c, s);
    judge_element(got[first], want.a, in.dtype, room_of_turn(a * c, -b * s), 2 * kLeast, first,
                  &entry->y);
    judge_element(got[second], want.b, in.dtype, room_of_turn(b * c, a * s), 2 * kLeast, second,
                  &entry->y);
  }
  for (int64_t r = 0; r < rows; ++r) judge_rope_dx(in, angles, r, got_dx, &entry->gradient);
  return Status();
}

// Half a step, and what rounding the scale, its inverse and the product can move: 3 u of the
// largest.
Status measure_quantized(QuantFormat format, ElementEntry* entry, int64_t rows) {
  const Inputs in = element_inputs(entry->dtype, entry->family, rows);
  Memory x(in.dtype, in.x), z(in.dtype, in.x), rstd(DType::kF32, static_cast<size_t>(rows));
  NormForward args;
  NORMA_RETURN_IF_ERROR(norm(in, &x, &z, &rstd, &args));
  args.y = {};
  std::vector<uint8_t> q(in.x.size());
  std::vector<float> scale(static_cast<size_t>(rows));
  const QuantizedForward forward{args, q.data(), in.cols, scale.data(), format};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(
      quantized_norm_forward_workspace_size(in.spec, forward, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      quantized_norm_forward(in.spec, forward, workspace.data(), bytes, serial_executor()));
  const std::vector<float> z_of = z.values();
  for (size_t i = 0; i < q.size(); ++i) {
    const Quad by = scale[i / kElementCols], exact = z_of[i] / by;
    const double most = static_cast<double>(largest_of(format));
    int exponent = 0;
    std::frexp(std::max(std::min(size_of_quad(exact), most), 0x1p-6), &exponent);
    const double step = format == QuantFormat::kInt8 ? 1 : std::ldexp(1.0, exponent - 4);
    const Quad steps = (value_of(q[i], format) - exact) / step;
    // As what is off 1, so that Seen's ulps are 2^-23 steps.
    entry->y.add(static_cast<double>(1 + steps), 1, DType::kF32,
                 {0.5 + 3 * kU * most / step, 0, 0}, static_cast<int64_t>(i) / kElementCols,
                 static_cast<int64_t>(i) % kElementCols);
  }
  return Status();
}

}  // namespace norma::accuracy

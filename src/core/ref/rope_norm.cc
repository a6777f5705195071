// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/rope_norm.h"

#include "core/fp_environment.h"
#include "core/ref/norms.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

// to = from turned, or turned back; `to` may be `from`.
template <typename T>
void turn(const Rope& rope, const ConstRowsView& from, const RowsView& to, bool back) {
  const int64_t pairs = rope.cos.cols;
  const bool halves = rope.pairs == RopePairs::kHalves;
  for (int64_t r = 0; from.cols > 0 && r < from.rows; ++r) {
    const Elements<T> z = row<T>(from, r);
    const int64_t position = pairs > 0 ? rope_position(rope, r) : 0;
    const Elements<T> cos = row<T>(rope.cos, position), sin = row<T>(rope.sin, position);
    for (int64_t i = 0; i < pairs; ++i) {
      const int64_t ia = halves ? i : 2 * i, ib = halves ? i + pairs : 2 * i + 1;
      const T a = z[ia], b = z[ib], ac = a * cos[i], bs = b * sin[i], bc = b * cos[i],
              as = a * sin[i];
      store(to, r, ia, back ? ac + bs : ac - bs);
      store(to, r, ib, back ? bc - as : bc + as);
    }
    for (int64_t i = 2 * pairs; i < from.cols; ++i) store(to, r, i, z[i]);
  }
}

void turn(const Rope& rope, const ConstRowsView& from, const RowsView& to, bool back) {
  from.dtype == DType::kF64 ? turn<double>(rope, from, to, back)
                            : turn<float>(rope, from, to, back);
}

}  // namespace

void rope_norm_forward(const NormSpec& spec, const RopeForward& args) {
  norm_forward(spec, args.norm);
  turn(args.rope, args.norm.y, args.norm.y, false);
}

void rope_norm_backward(const NormSpec& spec, const RopeBackward& args) {
  NormBackward norm = args.norm;
  turn(args.rope, norm.dy, norm.dx, true);
  norm.dy = {norm.dx.data, norm.dy.dtype, norm.dy.rows, norm.dy.cols, norm.dx.stride};
  norm_backward(spec, norm);
}

}  // namespace norma::ref

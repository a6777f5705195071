// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The elementwise part of an LSTM, a vector of units at a time: its four gates, its state and its
// output are read and written together.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/lstm_gates.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/elementary-inl.h"
#include "core/cpu/norm_tables.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

HWY_INLINE const float* RowOf(const ConstRowsView& view, int64_t r) {
  return view.data == nullptr ? nullptr : RowOf<float>(view.data, view.stride, r);
}
HWY_INLINE float* RowOf(const RowsView& view, int64_t r) {
  return RowOf<float>(view.data, view.stride, r);
}

// unit(j, load, store) for j = 0, kN, ..: with what loads and stores whole vectors, and for the
// last few units with what touches nothing past them.
template <class Unit>
HWY_INLINE void ForUnits(int64_t units, const Unit& unit) {
  const auto load = [](const float* p) HWY_ATTR { return Load(p); };
  const auto store = [](V v, float* p) HWY_ATTR { Store(v, p); };
  int64_t j = 0;
  for (; j + kN <= units; j += kN) unit(j, load, store);
  const int64_t left = units - j;
  if (left == 0) return;
  unit(
      j, [left](const float* p) HWY_ATTR { return LoadFirst(p, left); },
      [left](V v, float* p) HWY_ATTR { StoreFirst(v, p, left); });
}

HWY_INLINE V SlopeOfSigmoid(V s) { return hn::Mul(s, hn::Sub(hn::Set(kD, 1.0f), s)); }
HWY_INLINE V SlopeOfTanh(V t) {
  const V one = hn::Set(kD, 1.0f);
  return hn::Mul(hn::Sub(one, t), hn::Add(one, t));
}

HWY_NOINLINE void GatesForward(const LstmGatesForward& args, Range rows) {
  const float* bias = static_cast<const float*>(args.bias.data);
  const int64_t n = args.c.cols;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float *x = RowOf(args.x, r), *h = RowOf(args.h, r), *c = RowOf(args.c, r);
    float *gates = RowOf(args.gates, r), *c_next = RowOf(args.c_next, r);
    ForUnits(n, [&](int64_t j, const auto& load, const auto& store) HWY_ATTR {
      const auto sum = [&](int64_t k) HWY_ATTR {
        V s = load(x + k);
        if (bias != nullptr) s = hn::Add(s, load(bias + k));
        if (h != nullptr) s = hn::Add(s, load(h + k));
        return s;
      };
      const V f = Sigmoid(sum(j)), i = Sigmoid(sum(n + j)), o = Sigmoid(sum(2 * n + j));
      const V g = TanhAndSlope(sum(3 * n + j)).value;
      store(hn::Add(hn::Mul(f, load(c + j)), hn::Mul(i, g)), c_next + j);
      store(f, gates + j);
      store(i, gates + n + j);
      store(o, gates + 2 * n + j);
      store(g, gates + 3 * n + j);
    });
  }
}

HWY_NOINLINE void OutputForward(const LstmOutputForward& args, Range rows) {
  const int64_t n = args.u.cols;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float *o = RowOf(args.gates, r) + 2 * n, *u = RowOf(args.u, r);
    float *kept = RowOf(args.t, r), *y = RowOf(args.y, r);
    ForUnits(n, [&](int64_t j, const auto& load, const auto& store) HWY_ATTR {
      const V t = TanhAndSlope(load(u + j)).value;
      store(t, kept + j);
      store(hn::Mul(load(o + j), t), y + j);
    });
  }
}

HWY_NOINLINE void OutputBackward(const LstmOutputBackward& args, Range rows) {
  const int64_t n = args.t.cols;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float *os = RowOf(args.gates, r) + 2 * n, *ts = RowOf(args.t, r);
    const float *dy = RowOf(args.dy, r), *dy_later = RowOf(args.dy_later, r);
    float *dos = RowOf(args.dgates, r) + 2 * n, *du = RowOf(args.du, r);
    ForUnits(n, [&](int64_t j, const auto& load, const auto& store) HWY_ATTR {
      V d = load(dy + j);
      if (dy_later != nullptr) d = hn::Add(d, load(dy_later + j));
      const V o = load(os + j), t = load(ts + j);
      store(hn::Mul(hn::Mul(d, t), SlopeOfSigmoid(o)), dos + j);
      store(hn::Mul(hn::Mul(d, o), SlopeOfTanh(t)), du + j);
    });
  }
}

HWY_NOINLINE void GatesBackward(const LstmGatesBackward& args, Range rows) {
  const int64_t n = args.c.cols;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float *gates = RowOf(args.gates, r), *c = RowOf(args.c, r), *dc = RowOf(args.dc, r);
    const float* dc_later = RowOf(args.dc_later, r);
    float *dgates = RowOf(args.dgates, r), *dc_before = RowOf(args.dc_before, r);
    ForUnits(n, [&](int64_t j, const auto& load, const auto& store) HWY_ATTR {
      V e = load(dc + j);
      if (dc_later != nullptr) e = hn::Add(e, load(dc_later + j));
      const V f = load(gates + j), i = load(gates + n + j), g = load(gates + 3 * n + j);
      store(hn::Mul(hn::Mul(e, load(c + j)), SlopeOfSigmoid(f)), dgates + j);
      store(hn::Mul(hn::Mul(e, g), SlopeOfSigmoid(i)), dgates + n + j);
      store(hn::Mul(hn::Mul(e, i), SlopeOfTanh(g)), dgates + 3 * n + j);
      store(hn::Mul(e, f), dc_before + j);
    });
  }
}

LstmKernels LstmTable() { return {GatesForward, OutputForward, OutputBackward, GatesBackward}; }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(LstmKernels, lstm_kernels, LstmTable)
}  // namespace norma::cpu
#endif

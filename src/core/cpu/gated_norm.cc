// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The gate of a gated norm, over rows of every type.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/gated_norm.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/elementary-inl.h"
#include "core/cpu/fused_kernels.h"
#include "core/cpu/norm_tables.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// sigmoid(g) and sigmoid(-g) have the same exponential.
struct TwoSigmoids {
  V plus, minus;
};

HWY_INLINE TwoSigmoids Sigmoids(V g) {
  const V b = AtMost(hn::Abs(g), constants::kSigmoidMost), one = hn::Set(kD, 1.0f);
  const V e = ExpMinus<false>(b, b), sum = hn::Add(one, e);
  const V less = hn::Div(e, sum), more = hn::Div(one, sum);
  const M below = hn::Lt(g, hn::Zero(kD)), above = hn::Gt(g, hn::Zero(kD));
  return {hn::IfThenElse(below, less, more), hn::IfThenElse(above, less, more)};
}

template <class T, class Load>
HWY_INLINE V Gated(const T* z, const T* gate, const Load& load) {
  const V g = load(gate);
  return hn::Mul(load(z), hn::Mul(g, Sigmoid(g)));
}

template <class T>
void Forward(const GateArgs& args, Range rows) {
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const T* gate = RowOf<T>(args.gate.data, args.gate.stride, r);
    const T* z = RowOf<T>(args.z.data, args.z.stride, r - rows.begin);
    T* y = RowOf<T>(args.y.data, args.y.stride, r);
    int64_t i = 0;
    const auto load = [](const T* p) HWY_ATTR { return Load(p); };
    if (args.stream) {
      for (; i + kN <= args.cols; i += kN) Stream(Gated(z + i, gate + i, load), y + i);
    } else {
      for (; i + kN <= args.cols; i += kN) Store(Gated(z + i, gate + i, load), y + i);
    }
    const int64_t left = args.cols - i;
    if (left == 0) continue;
    const auto load_first = [left](const T* p) HWY_ATTR { return LoadFirst(p, left); };
    StoreFirst(Gated(z + i, gate + i, load_first), y + i, left);
  }
  if (args.stream) hwy::FlushStream();
}

template <bool kDgate, class T, class Load, class Store>
HWY_INLINE void GateBackward(const T* dy, const T* gate, T* dx, T* dgate, const Load& load,
                             const Store& store) {
  const V g = load(gate), gradient = load(dy);
  if constexpr (kDgate) {
    const TwoSigmoids s = Sigmoids(g);
    const V silu = hn::Mul(g, s.plus);
    const V slope = hn::Add(s.plus, hn::Mul(silu, s.minus));
    store(hn::Mul(hn::Mul(gradient, load(dgate)), slope), dgate);
    store(hn::Mul(gradient, silu), dx);
  } else {
    store(hn::Mul(gradient, hn::Mul(g, Sigmoid(g))), dx);
  }
}

template <class T, bool kDgate>
void BackwardOf(const GateBackwardArgs& args, Range rows) {
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const T* dy = RowOf<T>(args.dy.data, args.dy.stride, r);
    const T* gate = RowOf<T>(args.gate.data, args.gate.stride, r);
    T* dx = RowOf<T>(args.dx.data, args.dx.stride, r);
    T* dgate = kDgate ? RowOf<T>(args.dgate.data, args.dgate.stride, r) : nullptr;
    int64_t i = 0;
    const auto load = [](const T* p) HWY_ATTR { return Load(p); };
    const auto store = [](V v, T* p) HWY_ATTR { Store(v, p); };
    for (; i + kN <= args.cols; i += kN) {
      GateBackward<kDgate>(dy + i, gate + i, dx + i, kDgate ? dgate + i : nullptr, load, store);
    }
    const int64_t left = args.cols - i;
    if (left == 0) continue;
    GateBackward<kDgate>(
        dy + i, gate + i, dx + i, kDgate ? dgate + i : nullptr,
        [left](const T* p) HWY_ATTR { return LoadFirst(p, left); },
        [left](V v, T* p) HWY_ATTR { StoreFirst(v, p, left); });
  }
}

template <class T>
void Backward(const GateBackwardArgs& args, Range rows) {
  args.dgate.data != nullptr ? BackwardOf<T, true>(args, rows) : BackwardOf<T, false>(args, rows);
}

GateKernels Gates() {
  return {{Forward<float>, Forward<BFloat16>, Forward<Float16>},
          {Backward<float>, Backward<BFloat16>, Backward<Float16>}};
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(GateKernels, gate_kernels, Gates)
}  // namespace norma::cpu
#endif

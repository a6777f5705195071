// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// RoPE after a norm, over rows of every type.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/rope_norm.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/fused_kernels.h"
#include "core/cpu/norm_tables.h"
#include "core/cpu/vectors-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

struct Pair {
  V a, b;
};

template <bool kBack>
HWY_INLINE Pair Turned(const Pair& z, V cos, V sin) {
  const V ac = hn::Mul(z.a, cos), bs = hn::Mul(z.b, sin);
  const V bc = hn::Mul(z.b, cos), as = hn::Mul(z.a, sin);
  return kBack ? Pair{hn::Add(ac, bs), hn::Sub(bc, as)} : Pair{hn::Sub(ac, bs), hn::Add(bc, as)};
}

// kN pairs of neighbours.
HWY_INLINE Pair LoadPairs(const float* p) {
  Pair pair;
  hn::LoadInterleaved2(kD, p, pair.a, pair.b);
  return pair;
}
template <class T>
HWY_INLINE Pair LoadPairs(const T* p) {
  V16 a, b;
  hn::LoadInterleaved2(k16, Bits(p), a, b);
  return {Promote(T(), a), Promote(T(), b)};
}
HWY_INLINE void StorePairs(const Pair& pair, float* p) {
  hn::StoreInterleaved2(pair.a, pair.b, kD, p);
}
template <class T>
HWY_INLINE void StorePairs(const Pair& pair, T* p) {
  hn::StoreInterleaved2(Demote(T(), pair.a), Demote(T(), pair.b), k16, Bits(p));
}

template <class T, bool kBack>
HWY_INLINE void TurnHalves(const T* from, T* to, const float* cos, const float* sin, int64_t n,
                           bool stream) {
  const auto turned_at = [=](int64_t i) HWY_ATTR {
    return Turned<kBack>({Load(from + i), Load(from + n + i)}, Load(cos + i), Load(sin + i));
  };
  int64_t i = 0;
  for (; stream && i + kN <= n; i += kN) {
    const Pair turned = turned_at(i);
    Stream(turned.a, to + i);
    Stream(turned.b, to + n + i);
  }
  for (; i + kN <= n; i += kN) {
    const Pair turned = turned_at(i);
    Store(turned.a, to + i);
    Store(turned.b, to + n + i);
  }
  const int64_t left = n - i;
  if (left == 0) return;
  const Pair turned =
      Turned<kBack>({LoadFirst(from + i, left), LoadFirst(from + n + i, left)},
                    LoadFirst(cos + i, left), LoadFirst(sin + i, left));
  StoreFirst(turned.a, to + i, left);
  StoreFirst(turned.b, to + n + i, left);
}

template <class T, bool kBack>
HWY_INLINE void TurnNeighbours(const T* from, T* to, const float* cos, const float* sin,
                               int64_t n) {
  int64_t i = 0;
  for (; i + kN <= n; i += kN) {
    StorePairs(Turned<kBack>(LoadPairs(from + 2 * i), Load(cos + i), Load(sin + i)), to + 2 * i);
  }
  const int64_t left = n - i;
  if (left == 0) return;
  T last[2 * kN] = {};
  for (int64_t k = 0; k < 2 * left; ++k) last[k] = from[2 * i + k];
  StorePairs(
      Turned<kBack>(LoadPairs(last), LoadFirst(cos + i, left), LoadFirst(sin + i, left)), last);
  for (int64_t k = 0; k < 2 * left; ++k) to[2 * i + k] = last[k];
}

// A row's position, and that of each row after it.
class Positions {
 public:
  HWY_INLINE Positions(const RopeArgs& args, int64_t r)
      : args_(args), group_(r / args.rows_per_position), row_(r % args.rows_per_position) {
    if (args.positions != nullptr) group_ %= args.position_count;
  }
  HWY_INLINE int64_t Next() {
    const int64_t position = args_.positions == nullptr ? group_ : args_.positions[group_];
    if (++row_ == args_.rows_per_position) {
      row_ = 0;
      ++group_;
      if (args_.positions != nullptr && group_ == args_.position_count) group_ = 0;
    }
    return position;
  }

 private:
  const RopeArgs& args_;
  int64_t group_, row_;
};

template <class T, bool kInterleaved, bool kBack>
void TurnRows(const RopeArgs& args, Range rows) {
  Positions positions(args, rows.begin);
  // Both halves must begin a line.
  const bool stream = args.stream && args.pairs * static_cast<int64_t>(sizeof(T)) % 64 == 0;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const T* from = RowOf<T>(args.from.data, args.from.stride, r - rows.begin);
    T* to = RowOf<T>(args.to.data, args.to.stride, r);
    const int64_t position = args.pairs == 0 ? 0 : positions.Next();
    const float* cos = RowOf<float>(args.cos.data, args.cos.stride, position);
    const float* sin = RowOf<float>(args.sin.data, args.sin.stride, position);
    kInterleaved ? TurnNeighbours<T, kBack>(from, to, cos, sin, args.pairs)
                 : TurnHalves<T, kBack>(from, to, cos, sin, args.pairs, stream);
    for (int64_t i = 2 * args.pairs; from != to && i < args.cols; ++i) to[i] = from[i];
  }
  if (stream) hwy::FlushStream();
}

template <class T>
void Turn(const RopeArgs& args, Range rows) {
  if (args.interleaved) {
    args.back ? TurnRows<T, true, true>(args, rows) : TurnRows<T, true, false>(args, rows);
  } else {
    args.back ? TurnRows<T, false, true>(args, rows) : TurnRows<T, false, false>(args, rows);
  }
}

RopeKernels Ropes() { return {{Turn<float>, Turn<BFloat16>, Turn<Float16>}}; }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(RopeKernels, rope_kernels, Ropes)
}  // namespace norma::cpu
#endif

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The forward pass on either side of the statistics: the sum that is normalised, where there is a
// residual, and the output. Included once for each target.

#if defined(NORMA_CORE_CPU_NORMALIZE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_NORMALIZE_INL_H_
#undef NORMA_CORE_CPU_NORMALIZE_INL_H_
#else
#define NORMA_CORE_CPU_NORMALIZE_INL_H_
#endif

#include <type_traits>

#include "core/cpu/hostile_rows.h"
#include "core/cpu/kernels.h"
#include "core/cpu/vectors-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// The rows that are normalised, where they are a sum.
template <class T>
HWY_NOINLINE void StoreSums(const ForwardArgs& args, int64_t first, int64_t count) {
  const V scale = hn::Set(kD, args.scale);
  for (int64_t r = first; r < first + count; ++r) {
    const T* a = RowOf<T>(args.addend, args.addend_stride, r);
    const T* b = RowOf<T>(args.residual, args.residual_stride, r);
    // args.x is the sum's own memory, which the caller gave to be written.
    T* sum = const_cast<T*>(RowOf<T>(args.x, args.x_stride, r));
    const auto add = [&](V x, V y) HWY_ATTR { return hn::Add(x, hn::Mul(scale, y)); };
    int64_t i = 0;
    for (; i + kN <= args.cols; i += kN) Store(add(Load(a + i), Load(b + i)), sum + i);
    const int64_t left = args.cols - i;
    if (left > 0) StoreFirst(add(LoadFirst(a + i, left), LoadFirst(b + i, left)), sum + i, left);
  }
}

// Section 3 of one row; ahead: where in x the sums go on afterwards. T is the type of the rows, P
// that of the parameters. kGain: 0 no weight, 1 weight, 2 LLaMA's weight after a rounding, 3
// Gemma's 1 + weight, 4 both.
template <class Norm, class T, class P, int kGain, bool kBias, bool kStream>
HWY_INLINE void NormalizeRow(const T* x, T* y, int64_t n, const P* HWY_RESTRICT weight,
                             const P* HWY_RESTRICT bias, const typename Norm::Row& row,
                             int64_t ahead) {
  const auto affine = [&](V v, int64_t i, const auto& load) HWY_ATTR {
    V out = row.Xhat(v);
    if constexpr (kGain == 2 || kGain == 4) out = Rounded<T>(out);
    if constexpr (kGain == 1 || kGain == 2) out = hn::Mul(out, load(weight + i));
    if constexpr (kGain >= 3) out = hn::Mul(out, hn::Add(hn::Set(kD, 1.0f), load(weight + i)));
    if constexpr (kBias) out = hn::Add(out, load(bias + i));
    return out;
  };
  const auto load = [](const auto* p) HWY_ATTR { return Load(p); };
  int64_t i = 0;
  for (; i + 2 * kN <= n; i += 2 * kN) {
    if (kStream) {
      // What is stored does not come back, so that there is room for what is read next.
      for (int64_t line = 0; line < 2 * kN; line += 64 / static_cast<int64_t>(sizeof(T))) {
        hwy::Prefetch(x + ahead + i + line);
      }
    }
    const V y0 = affine(load(x + i), i, load), y1 = affine(load(x + i + kN), i + kN, load);
    if (kStream) {
      Stream(y0, y + i);
      Stream(y1, y + i + kN);
    } else {
      Store(y0, y + i);
      Store(y1, y + i + kN);
    }
  }
  for (; i + kN <= n; i += kN) Store(affine(load(x + i), i, load), y + i);
  if (i < n) {
    const auto load_first = [left = n - i](const auto* p) HWY_ATTR { return LoadFirst(p, left); };
    StoreFirst(affine(load_first(x + i), i, load_first), y + i, n - i);
  }
}

// Of rows first .. first + count - 1, whose statistics stand in arrays.
template <class Norm, class T, class P, int kGain, bool kBias, bool kStream>
HWY_NOINLINE void Normalize(const ForwardArgs& args, int64_t first, int64_t count,
                            const float* mean_hi, const float* mean_lo, const float* rstd) {
  const P* weight = static_cast<const P*>(args.weight);
  const P* bias = static_cast<const P*>(args.bias);
  for (int64_t r = 0; r < count; ++r) {
    if (HWY_UNLIKELY(Norm::kPivot && needs_halving(rstd[r]))) {
      normalize_halved<typename StoredAs<T>::Type>(args, first + r,
                                                   {mean_hi[r], mean_lo[r], rstd[r]});
      continue;
    }
    NormalizeRow<Norm, T, P, kGain, kBias, kStream>(
        RowOf<T>(args.x, args.x_stride, first + r), RowOf<T>(args.y, args.y_stride, first + r),
        args.cols, weight, bias, {mean_hi[r], mean_lo[r], rstd[r]}, count * args.x_stride);
  }
}

using NormalizeFunction = void (*)(const ForwardArgs&, int64_t, int64_t, const float*, const float*,
                                   const float*);

template <class Norm, class T, class P, int kGain>
NormalizeFunction SelectNormalize(const ForwardArgs& args) {
  return args.bias != nullptr ? args.stream ? Normalize<Norm, T, P, kGain, true, true>
                                            : Normalize<Norm, T, P, kGain, true, false>
         : args.stream ? Normalize<Norm, T, P, kGain, false, true>
                              : Normalize<Norm, T, P, kGain, false, false>;
}

template <class Norm, class T, class P>
NormalizeFunction SelectNormalize(const ForwardArgs& args) {
  if (args.weight == nullptr) return SelectNormalize<Norm, T, P, 0>(args);
  // f32 has nothing to round.
  const bool rounds = args.round_before_weight && sizeof(T) < sizeof(float);
  if constexpr (sizeof(T) < sizeof(float)) {
    if (rounds && args.weight_plus_one) return SelectNormalize<Norm, T, P, 4>(args);
    if (rounds) return SelectNormalize<Norm, T, P, 2>(args);
  }
  return args.weight_plus_one ? SelectNormalize<Norm, T, P, 3>(args)
                              : SelectNormalize<Norm, T, P, 1>(args);
}

// The call on these columns of its rows alone.
template <class T>
HWY_INLINE ForwardArgs OfColumns(const ForwardArgs& args, Range cols) {
  const int64_t parameter = args.f32_parameters ? sizeof(float) : sizeof(T);
  const auto at = [&](auto* data, int64_t size) {
    using Byte = std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(data)>>,
                                    const char, char>;
    return data == nullptr ? nullptr : static_cast<Byte*>(data) + cols.begin * size;
  };
  ForwardArgs part = args;
  part.x = at(args.x, sizeof(T));
  part.y = at(args.y, sizeof(T));
  part.addend = at(args.addend, sizeof(T));
  part.residual = at(args.residual, sizeof(T));
  if (!args.one_weight) part.weight = at(args.weight, parameter);
  part.bias = at(args.bias, parameter);
  part.cols = cols.end - cols.begin;
  return part;
}

// Section 3 by the function that suits a call. One weight for all columns is spread over as many as
// a vector of weights needs, and rows are cut to that: no other loop is compiled for it.
template <class Norm, class T>
class Normalizer {
 public:
  explicit Normalizer(const ForwardArgs& args)
      : normalize_(args.f32_parameters ? SelectNormalize<Norm, T, float>(args)
                                       : SelectNormalize<Norm, T, T>(args)) {
    if (!Norm::kOneWeight || !args.one_weight) return;
    args.f32_parameters ? Spread<float>(args) : Spread<T>(args);
  }

  HWY_INLINE void operator()(const ForwardArgs& args, int64_t first, int64_t count,
                             const float* mean_hi, const float* mean_lo, const float* rstd) const {
    if (Norm::kOneWeight && HWY_UNLIKELY(args.one_weight)) {
      return ByParts(args, first, count, mean_hi, mean_lo, rstd);
    }
    normalize_(args, first, count, mean_hi, mean_lo, rstd);
  }

 private:
  static constexpr int64_t kPart = 1024;

  template <class P>
  void Spread(const ForwardArgs& args) {
    const P weight = *static_cast<const P*>(args.weight);
    P* const spread = reinterpret_cast<P*>(spread_);
    for (int64_t i = 0; i < HWY_MIN(kPart, args.cols); ++i) spread[i] = weight;
  }
  HWY_NOINLINE void ByParts(const ForwardArgs& args, int64_t first, int64_t count,
                            const float* mean_hi, const float* mean_lo, const float* rstd) const {
    for (int64_t i = 0; i < args.cols; i += kPart) {
      ForwardArgs part = OfColumns<T>(args, {i, HWY_MIN(i + kPart, args.cols)});
      part.weight = spread_;
      normalize_(part, first, count, mean_hi, mean_lo, rstd);
    }
  }

  NormalizeFunction normalize_;
  HWY_ALIGN_MAX char spread_[Norm::kOneWeight ? kPart * sizeof(float) : 1];
};

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard

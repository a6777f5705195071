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

// Columns of weight and bias that are kept as f32: 16 KB, half of a small L1; and for how many rows
// that is worth it.
inline constexpr int64_t kMostWidened = 2048;
inline constexpr int64_t kLeastWidenedFor = 4;

// Section 3 of one row; ahead: where in x is fetched what comes, where y is streamed. T is the type
// of the rows, P that of the parameters. kGain: 0 no weight, 1 weight, 2 LLaMA's weight after a
// rounding, 3 Gemma's 1 + weight, 4 both.
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
        Fetch(x + ahead + i + line);
      }
    }
    const V y0 = affine(load(x + i), i, load), y1 = affine(load(x + i + kN), i + kN, load);
    kStream ? StreamTwo(y0, y1, y + i) : StoreTwo(y0, y1, y + i);
  }
  for (; i + kN <= n; i += kN) Store(affine(load(x + i), i, load), y + i);
  if (i < n) {
    const auto load_first = [left = n - i](const auto* p) HWY_ATTR { return LoadFirst(p, left); };
    StoreFirst(affine(load_first(x + i), i, load_first), y + i, n - i);
  }
}

// Of rows first .. first + count - 1, whose statistics stand in arrays; ahead: in rows.
template <class Norm, class T, class P, int kGain, bool kBias, bool kStream>
HWY_NOINLINE void Normalize(const ForwardArgs& args, int64_t first, int64_t count,
                            const float* mean_hi, const float* mean_lo, const float* rstd,
                            int64_t ahead) {
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
        args.cols, weight, bias, {mean_hi[r], mean_lo[r], rstd[r]}, ahead * args.x_stride);
  }
}

using NormalizeFunction = void (*)(const ForwardArgs&, int64_t, int64_t, const float*, const float*,
                                   const float*, int64_t);

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

// Section 3 by the function that suits a call. Weight and bias of 16 bits are made f32 where some
// rows share them. One weight for all columns is spread over as many as a vector of weights needs,
// and rows are cut to that: no other loop is compiled for it.
template <class Norm, class T>
class Normalizer {
 public:
  Normalizer(const ForwardArgs& args, int64_t rows) : args_(&args) {
    const bool one_weight = Norm::kOneWeight && args.one_weight;
    if (one_weight) {
      args.f32_parameters ? Spread<float>(args) : Spread<T>(args);
    } else if (sizeof(T) < sizeof(float) && !args.f32_parameters && rows >= kLeastWidenedFor &&
               args.cols <= kMostWidened) {
      Widen(args);
    }
    normalize_ = args_->f32_parameters ? SelectNormalize<Norm, T, float>(*args_)
                                       : SelectNormalize<Norm, T, T>(*args_);
  }
  Normalizer(const Normalizer&) = delete;
  Normalizer& operator=(const Normalizer&) = delete;

  HWY_INLINE void operator()(int64_t first, int64_t count, const float* mean_hi,
                             const float* mean_lo, const float* rstd, int64_t ahead) const {
    if (Norm::kOneWeight && HWY_UNLIKELY(args_->one_weight)) {
      return ByParts(first, count, mean_hi, mean_lo, rstd, ahead);
    }
    normalize_(*args_, first, count, mean_hi, mean_lo, rstd, ahead);
  }

 private:
  static constexpr int64_t kPart = 1024;

  template <class P>
  void Spread(const ForwardArgs& args) {
    const P weight = *static_cast<const P*>(args.weight);
    P* const spread = reinterpret_cast<P*>(spread_);
    for (int64_t i = 0; i < HWY_MIN(kPart, args.cols); ++i) spread[i] = weight;
  }
  HWY_NOINLINE void ByParts(int64_t first, int64_t count, const float* mean_hi,
                            const float* mean_lo, const float* rstd, int64_t ahead) const {
    for (int64_t i = 0; i < args_->cols; i += kPart) {
      ForwardArgs part = OfColumns<T>(*args_, {i, HWY_MIN(i + kPart, args_->cols)});
      part.weight = spread_;
      normalize_(part, first, count, mean_hi, mean_lo, rstd, ahead);
    }
  }

  HWY_NOINLINE void Widen(const ForwardArgs& args) {
    widened_ = args;
    widened_.f32_parameters = true;
    widened_.weight = Widened(args.weight, parameters_[0]);
    widened_.bias = Widened(args.bias, parameters_[1]);
    args_ = &widened_;
  }
  const float* Widened(const void* parameter, float* HWY_RESTRICT to) const {
    if (parameter == nullptr) return nullptr;
    const T* from = static_cast<const T*>(parameter);
    const int64_t n = args_->cols;
    int64_t i = 0;
    for (; i + kN <= n; i += kN) hn::Store(Load(from + i), kD, to + i);
    if (i < n) hn::Store(LoadFirst(from + i, n - i), kD, to + i);
    return to;
  }

  const ForwardArgs* args_;
  NormalizeFunction normalize_;
  ForwardArgs widened_;
  HWY_ALIGN_MAX float parameters_[2][sizeof(T) < sizeof(float) ? kMostWidened : 1];
  HWY_ALIGN_MAX char spread_[Norm::kOneWeight ? kPart * sizeof(float) : 1];
};

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard

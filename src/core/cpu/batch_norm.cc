// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The kernels of BatchNorm: sums down the columns, section 5 of norma-1, a column in each lane.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/batch_norm.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/channel_kernels.h"
#include "core/cpu/channel_rows-inl.h"
#include "core/cpu/norm_tables.h"
#include "core/cpu/order-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

constexpr int64_t kRowsOfBlock = 32;
constexpr int kStripVectors = 4;  // columns worked together, in vectors

// x and dy of a row, from the first column of a strip on.
struct BlockOfColumns {
  const float* x;
  int64_t x_stride;
  const float* dy;
  int64_t dy_stride;

  template <class Terms>
  HWY_INLINE void Next() {
    if (Terms::kX) x += x_stride;
    if (Terms::kDy) dy += dy_stride;
  }
};

// e and e * e of section 2.
struct StatisticsTerms {
  static constexpr bool kX = true, kDy = false;
  const ColumnsArgs& args;

  struct Column {
    V pivot;
  };
  template <class Load>
  HWY_INLINE Column At(int64_t c, const Load& load) const {
    return {load(args.pivot + c)};
  }
  template <class Load>
  static HWY_INLINE Two Of(const Column& column, const BlockOfColumns& row, int64_t c,
                           const Load& load) {
    const V e = hn::Sub(load(row.x + c), column.pivot);
    return {e, hn::Mul(e, e)};
  }
};

// dy and dy * xhat; without x the second is nothing.
template <bool kHasX, bool kHalf>
struct GradientTerms {
  static constexpr bool kX = kHasX, kDy = true;
  const ColumnsArgs& args;

  using Column = ChannelXhat<kHalf>;
  template <class Load>
  HWY_INLINE Column At(int64_t c, const Load& load) const {
    if constexpr (kX) return Column(args.constants, c, load);
    return Column();
  }
  template <class Load>
  static HWY_INLINE Two Of(const Column& xhat, const BlockOfColumns& row, int64_t c,
                           const Load& load) {
    const V dy = load(row.dy + c);
    if constexpr (!kX) return {dy, hn::Zero(kD)};
    return {dy, hn::Mul(dy, xhat(load(row.x + c)))};
  }
};

// The f64 tree of one chunk's blocks over a strip of columns, from left to right.
template <int kColumns>
class ChunkTree {
 public:
  void Push(const float* HWY_RESTRICT block) {
    double* HWY_RESTRICT node = nodes_[top_];
    for (int c = 0; c < kColumns; ++c) node[c] = static_cast<double>(block[c]);
    for (int64_t k = pushed_; k & 1; k >>= 1) Join();
    ++top_;
    ++pushed_;
  }
  void Finish(double* HWY_RESTRICT sums, int64_t n) {
    for (--top_; top_ > 0;) Join();
    for (int64_t c = 0; c < n; ++c) sums[c] = nodes_[0][c];
  }

 private:
  static constexpr int kLevels = 6;  // of at most 32 blocks, and the one that comes
  static_assert(kChunkRows == kRowsOfBlock << (kLevels - 1));

  void Join() {
    --top_;
    double* HWY_RESTRICT left = nodes_[top_];
    const double* HWY_RESTRICT right = nodes_[top_ + 1];
    for (int c = 0; c < kColumns; ++c) left[c] = left[c] + right[c];
  }

  HWY_ALIGN_MAX double nodes_[kLevels][kColumns];
  int top_ = 0;
  int64_t pushed_ = 0;
};

// Rows [begin, end) of a strip: f32 as they lie, anything else out of `memory`, which holds a block
// of kColumns columns of x and of dy.
template <class Terms, int kColumns>
HWY_INLINE BlockOfColumns BlockAt(const ColumnsArgs& args, int64_t begin, int64_t end, int64_t c,
                                  int64_t width, float (&memory)[2][kRowsOfBlock * kColumns]) {
  if (args.dtype == DType::kF32) {
    const auto at = [&](const void* data, int64_t stride) {
      return static_cast<const float*>(element(data, DType::kF32, begin * stride + c));
    };
    return {at(args.x, args.x_stride), args.x_stride, at(args.dy, args.dy_stride), args.dy_stride};
  }
  const uint8_t* mask = args.mask == nullptr ? nullptr : args.mask + begin;
  const auto widen = [&](const void* data, int64_t stride, float* to) {
    const void* first = element(data, args.dtype, begin * stride + c);
    WidenRows({args.dtype, first, stride, end - begin, width}, mask, to, kColumns);
  };
  if (Terms::kX) widen(args.x, args.x_stride, memory[0]);
  if (Terms::kDy) widen(args.dy, args.dy_stride, memory[1]);
  return {memory[0], kColumns, memory[1], kColumns};
}

// kVectors vectors of columns from c on; `width` of them are there.
template <int kVectors, class Terms, class Load>
HWY_INLINE void SumStrip(const Terms& terms, Range rows, int64_t c, int64_t width, const Load& load,
                         double* first, double* second) {
  constexpr int kColumns = kVectors * static_cast<int>(kN);
  const uint8_t* mask = terms.args.mask;
  ChunkTree<kColumns> trees[2];
  HWY_ALIGN_MAX float block[2][kColumns];
  HWY_ALIGN_MAX float memory[2][kRowsOfBlock * kColumns];
  int64_t begin = rows.begin;
  do {
    V a[kVectors], b[kVectors];
    for (int v = 0; v < kVectors; ++v) a[v] = b[v] = hn::Zero(kD);
    const int64_t end = HWY_MIN(begin + kRowsOfBlock, rows.end);
    auto row = BlockAt<Terms, kColumns>(terms.args, begin, end, c, width, memory);
    // For each block: no register outlives the call that may have filled the memory.
    typename Terms::Column columns[kVectors];
    for (int v = 0; v < kVectors; ++v) columns[v] = terms.At(c + v * kN, load);
    for (int64_t r = begin; r < end; ++r, row.template Next<Terms>()) {
      if (mask != nullptr && mask[r] == 0) continue;
      for (int v = 0; v < kVectors; ++v) {
        const Two term = Terms::Of(columns[v], row, v * kN, load);
        a[v] = hn::Add(a[v], term.a);
        b[v] = hn::Add(b[v], term.b);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      hn::Store(a[v], kD, block[0] + v * kN);
      hn::Store(b[v], kD, block[1] + v * kN);
    }
    for (int q = 0; q < 2; ++q) trees[q].Push(block[q]);
    begin = end;
  } while (begin < rows.end);
  trees[0].Finish(first + c, width);
  trees[1].Finish(second + c, width);
}

template <class Terms>
HWY_NOINLINE void SumColumns(const Terms& terms, Range rows, Range cols, double* first,
                             double* second) {
  constexpr int64_t kStrip = kStripVectors * kN;
  const auto load = [](const float* p) HWY_ATTR { return hn::LoadU(kD, p); };
  int64_t c = cols.begin;
  for (; c + kStrip <= cols.end; c += kStrip) {
    SumStrip<kStripVectors>(terms, rows, c, kStrip, load, first, second);
  }
  for (; c + kN <= cols.end; c += kN) SumStrip<1>(terms, rows, c, kN, load, first, second);
  if (c < cols.end && cols.end - cols.begin >= kN) {
    // Whole vectors are quicker, and a column comes out the same when it is summed once more.
    SumStrip<1>(terms, rows, cols.end - kN, kN, load, first, second);
  } else if (c < cols.end) {
    const int64_t left = cols.end - c;
    const auto load_first = [left](const float* p) HWY_ATTR { return LoadFirst(p, left); };
    SumStrip<1>(terms, rows, c, left, load_first, first, second);
  }
}

void StatisticsSums(const ColumnsArgs& args, Range rows, Range cols, double* s, double* q) {
  SumColumns(StatisticsTerms{args}, rows, cols, s, q);
}

void GradientSumsOfColumns(const ColumnsArgs& args, Range rows, Range cols, double* dy,
                           double* product) {
  if (args.x == nullptr) {
    SumColumns(GradientTerms<false, false>{args}, rows, cols, dy, product);
  } else if (args.constants.half != nullptr) {
    SumColumns(GradientTerms<true, true>{args}, rows, cols, dy, product);
  } else {
    SumColumns(GradientTerms<true, false>{args}, rows, cols, dy, product);
  }
}

BatchNormKernels BatchNorm() { return {StatisticsSums, GradientSumsOfColumns, RowsOfChannels()}; }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(BatchNormKernels, batch_norm_kernels, BatchNorm)
}  // namespace norma::cpu
#endif

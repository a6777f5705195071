// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The interface between the kernels of the channel norms, compiled once for each SIMD target, and
// the drivers that cut the work. Images and rows are f32, bf16 or f16, everything else is f32. A
// kernel works in f32 on the calling thread, allocates nothing and depends on no state.
#pragma once

#include <cstdint>

#include "base/dtype.h"

namespace norma::cpu {

// Where element i of an array lies; a null array stays null.
inline const void* element(const void* data, DType dtype, int64_t i) {
  return data == nullptr
             ? nullptr
             : static_cast<const char*>(data) + i * static_cast<int64_t>(size_of(dtype));
}
inline void* element(void* data, DType dtype, int64_t i) {
  return data == nullptr ? nullptr
                         : static_cast<char*>(data) + i * static_cast<int64_t>(size_of(dtype));
}

struct Range;  // kernels.h

struct SavedStatistics {
  float mean_hi, mean_lo, rstd;
};

// What every value of a channel shares, an array over channels each.
struct ChannelConstants {
  const float* half;   // null where no channel is worked on halves; else 1/2 for one that is, and 1
  const float* hi;     // mean_hi * half
  const float* lo;     // mean_lo * half
  const float* scale;  // rstd / half: xhat = ((x * half - hi) - lo) * scale
  const float* rstd;
  const float* weight;  // null: not multiplied
  const float* bias;    // null: not added
  const float* a;       // section 4's a and h; both null: dx = g * rstd
  const float* h;

  // The same of channel c on.
  ChannelConstants from(int64_t c) const {
    const auto on = [c](const float* all) { return all == nullptr ? nullptr : all + c; };
    return {on(half), on(hi),   on(lo), on(scale), on(rstd),
            on(weight), on(bias), on(a),  on(h)};
  }
};

// Rows of channels, element (r, c) at r * stride + c.
struct ChannelRows {
  int64_t rows, channels;
  DType dtype;  // of x, dy and out
  const void* x;
  int64_t x_stride;
  const void* dy;
  int64_t dy_stride;
  void* out;  // y or dx
  int64_t out_stride;
};

// A run of dense elements of one sample, channel by channel.
struct ChannelRun {
  int64_t channels, positions;
  int64_t size() const { return channels * positions; }
};

struct GroupMeans {
  float a, h;
};

struct ChannelRowsKernels {
  // y, with x, of section 3 and dx, with x and dy, of section 4.
  void (*normalize)(const ChannelConstants& constants, const ChannelRows& rows);
  void (*gradient)(const ChannelConstants& constants, const ChannelRows& rows);
};

struct GroupNormKernels {
  // Of the row x[0, n), n >= 1.
  SavedStatistics (*statistics)(const void* x, DType dtype, int64_t n, double eps);
  // weight and bias have one element a channel of the run, or are null; y may be x, dx may be dy.
  GroupMeans (*backward_means)(const void* x, const void* dy, DType dtype, const ChannelRun& run,
                               const SavedStatistics& s, const float* weight);
  void (*normalize)(const void* x, void* y, DType dtype, const ChannelRun& run,
                    const SavedStatistics& s, const float* weight, const float* bias);
  void (*gradient)(const void* x, const void* dy, void* dx, DType dtype, const ChannelRun& run,
                   const SavedStatistics& s, const float* weight, const GroupMeans& means);
  // dweight[c], dbias[c] = the sums of dy * xhat and of dy over a channel's positions. x and
  // dweight may be null.
  void (*channel_sums)(const void* x, const void* dy, DType dtype, const ChannelRun& run,
                       const SavedStatistics& s, float* dweight, float* dbias);
  // The same for the channels of rows.
  void (*channel_sums_of_rows)(const ChannelConstants& constants, const ChannelRows& rows,
                               float* dweight, float* dbias);
  // to[c * rows + r] = from[r * stride + c], times weight[c] where that is not null.
  void (*transpose)(const void* from, DType dtype, int64_t rows, int64_t stride, int64_t channels,
                    const float* weight, float* to);
  ChannelRowsKernels rows;
};

// Rows that BatchNorm's sums take together: their value is a node of section 5's tree.
constexpr int64_t kChunkRows = 1024;

struct ColumnsArgs {
  DType dtype;  // of x and dy
  const void* x;
  int64_t x_stride;
  const void* dy;
  int64_t dy_stride;
  const uint8_t* mask;         // null, or 0 for a row that is left out
  const float* pivot;          // of a column
  ChannelConstants constants;  // of xhat
};

struct BatchNormKernels {
  // Of `rows`, a chunk or the last part of one, s[c] and q[c] for the columns c in cols: the f64
  // nodes of e = x - pivot and of e * e.
  void (*sums)(const ColumnsArgs& args, Range rows, Range cols, double* s, double* q);
  // The same of dy and of dy * xhat, the latter 0 without x.
  void (*gradient_sums)(const ColumnsArgs& args, Range rows, Range cols, double* dy,
                        double* product);
  ChannelRowsKernels rows;
};

}  // namespace norma::cpu

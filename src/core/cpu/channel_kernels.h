// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The interface between the kernels of the channel norms, compiled once for each SIMD target, and
// the drivers that cut the work. Everything is f32. A kernel works on the calling thread, allocates
// nothing and depends on no state.
#pragma once

#include <cstdint>

namespace norma::cpu {

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
};

// Rows of channels, element (r, c) at r * stride + c.
struct ChannelRows {
  int64_t rows, channels;
  const float* x;
  int64_t x_stride;
  const float* dy;
  int64_t dy_stride;
  float* out;  // y or dx
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
  SavedStatistics (*statistics)(const float* x, int64_t n, double eps);
  GroupMeans (*backward_means)(const float* x, const float* g, int64_t n, const SavedStatistics& s);
  // weight and bias have one element a channel of the run, or are null; g may be dy, dx may be g.
  void (*normalize)(const float* x, float* y, const ChannelRun& run, const SavedStatistics& s,
                    const float* weight, const float* bias);
  void (*weigh)(const float* dy, const float* weight, float* g, const ChannelRun& run);
  void (*gradient)(const float* x, const float* g, float* dx, int64_t n, const SavedStatistics& s,
                   const GroupMeans& means);
  // dweight[c], dbias[c] = the sums of dy * xhat and of dy over a channel's positions. x and
  // dweight may be null.
  void (*channel_sums)(const float* x, const float* dy, const ChannelRun& run,
                       const SavedStatistics& s, float* dweight, float* dbias);
  // The same for the channels of rows.
  void (*channel_sums_of_rows)(const ChannelConstants& constants, const ChannelRows& rows,
                               float* dweight, float* dbias);
  // to[c * rows + r] = from[r * stride + c], times weight[c] where that is not null.
  void (*transpose)(const float* from, int64_t rows, int64_t stride, int64_t channels,
                    const float* weight, float* to);
  ChannelRowsKernels rows;
};

// Rows that BatchNorm's sums take together: their value is a node of section 5's tree.
constexpr int64_t kChunkRows = 1024;

struct ColumnsArgs {
  const float* x;
  int64_t x_stride;
  const float* dy;
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

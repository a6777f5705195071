// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Training: pivots, column sums, statistics, then the rows. Evaluation: the statistics are there.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/float16.h"
#include "core/cpu/batch_cut.h"
#include "core/cpu/batch_norms.h"
#include "core/cpu/cost.h"

namespace norma::cpu {
namespace {

constexpr int64_t kPivotRows = 24;

double effective_eps(double eps) { return std::max(eps, 0x1p-252); }

struct ColumnMoments {
  SavedStatistics saved;
  double mean, var;
};

// Section 2 after the sums of n rows; accepted tells whether f32's may stand.
ColumnMoments moments(double pivot, double s, double q, int64_t n, double eps, bool redone,
                      bool* accepted) {
  const double inv_n = 1.0 / static_cast<double>(n);
  const double ebar = s * inv_n, t = q * inv_n;
  double var = t - ebar * ebar;
  if (var < 0) var = 0;
  const double v = var + eps, mean = pivot + ebar;
  *accepted = v >= 0x1p-100 && v <= 0x1p100 && t <= 4 * v;
  const float hi = static_cast<float>(mean);
  const float lo = static_cast<float>((pivot - static_cast<double>(hi)) + ebar);
  const float rstd =
      redone ? static_cast<float>(1.0 / std::sqrt(v)) : 1.0f / std::sqrt(static_cast<float>(v));
  return {{hi, lo, rstd}, mean, var};
}

class Forward {
 public:
  Forward(const Kernels& kernels, const BatchNormSpec& spec, const BatchNormForward& args,
          const Executor& executor, Scratch& scratch)
      : all_kernels_(kernels),
        kernels_(kernels.batch_norm),
        spec_(spec),
        args_(args),
        cut_(executor, args.x.rows, args.x.cols, forward_grain(args.x.cols)),
        count_(count_rows(args.mask, args.x.rows)),
        eps_(effective_eps(spec.eps)),
        weight_(scratch, args.weight),
        bias_(scratch, args.bias),
        channels_(scratch, args.x.cols, false) {
    if (!spec.training) return;
    sums_ = ChunkSums(scratch, args.x.rows, args.x.cols);
    pivot_ = scratch.take<float>(args.x.cols);
  }

  void run() {
    spec_.training ? measure() : take_running();
    const ChannelConstants constants =
        channels_.constants(0, weight_.in_f32(all_kernels_), bias_.in_f32(all_kernels_));
    const DType dtype = args_.x.dtype;
    cut_.runs(args_.mask, [&](Range rows, bool counts) {
      if (!counts) return clear_rows(args_.y, rows);
      kernels_.rows.normalize(
          constants, {.rows = rows.end - rows.begin,
                      .channels = args_.x.cols,
                      .dtype = dtype,
                      .x = element(args_.x.data, dtype, rows.begin * args_.x.stride),
                      .x_stride = args_.x.stride,
                      .dy = nullptr,
                      .dy_stride = 0,
                      .out = element(args_.y.data, dtype, rows.begin * args_.y.stride),
                      .out_stride = args_.y.stride});
    });
  }

 private:
  void take_running() {
    const float* mean = static_cast<const float*>(args_.running_mean.data);
    const float* var = static_cast<const float*>(args_.running_var.data);
    for (int64_t c = 0; c < args_.x.cols; ++c) {
      const double v = static_cast<double>(var[c]) + eps_;
      keep(c, {mean[c], 0, static_cast<float>(1.0 / std::sqrt(v))});
    }
  }

  void measure() {
    find_pivot_rows();
    cut_.strips([&](Range cols) { set_pivots(cols); });
    const ColumnsArgs columns{.dtype = args_.x.dtype,
                              .x = args_.x.data,
                              .x_stride = args_.x.stride,
                              .dy = nullptr,
                              .dy_stride = 0,
                              .mask = args_.mask,
                              .pivot = pivot_,
                              .constants = {}};
    cut_.chunks_and_strips([&](Range rows, Range cols, int64_t chunk) {
      const int64_t place = chunk * args_.x.cols;
      kernels_.sums(columns, rows, cols, sums_.a + place, sums_.b + place);
    });
    // On one thread: which channels are worked on halves is told by all of them together.
    for (int64_t c = 0; c < args_.x.cols; c += kStrip) finish(c);
  }

  void find_pivot_rows() {
    int64_t found = 0;
    for (int64_t r = 0; found < kPivotRows && r < args_.x.rows; ++r) {
      if (args_.mask == nullptr || args_.mask[r] != 0) pivot_rows_[found++] = r;
    }
    for (int64_t j = found; j < kPivotRows; ++j) pivot_rows_[j] = pivot_rows_[j - found];
  }

  // 1/8 of the leaf of the medians of rows j, j + 8 and j + 16 of those that count, from the first
  // again where there are too few.
  void set_pivots(Range cols) const {
    const int64_t width = cols.end - cols.begin;
    float memory[3][kStripColumns], m[8][kStripColumns];
    const auto row = [&](int64_t j) {
      const DType dtype = args_.x.dtype;
      const int64_t place = pivot_rows_[j] * args_.x.stride + cols.begin;
      const void* first = element(args_.x.data, dtype, place);
      if (dtype == DType::kF32) return static_cast<const float*>(first);
      float* own = memory[j / 8];
      all_kernels_.parameters.of[static_cast<size_t>(dtype)].to_f32(first, own, width);
      return static_cast<const float*>(own);
    };
    for (int64_t j = 0; j < 8; ++j) {
      const float *p = row(j), *q = row(j + 8), *r = row(j + 16);
      for (int64_t c = 0; c < width; ++c) {
        m[j][c] = std::max(std::min(p[c], q[c]), std::min(std::max(p[c], q[c]), r[c]));
      }
    }
    for (int64_t c = 0; c < width; ++c) {
      pivot_[cols.begin + c] = 0.125f * (((m[0][c] + m[4][c]) + (m[2][c] + m[6][c])) +
                                         ((m[1][c] + m[5][c]) + (m[3][c] + m[7][c])));
    }
  }

  void finish(int64_t first) {
    const int64_t width = std::min(kStrip, args_.x.cols - first);
    double s[kStrip], q[kStrip];
    ColumnMoments m[kStrip];
    bool accepted[kStrip], all = true;
    sums_.total(first, s, q);
    for (int64_t c = 0; c < width; ++c) {
      const double pivot = static_cast<double>(pivot_[first + c]);
      m[c] = moments(pivot, s[c], q[c], count_, eps_, false, &accepted[c]);
      all = all && accepted[c];
    }
    if (!all) redo(first, width, accepted, m);
    for (int64_t c = 0; c < width; ++c) {
      keep(first + c, m[c].saved);
      update(args_.running_mean, first + c, m[c].mean);
      const double unbiased = static_cast<double>(count_) / static_cast<double>(count_ - 1);
      update(args_.running_var, first + c, m[c].var * unbiased);
    }
  }

  // Section 2 where the guard refuses: everything in f64, with the first row for the pivot.
  void redo(int64_t first, int64_t width, const bool* accepted, ColumnMoments* m) const {
    double pivot[kStrip], s[kStrip], q[kStrip];
    const auto sums = [&](auto type) {
      const auto* x = static_cast<const decltype(type)*>(args_.x.data) + first;
      for (int64_t c = 0; c < width; ++c) {
        pivot[c] = static_cast<double>(to_f32(x[pivot_rows_[0] * args_.x.stride + c]));
      }
      redo_columns(x, args_.x.rows, args_.x.stride, args_.mask, width, pivot, s, q);
    };
    args_.x.dtype == DType::kF32    ? sums(float())
    : args_.x.dtype == DType::kBF16 ? sums(BFloat16())
                                    : sums(Float16());
    for (int64_t c = 0; c < width; ++c) {
      bool ignored;
      if (!accepted[c]) m[c] = moments(pivot[c], s[c], q[c], count_, eps_, true, &ignored);
    }
  }

  void keep(int64_t c, const SavedStatistics& s) {
    channels_.set(c, s);
    const auto store = [c](void* to, float value) {
      if (to != nullptr) static_cast<float*>(to)[c] = value;
    };
    store(args_.statistics.mean_hi, s.mean_hi);
    store(args_.statistics.mean_lo, s.mean_lo);
    store(args_.statistics.rstd, s.rstd);
  }

  void update(const VectorView& running, int64_t c, double value) const {
    if (running.data == nullptr) return;
    float& kept = static_cast<float*>(running.data)[c];
    const double old = (1 - spec_.momentum) * static_cast<double>(kept);
    kept = static_cast<float>(old + spec_.momentum * value);
  }

  const Kernels& all_kernels_;
  const BatchNormKernels& kernels_;
  const BatchNormSpec& spec_;
  const BatchNormForward& args_;
  const BatchCut cut_;
  const int64_t count_;
  const double eps_;
  const ChannelParameter weight_, bias_;
  ChannelArrays channels_;
  ChunkSums sums_;
  float* pivot_ = nullptr;
  int64_t pivot_rows_[kPivotRows];
};

}  // namespace

size_t batch_norm_forward_workspace(const BatchNormSpec& spec, const BatchNormForward& args) {
  Scratch scratch(nullptr);
  ChannelParameter(scratch, args.weight), ChannelParameter(scratch, args.bias);
  ChannelArrays(scratch, args.x.cols, false);
  if (spec.training) {
    ChunkSums(scratch, args.x.rows, args.x.cols);
    scratch.take<float>(args.x.cols);
  }
  return scratch.used();
}

void batch_norm_forward(const Kernels& kernels, const BatchNormSpec& spec,
                        const BatchNormForward& args, void* workspace, const Executor& executor) {
  const DefaultFpEnvironment environment;
  if (args.x.cols == 0) return;
  Scratch scratch(workspace);
  Forward(kernels, spec, args, executor, scratch).run();
}

}  // namespace norma::cpu

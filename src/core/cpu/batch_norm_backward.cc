// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Column sums of dy and of dy * xhat, which are the parameters' gradients and what dx subtracts;
// then the rows of dx.
#include <algorithm>
#include <cstdint>

#include "base/float16.h"
#include "core/cpu/batch_cut.h"
#include "core/cpu/batch_norms.h"
#include "core/cpu/cost.h"

namespace norma::cpu {
namespace {

struct Needs {
  bool dx, sums, x;

  Needs(const BatchNormSpec& spec, const BatchNormBackward& args)
      : dx(args.dx.data != nullptr),
        sums((dx && spec.training) || args.dweight.data != nullptr || args.dbias.data != nullptr),
        x(dx || args.dweight.data != nullptr) {}
};

class Backward {
 public:
  Backward(const Kernels& kernels, const BatchNormSpec& spec, const BatchNormBackward& args,
           const Executor& executor, Scratch& scratch)
      : all_kernels_(kernels),
        kernels_(kernels.batch_norm),
        args_(args),
        needs_(spec, args),
        cut_(executor, args.dy.rows, args.dy.cols, backward_grain(args.dy.cols)),
        inv_n_(1.0 / static_cast<double>(count_rows(args.mask, args.dy.rows))),
        weight_parameter_(scratch, args.weight),
        channels_(scratch, args.dy.cols, spec.training) {
    if (needs_.sums) sums_ = ChunkSums(scratch, args.dy.rows, args.dy.cols);
  }

  void run() {
    weight_ = weight_parameter_.in_f32(all_kernels_);
    if (needs_.x) {
      const auto of = [](const void* values, int64_t c) {
        return static_cast<const float*>(values)[c];
      };
      const ConstStatistics& s = args_.statistics;
      for (int64_t c = 0; c < args_.dy.cols; ++c) {
        channels_.set(c, {of(s.mean_hi, c), of(s.mean_lo, c), of(s.rstd, c)});
      }
    }
    if (needs_.sums) sum();
    if (needs_.dx) write();
  }

 private:
  void sum() {
    // In evaluation dx needs x's statistics, but no sum that x is in.
    const bool products = args_.dweight.data != nullptr || channels_.has_means();
    const ColumnsArgs columns{.dtype = args_.dy.dtype,
                              .x = needs_.x && products ? args_.x.data : nullptr,
                              .x_stride = args_.x.stride,
                              .dy = args_.dy.data,
                              .dy_stride = args_.dy.stride,
                              .mask = args_.mask,
                              .pivot = nullptr,
                              .constants = channels_.constants(0, nullptr, nullptr)};
    const int64_t cols = args_.dy.cols;
    cut_.chunks_and_strips([&](Range rows, Range strip, int64_t chunk) {
      const int64_t place = chunk * cols;
      kernels_.gradient_sums(columns, rows, strip, sums_.a + place, sums_.b + place);
    });
    for (int64_t first = 0; first < cols; first += kStrip) finish(first);
  }

  void finish(int64_t first) {
    double b[kStrip], w[kStrip];
    if (sums_.chunks > 0) sums_.total(first, b, w);
    for (int64_t c = first; c < std::min(first + kStrip, args_.dy.cols); ++c) {
      const double sum_b = sums_.chunks > 0 ? b[c - first] : 0;
      const double sum_w = sums_.chunks > 0 ? w[c - first] : 0;
      store(args_.dbias, c, static_cast<float>(sum_b));
      store(args_.dweight, c, static_cast<float>(sum_w));
      if (!channels_.has_means()) continue;
      const double weight = weight_ == nullptr ? 1 : static_cast<double>(weight_[c]);
      channels_.set_means(c, {static_cast<float>(sum_b * inv_n_ * weight),
                              static_cast<float>(sum_w * inv_n_ * weight)});
    }
  }
  static void store(const VectorView& gradient, int64_t c, float value) {
    if (gradient.data == nullptr) return;
    if (gradient.dtype == DType::kF32) {
      static_cast<float*>(gradient.data)[c] = value;
    } else if (gradient.dtype == DType::kBF16) {
      static_cast<BFloat16*>(gradient.data)[c] = from_f32<BFloat16>(value);
    } else {
      static_cast<Float16*>(gradient.data)[c] = from_f32<Float16>(value);
    }
  }

  void write() const {
    const ChannelConstants constants = channels_.constants(0, weight_, nullptr);
    const DType dtype = args_.dy.dtype;
    cut_.runs(args_.mask, [&](Range rows, bool counts) {
      if (!counts) return clear_rows(args_.dx, rows);
      kernels_.rows.gradient(
          constants, {.rows = rows.end - rows.begin,
                      .channels = args_.dy.cols,
                      .dtype = dtype,
                      .x = element(args_.x.data, dtype, rows.begin * args_.x.stride),
                      .x_stride = args_.x.stride,
                      .dy = element(args_.dy.data, dtype, rows.begin * args_.dy.stride),
                      .dy_stride = args_.dy.stride,
                      .out = element(args_.dx.data, dtype, rows.begin * args_.dx.stride),
                      .out_stride = args_.dx.stride});
    });
  }

  const Kernels& all_kernels_;
  const BatchNormKernels& kernels_;
  const BatchNormBackward& args_;
  const Needs needs_;
  const BatchCut cut_;
  const double inv_n_;
  const ChannelParameter weight_parameter_;
  const float* weight_ = nullptr;
  ChannelArrays channels_;
  ChunkSums sums_;
};

}  // namespace

size_t batch_norm_backward_workspace(const BatchNormSpec& spec, const BatchNormBackward& args) {
  Scratch scratch(nullptr);
  ChannelParameter(scratch, args.weight);
  ChannelArrays(scratch, args.dy.cols, spec.training);
  if (Needs(spec, args).sums) ChunkSums(scratch, args.dy.rows, args.dy.cols);
  return scratch.used();
}

void batch_norm_backward(const Kernels& kernels, const BatchNormSpec& spec,
                         const BatchNormBackward& args, void* workspace, const Executor& executor) {
  const DefaultFpEnvironment environment;
  if (args.dy.cols == 0) return;
  Scratch scratch(workspace);
  Backward(kernels, spec, args, executor, scratch).run();
}

}  // namespace norma::cpu

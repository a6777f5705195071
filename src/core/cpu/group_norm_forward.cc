// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// NCHW: groups are rows, and each is read, measured and written while it is in the cache. NHWC:
// a few groups at a time are transposed to be measured, then the sample is written row by row.
#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/cpu/channel_arrays.h"
#include "core/cpu/cost.h"
#include "core/cpu/group_cut.h"
#include "core/cpu/group_norms.h"

namespace norma::cpu {
namespace {

// What each thread works in, for NHWC.
struct Part {
  Part(Scratch& scratch, const GroupShape& shape)
      : panel(scratch.take<float>(shape.panel_groups() * shape.row())),
        channels(scratch, shape.channels, false) {}
  float* panel;
  ChannelArrays channels;
};

struct SavedArrays {
  float *hi, *lo, *rstd;  // each may be null

  void set(int64_t r, const SavedStatistics& s) const {
    if (hi != nullptr) hi[r] = s.mean_hi;
    if (lo != nullptr) lo[r] = s.mean_lo;
    if (rstd != nullptr) rstd[r] = s.rstd;
  }
  // What the caller does not keep lies in the workspace until the second stage.
  void complete(Scratch& scratch, int64_t rows) {
    for (float** each : {&hi, &lo, &rstd}) {
      if (*each == nullptr) *each = scratch.take<float>(rows);
    }
  }
};

SavedArrays saved_of(const GroupNormForward& args) {
  return {static_cast<float*>(args.statistics.mean_hi),
          static_cast<float*>(args.statistics.mean_lo), static_cast<float*>(args.statistics.rstd)};
}

class Forward {
 public:
  Forward(const Kernels& kernels, const GroupNormSpec& spec, const GroupNormForward& args,
          const Executor& executor, Scratch& scratch)
      : kernels_(kernels.group_norm),
        executor_(executor),
        shape_(spec, args.x),
        eps_(std::max(spec.eps, 0x1p-252)),
        x_(args.x.data),
        y_(args.y.data),
        weight_(ChannelParameter(scratch, args.weight).in_f32(kernels)),
        bias_(ChannelParameter(scratch, args.bias).in_f32(kernels)),
        saved_(saved_of(args)) {}

  void nchw() {
    const int64_t grain = forward_grain(shape_.row()), depth = shape_.depth();
    const auto body = [&](int64_t begin, int64_t end) {
      const DefaultFpEnvironment environment;
      for (int64_t r = begin; r < end; ++r) {
        const void* x = element(x_, shape_.dtype, r * shape_.row());
        const SavedStatistics s = kernels_.statistics(x, shape_.dtype, shape_.row(), eps_);
        saved_.set(r, s);
        const int64_t c = r % shape_.groups * depth;
        kernels_.normalize(x, element(y_, shape_.dtype, r * shape_.row()), shape_.dtype,
                           {depth, shape_.positions}, s, weight_ == nullptr ? nullptr : weight_ + c,
                           bias_ == nullptr ? nullptr : bias_ + c);
      }
    };
    shape_.rows() <= grain ? body(0, shape_.rows())
                           : parallel_for(executor_, shape_.rows(), grain, body);
  }

  void nhwc(int64_t parts, Scratch& scratch) {
    saved_.complete(scratch, shape_.rows());
    // One after the other and all alike, so that part p's is found without a table of them.
    const Scratch first = scratch;
    const auto part_of = [&, bytes = part_bytes(shape_)](int64_t p) {
      Scratch own = first;
      own.take<char>(p * static_cast<int64_t>(bytes));
      return Part(own, shape_);
    };
    deal_samples(
        executor_, shape_, parts,
        [&](int64_t p, int64_t n, int64_t panel) { measure(part_of(p), n, shape_.panel(panel)); },
        [&](int64_t p, int64_t n, Range positions) { write(part_of(p), n, positions); });
  }

  static size_t part_bytes(const GroupShape& shape) {
    Scratch count(nullptr);
    Part(count, shape);
    return count.used();
  }

 private:
  void measure(const Part& part, int64_t n, Range groups) const {
    const int64_t depth = shape_.depth(), row = shape_.row();
    const void* x = element(x_, shape_.dtype, n * shape_.sample() + groups.begin * depth);
    DType dtype = shape_.dtype;
    if (shape_.positions > 1) {
      kernels_.transpose(x, dtype, shape_.positions, shape_.channels,
                         (groups.end - groups.begin) * depth, nullptr, part.panel);
      x = part.panel;
      dtype = DType::kF32;
    }
    for (int64_t g = groups.begin; g < groups.end; ++g) {
      const void* values = element(x, dtype, (g - groups.begin) * row);
      saved_.set(n * shape_.groups + g, kernels_.statistics(values, dtype, row, eps_));
    }
  }

  void write(Part part, int64_t n, Range positions) const {
    const int64_t depth = shape_.depth(), first = n * shape_.groups;
    for (int64_t g = 0; g < shape_.groups; ++g) {
      const SavedStatistics s{saved_.hi[first + g], saved_.lo[first + g], saved_.rstd[first + g]};
      for (int64_t c = g * depth; c < (g + 1) * depth; ++c) part.channels.set(c, s);
    }
    const int64_t place = n * shape_.sample() + positions.begin * shape_.channels;
    kernels_.rows.normalize(part.channels.constants(0, weight_, bias_),
                            {.rows = positions.end - positions.begin,
                             .channels = shape_.channels,
                             .dtype = shape_.dtype,
                             .x = element(x_, shape_.dtype, place),
                             .x_stride = shape_.channels,
                             .dy = nullptr,
                             .dy_stride = 0,
                             .out = element(y_, shape_.dtype, place),
                             .out_stride = shape_.channels});
  }

  const GroupNormKernels& kernels_;
  const Executor& executor_;
  const GroupShape shape_;
  const double eps_;
  const void* x_;
  void* y_;
  const float *weight_, *bias_;
  SavedArrays saved_;
};

int64_t parts_of(const GroupShape& shape, const Executor& executor) {
  return worthwhile_parts(shape.rows(), forward_grain(shape.row()), executor);
}

size_t workspace_of(const GroupShape& shape, const GroupNormForward& args, int64_t parts) {
  if (shape.empty()) return 0;
  Scratch scratch(nullptr);
  ChannelParameter(scratch, args.weight), ChannelParameter(scratch, args.bias);
  if (!shape.nhwc) return scratch.used();
  saved_of(args).complete(scratch, shape.rows());
  return scratch.used() + static_cast<size_t>(parts) * Forward::part_bytes(shape);
}

}  // namespace

size_t group_norm_forward_workspace(const GroupNormSpec& spec, const GroupNormForward& args,
                                    const Executor& executor) {
  const GroupShape shape(spec, args.x);
  return workspace_of(shape, args, shape.empty() ? 1 : parts_of(shape, executor));
}

void group_norm_forward(const Kernels& kernels, const GroupNormSpec& spec,
                        const GroupNormForward& args, void* workspace, size_t bytes,
                        const Executor& executor) {
  const DefaultFpEnvironment environment;
  const GroupShape shape(spec, args.x);
  if (shape.empty()) {
    // A group without elements has no mean; 0 is shown, as PyTorch does.
    const SavedArrays saved = saved_of(args);
    if (saved.hi == nullptr && saved.lo == nullptr && saved.rstd == nullptr) return;
    for (int64_t r = 0; r < shape.rows(); ++r) {
      saved.set(r, {0, 0, std::numeric_limits<float>::quiet_NaN()});
    }
    return;
  }
  Scratch scratch(workspace);
  Forward call(kernels, spec, args, executor, scratch);
  if (!shape.nhwc) return call.nchw();
  int64_t parts = parts_of(shape, executor);
  if (workspace_of(shape, args, parts) > bytes) parts = 1;
  call.nhwc(parts, scratch);
}

}  // namespace norma::cpu

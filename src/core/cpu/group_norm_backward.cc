// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// As the forward pass is cut, with the sums of every channel of every sample in the workspace:
// what they add up to is a column sum over samples, section 5 of norma-1, at the end.
#include <cstdint>
#include <cstring>

#include "core/cpu/channel_arrays.h"
#include "core/cpu/column_strip.h"
#include "core/cpu/cost.h"
#include "core/cpu/group_cut.h"
#include "core/cpu/group_norms.h"

namespace norma::cpu {
namespace {

// What each thread works in, for NHWC.
struct Part {
  Part(Scratch& scratch, const GroupShape& shape, bool dx) : channels(scratch, shape.channels, dx) {
    if (!dx) return;
    x = scratch.take<float>(shape.panel_groups() * shape.row());
    g = scratch.take<float>(shape.panel_groups() * shape.row());
  }
  ChannelArrays channels;
  float *x = nullptr, *g = nullptr;
};

// What all threads share.
struct Shared {
  Shared(Scratch& scratch, const GroupShape& shape, const GroupNormBackward& args)
      : dweight(args.dweight.data != nullptr ? take(scratch, shape.samples * shape.channels)
                                             : nullptr),
        dbias(args.dbias.data != nullptr ? take(scratch, shape.samples * shape.channels)
                                         : nullptr) {
    if (args.dx.data != nullptr && shape.nhwc) means = scratch.take<GroupMeans>(shape.rows());
  }
  static float* take(Scratch& scratch, int64_t count) { return scratch.take<float>(count); }

  float *dweight, *dbias;  // of a channel of a sample
  GroupMeans* means = nullptr;
};

size_t part_bytes(const GroupShape& shape, bool dx) {
  Scratch count(nullptr);
  Part(count, shape, dx);
  return count.used();
}

class Backward {
 public:
  Backward(const Kernels& kernels, const GroupNormSpec& spec, const GroupNormBackward& args,
           const Executor& executor, Scratch& scratch)
      : kernels_(kernels.group_norm),
        executor_(executor),
        shape_(spec, args.dy),
        x_(args.x.data),
        dy_(args.dy.data),
        weight_(ChannelParameter(scratch, args.weight).in_f32(kernels)),
        hi_(static_cast<const float*>(args.statistics.mean_hi)),
        lo_(static_cast<const float*>(args.statistics.mean_lo)),
        rstd_(static_cast<const float*>(args.statistics.rstd)),
        dx_(args.dx.data),
        with_x_(args.dx.data != nullptr || args.dweight.data != nullptr),
        shared_(scratch, shape_, args) {}

  void nchw(int64_t parts) {
    deal(executor_, shape_.rows(), parts, [&](int64_t, Range rows) {
      for (int64_t r = rows.begin; r < rows.end; ++r) row(r);
    });
  }

  void nhwc(int64_t parts, const Scratch& first) {
    const bool dx = dx_ != nullptr;
    const auto part_of = [&, bytes = part_bytes(shape_, dx)](int64_t p) {
      Scratch own = first;
      own.take<char>(p * static_cast<int64_t>(bytes));
      return Part(own, shape_, dx);
    };
    deal_samples(
        executor_, shape_, parts,
        [&](int64_t p, int64_t n, int64_t panel) { measure(part_of(p), n, shape_.panel(panel)); },
        [&](int64_t p, int64_t n, Range positions) {
          if (dx_ != nullptr) write(part_of(p), n, positions);
        });
  }

  void add_samples(const Kernels& kernels, const VectorView& dweight,
                   const VectorView& dbias) const {
    const auto add = [&](float* terms, const VectorView& result) {
      if (terms == nullptr) return;
      const bool is_f32 = result.dtype == DType::kF32;
      // The terms of a strip of channels are added before its sums are stored over the first.
      float* sums = is_f32 ? static_cast<float*>(result.data) : terms;
      add_columns(terms, shape_.samples, shape_.channels, sums);
      if (is_f32) return;
      kernels.parameters.of[static_cast<size_t>(result.dtype)].from_f32(sums, result.data,
                                                                        shape_.channels);
    };
    add(shared_.dweight, dweight);
    add(shared_.dbias, dbias);
  }

 private:
  SavedStatistics saved(int64_t r) const {
    return with_x_ ? SavedStatistics{hi_[r], lo_[r], rstd_[r]} : SavedStatistics{0, 0, 1};
  }
  const void* from_x(int64_t place) const {
    return with_x_ ? element(x_, shape_.dtype, place) : nullptr;
  }
  static float* from(float* all, int64_t place) { return all == nullptr ? nullptr : all + place; }

  // One group of NCHW.
  void row(int64_t r) const {
    const int64_t n = shape_.row(), depth = shape_.depth(), c = r % shape_.groups * depth;
    const ChannelRun run{depth, shape_.positions};
    const SavedStatistics s = saved(r);
    const DType dtype = shape_.dtype;
    const void *x = from_x(r * n), *dy = element(dy_, dtype, r * n);
    // Channel c of sample r / groups is number r * depth of all.
    float *dweight = from(shared_.dweight, r * depth), *dbias = from(shared_.dbias, r * depth);
    if (dweight != nullptr || dbias != nullptr) {
      kernels_.channel_sums(x, dy, dtype, run, s, dweight, dbias);
    }
    if (dx_ == nullptr) return;
    const float* weight = weight_ == nullptr ? nullptr : weight_ + c;
    const GroupMeans means = kernels_.backward_means(x, dy, dtype, run, s, weight);
    kernels_.gradient(x, dy, element(dx_, dtype, r * n), dtype, run, s, weight, means);
  }

  ChannelRows rows_of(int64_t n, Range positions, int64_t channel, int64_t channels) const {
    const int64_t place = n * shape_.sample() + positions.begin * shape_.channels + channel;
    return {.rows = positions.end - positions.begin,
            .channels = channels,
            .dtype = shape_.dtype,
            .x = from_x(place),
            .x_stride = shape_.channels,
            .dy = element(dy_, shape_.dtype, place),
            .dy_stride = shape_.channels,
            .out = element(dx_, shape_.dtype, place),
            .out_stride = shape_.channels};
  }

  void spread(ChannelArrays& channels, int64_t n, Range groups) const {
    const int64_t depth = shape_.depth();
    for (int64_t g = groups.begin; g < groups.end; ++g) {
      const SavedStatistics s = saved(n * shape_.groups + g);
      for (int64_t c = g * depth; c < (g + 1) * depth; ++c) channels.set(c, s);
    }
  }

  void measure(Part part, int64_t n, Range groups) const {
    const int64_t first = groups.begin * shape_.depth();
    const int64_t channels = (groups.end - groups.begin) * shape_.depth(), row = shape_.row();
    const ChannelRows rows = rows_of(n, {0, shape_.positions}, first, channels);
    if (shared_.dweight != nullptr || shared_.dbias != nullptr) {
      spread(part.channels, n, groups);
      const int64_t place = n * shape_.channels + first;
      kernels_.channel_sums_of_rows(part.channels.constants(first, nullptr, nullptr), rows,
                                    from(shared_.dweight, place), from(shared_.dbias, place));
    }
    if (dx_ == nullptr) return;
    const float* weight = weight_ == nullptr ? nullptr : weight_ + first;
    const auto transpose = [&](const void* from, const float* of_channels, float* to) {
      kernels_.transpose(from, shape_.dtype, rows.rows, shape_.channels, channels, of_channels, to);
    };
    transpose(rows.x, nullptr, part.x);
    transpose(rows.dy, weight, part.g);
    const ChannelRun run{shape_.depth(), shape_.positions};
    for (int64_t g = groups.begin; g < groups.end; ++g) {
      const int64_t r = n * shape_.groups + g, place = (g - groups.begin) * row;
      shared_.means[r] = kernels_.backward_means(part.x + place, part.g + place, DType::kF32, run,
                                                 saved(r), nullptr);
    }
  }

  void write(Part part, int64_t n, Range positions) const {
    spread(part.channels, n, {0, shape_.groups});
    const int64_t depth = shape_.depth();
    for (int64_t c = 0; c < shape_.channels; ++c) {
      part.channels.set_means(c, shared_.means[n * shape_.groups + c / depth]);
    }
    kernels_.rows.gradient(part.channels.constants(0, weight_, nullptr),
                           rows_of(n, positions, 0, shape_.channels));
  }

  const GroupNormKernels& kernels_;
  const Executor& executor_;
  const GroupShape shape_;
  const void *x_, *dy_;
  const float *weight_, *hi_, *lo_, *rstd_;
  void* dx_;
  const bool with_x_;
  const Shared shared_;
};

int64_t parts_of(const GroupShape& shape, const Executor& executor) {
  return worthwhile_parts(shape.rows(), backward_grain(shape.row()), executor);
}

size_t workspace_of(const GroupShape& shape, const GroupNormBackward& args, int64_t parts) {
  Scratch scratch(nullptr);
  ChannelParameter(scratch, args.weight);
  Shared(scratch, shape, args);
  if (!shape.nhwc) return scratch.used();
  return scratch.used() + static_cast<size_t>(parts) * part_bytes(shape, args.dx.data != nullptr);
}

void store_zeros(const VectorView& gradient) {
  if (gradient.data == nullptr) return;
  std::memset(gradient.data, 0, static_cast<size_t>(gradient.size) * size_of(gradient.dtype));
}

}  // namespace

size_t group_norm_backward_workspace(const GroupNormSpec& spec, const GroupNormBackward& args,
                                     const Executor& executor) {
  const GroupShape shape(spec, args.dy);
  return shape.empty() ? 0 : workspace_of(shape, args, parts_of(shape, executor));
}

void group_norm_backward(const Kernels& kernels, const GroupNormSpec& spec,
                         const GroupNormBackward& args, void* workspace, size_t bytes,
                         const Executor& executor) {
  const DefaultFpEnvironment environment;
  const GroupShape shape(spec, args.dy);
  if (shape.empty()) {
    store_zeros(args.dweight);
    return store_zeros(args.dbias);
  }
  int64_t parts = parts_of(shape, executor);
  if (workspace_of(shape, args, parts) > bytes) parts = 1;
  Scratch scratch(workspace);
  Backward call(kernels, spec, args, executor, scratch);
  shape.nhwc ? call.nhwc(parts, scratch) : call.nchw(parts);
  call.add_samples(kernels, args.dweight, args.dbias);
}

}  // namespace norma::cpu

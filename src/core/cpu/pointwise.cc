// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Three ways to cut a backward pass, as for the norms: rows freely where there is no column sum,
// else blocks of 32 rows, or blocks of columns where there are too few of those. What a scalar's
// gradient adds up to is kept for each block of each row and added at the end, on the thread that
// calls.
#include "core/cpu/pointwise.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include "core/cpu/cost.h"
#include "core/cpu/gradient_sum.h"
#include "core/cpu/scratch.h"
#include "core/fp_environment.h"

namespace norma::cpu {
namespace {

// An element costs about as much as four of a norm's.
int64_t grain_of(int64_t cols, int64_t (*grain)(int64_t)) {
  return grain(std::min(cols, int64_t{1} << 60) * 4);
}

const PointwiseKernels& kernels_of(const Kernels& kernels, PointwiseKind kind, DType rows) {
  const PointwiseTable& table = kind == PointwiseKind::kDyt ? kernels.dyt : kernels.derf;
  return table.of[static_cast<size_t>(rows)];
}

PointwiseScalars scalars_of(const PointwiseSpec& spec) {
  return {static_cast<float>(spec.alpha), static_cast<float>(spec.shift)};
}

enum class Scheme { kRows, kBlocks, kColumns };

struct Cut {
  Scheme scheme;
  int64_t parts;  // threads that each sum a run of blocks of rows (kBlocks) or of columns
};

Cut choose_cut(const PointwiseBackward& args, const Executor& executor) {
  if (args.dweight.data == nullptr && args.dbias.data == nullptr) return {Scheme::kRows, 1};
  const int64_t blocks = ceil_div(args.dy.rows, kRowBlock);
  const int64_t worth = args.dy.rows / grain_of(args.dy.cols, backward_grain);
  const int64_t threads = worth < 2 ? 1 : std::min<int64_t>(worth, executor.threads(executor.self));
  const int64_t parts = std::min(threads, blocks);
  const int64_t columns = std::min(threads, ceil_div(args.dy.cols, kSumBlock));
  return parts >= columns ? Cut{Scheme::kBlocks, parts} : Cut{Scheme::kColumns, columns};
}

bool has_scalar_gradient(const PointwiseBackward& args) {
  return args.dalpha != nullptr || args.dshift != nullptr;
}

bool prepares_weight(const PointwiseBackward& args) {
  return args.weight.data != nullptr && args.weight.dtype != DType::kF32;
}

// The sum of adjacent pairs of values that are pushed from left to right; padding with +0 changes
// nothing but the sign of a zero, which the last + 0.0 settles.
class PairSum {
 public:
  void push(double value) {
    for (int64_t k = pushed_++; k & 1; k >>= 1) value = stack_[--top_] + value;
    stack_[top_++] = value;
  }
  double sum() {
    double value = stack_[--top_];
    while (top_ > 0) value = stack_[--top_] + value;
    return value + 0.0;
  }

 private:
  double stack_[64];
  int top_ = 0;
  int64_t pushed_ = 0;
};

// sums: block b of row r at r * blocks + b.
void store_scalar_gradient(const float* sums, int64_t rows, int64_t blocks, void* result) {
  if (result == nullptr) return;
  PairSum total;
  for (int64_t first = 0; first < rows; first += kRowBlock) {
    double block_of_rows = 0;
    for (int64_t r = first; r < std::min(first + kRowBlock, rows); ++r) {
      PairSum row;
      for (int64_t b = 0; b < blocks; ++b) row.push(static_cast<double>(sums[r * blocks + b]));
      block_of_rows = block_of_rows + row.sum();
    }
    total.push(block_of_rows);
  }
  *static_cast<float*>(result) = static_cast<float>(total.sum());
}

// What a pass takes from the workspace first.
struct Prepared {
  const float* weight;  // f32, or null
  float* own_weight;    // where that is to be, if it is not the caller's
  float* alpha_sums;
  float* shift_sums;
};

Prepared prepare(Scratch& scratch, const PointwiseBackward& args) {
  const int64_t count = args.dy.rows * ceil_div(args.dy.cols, kSumBlock);
  const auto sums = [&](const void* result) {
    return result == nullptr ? nullptr : scratch.take<float>(count);
  };
  Prepared p;
  p.own_weight = prepares_weight(args) ? scratch.take<float>(args.weight.size) : nullptr;
  p.weight = prepares_weight(args) ? p.own_weight : static_cast<const float*>(args.weight.data);
  p.alpha_sums = sums(args.dalpha);
  p.shift_sums = sums(args.dshift);
  return p;
}

struct Sums {
  GradientSum dweight, dbias;
};

class Backward {
 public:
  Backward(const Kernels& kernels, const PointwiseSpec& spec, const PointwiseBackward& args,
           const Prepared& prepared, const Executor& executor)
      : kernels_(kernels),
        run_(kernels_of(kernels, spec.kind, args.dy.dtype).backward),
        executor_(executor),
        rows_(args.dy.rows),
        cols_(args.dy.cols),
        row_blocks_(ceil_div(rows_, kRowBlock)),
        grain_(grain_of(cols_, backward_grain)),
        dweight_(args.dweight),
        dbias_(args.dbias),
        args_{.scalars = scalars_of(spec),
              .x = needs_x(args) ? args.x.data : nullptr,
              .x_stride = args.x.stride,
              .dy = args.dy.data,
              .dy_stride = args.dy.stride,
              .weight = prepared.weight,
              .dx = args.dx.data,
              .dx_stride = args.dx.stride,
              .cols = cols_,
              .stream = args.dx.data != nullptr && streams(args.dx, 3),
              .alpha_sums = prepared.alpha_sums,
              .shift_sums = prepared.shift_sums,
              .blocks = ceil_div(cols_, kSumBlock)} {}

  void by_rows() {
    if (args_.x == nullptr) return;
    deal(rows_, grain_, [&](Range rows) { run_(args_, rows, {0, cols_}, nullptr, nullptr); });
  }

  void by_blocks(int64_t parts, Scratch& scratch) {
    Sums* sums = scratch.take<Sums>(parts);
    for (int64_t p = 0; p < parts; ++p) {
      const auto dweight = GradientSum::take(scratch, dweight_, row_blocks_);
      const auto dbias = GradientSum::take(scratch, dbias_, row_blocks_);
      const Range all{0, cols_};
      new (sums + p) Sums{{kernels_, dweight, dweight_, all}, {kernels_, dbias, dbias_, all}};
    }
    deal(parts, 1, [&](Range some) {
      for (int64_t p = some.begin; p < some.end; ++p) {
        sum_blocks({p * row_blocks_ / parts, (p + 1) * row_blocks_ / parts}, {0, cols_}, sums[p]);
      }
    });
    for (int64_t p = 1; p < parts; ++p) {
      sums->dweight.append(sums[p].dweight);
      sums->dbias.append(sums[p].dbias);
    }
    finish(*sums);
  }

  void by_columns(int64_t parts, Scratch& scratch) {
    const auto dweight = GradientSum::take(scratch, dweight_, row_blocks_);
    const auto dbias = GradientSum::take(scratch, dbias_, row_blocks_);
    deal(args_.blocks, ceil_div(args_.blocks, parts), [&](Range some) {
      const Range cols{some.begin * kSumBlock, std::min(some.end * kSumBlock, cols_)};
      Sums sums{{kernels_, dweight, dweight_, cols}, {kernels_, dbias, dbias_, cols}};
      sum_blocks({0, row_blocks_}, cols, sums);
      finish(sums);
    });
  }

 private:
  template <typename Body>
  void deal(int64_t count, int64_t grain, const Body& body) {
    const auto in_environment = [&body](int64_t begin, int64_t end) {
      const DefaultFpEnvironment environment;
      body(Range{begin, end});
    };
    count <= grain ? in_environment(0, count)
                   : parallel_for(executor_, count, grain, in_environment);
  }

  void sum_blocks(Range blocks, Range cols, Sums& sums) {
    for (int64_t block = blocks.begin; block < blocks.end; ++block) {
      sums.dweight.begin_block();
      sums.dbias.begin_block();
      const Range rows{block * kRowBlock, std::min(rows_, (block + 1) * kRowBlock)};
      run_(args_, rows, cols, sums.dweight.terms(), sums.dbias.terms());
      sums.dweight.end_block(block);
      sums.dbias.end_block(block);
    }
  }

  static void finish(Sums& sums) {
    sums.dweight.finish();
    sums.dbias.finish();
  }

  const Kernels& kernels_;
  void (*const run_)(const PointwiseBackwardArgs&, Range, Range, float*, float*);
  const Executor& executor_;
  const int64_t rows_, cols_, row_blocks_, grain_;
  const VectorView dweight_, dbias_;
  const PointwiseBackwardArgs args_;
};

size_t workspace_of(const Cut& cut, const PointwiseBackward& args) {
  // Rows that are one row again and again can be more than any memory has room for.
  constexpr int64_t kMostRows = int64_t{1} << 56;
  constexpr size_t kMoreThanAnyMemory = size_t{1} << 62;
  if (has_scalar_gradient(args) && args.dy.rows > kMostRows) return kMoreThanAnyMemory;
  const int64_t blocks = ceil_div(args.dy.rows, kRowBlock);
  Scratch scratch(nullptr);
  prepare(scratch, args);
  if (cut.scheme == Scheme::kRows) return scratch.used();
  if (cut.scheme == Scheme::kBlocks) scratch.take<Sums>(cut.parts);
  const int64_t sums = cut.scheme == Scheme::kBlocks ? cut.parts : 1;
  for (int64_t p = 0; p < sums; ++p) {
    GradientSum::take(scratch, args.dweight, blocks);
    GradientSum::take(scratch, args.dbias, blocks);
  }
  return scratch.used();
}

// +0 in every type.
void store_zeros(void* gradient, int64_t size, DType dtype) {
  if (gradient == nullptr) return;
  std::memset(gradient, 0, static_cast<size_t>(size) * size_of(dtype));
}

}  // namespace

void pointwise_forward(const Kernels& kernels, const PointwiseSpec& spec,
                       const PointwiseForward& args, const Executor& executor) {
  // The pool's threads set their own; this one also rounds the scalars.
  const DefaultFpEnvironment environment;
  const int64_t rows = args.x.rows, cols = args.x.cols;
  if (cols == 0) return;
  const DType parameters = args.weight.data != nullptr ? args.weight.dtype : args.bias.dtype;
  const PointwiseForwardArgs kernel_args{.scalars = scalars_of(spec),
                                         .x = args.x.data,
                                         .x_stride = args.x.stride,
                                         .y = args.y.data,
                                         .y_stride = args.y.stride,
                                         .weight = args.weight.data,
                                         .bias = args.bias.data,
                                         .f32_parameters = parameters == DType::kF32,
                                         .cols = cols,
                                         .stream = streams(args.y, 2)};
  const PointwiseKernels& run = kernels_of(kernels, spec.kind, args.x.dtype);
  const auto body = [&](int64_t begin, int64_t end) {
    const DefaultFpEnvironment of_thread;
    run.forward(kernel_args, {begin, end});
  };
  const int64_t grain = grain_of(cols, forward_grain);
  rows <= grain ? body(0, rows) : parallel_for(executor, rows, grain, body);
}

size_t pointwise_backward_workspace(const PointwiseBackward& args, const Executor& executor) {
  if (args.dy.rows == 0 || args.dy.cols == 0) return 0;
  // The cut of one thread is what a smaller workspace falls back to, and it may need more.
  return std::max(workspace_of(choose_cut(args, executor), args),
                  workspace_of(choose_cut(args, serial_executor()), args));
}

void pointwise_backward(const Kernels& kernels, const PointwiseSpec& spec,
                        const PointwiseBackward& args, void* workspace, size_t bytes,
                        const Executor& executor) {
  // The pool's threads set their own; this one also joins the sums of all threads.
  const DefaultFpEnvironment environment;
  if (args.dy.rows == 0 || args.dy.cols == 0) {
    store_zeros(args.dweight.data, args.dweight.size, args.dweight.dtype);
    store_zeros(args.dbias.data, args.dbias.size, args.dbias.dtype);
    store_zeros(args.dalpha, 1, DType::kF32);
    return store_zeros(args.dshift, 1, DType::kF32);
  }
  Cut cut = choose_cut(args, executor);
  if (workspace_of(cut, args) > bytes) cut = choose_cut(args, serial_executor());
  Scratch scratch(workspace);
  const Prepared prepared = prepare(scratch, args);
  if (prepared.own_weight != nullptr) {
    kernels.parameters.of[static_cast<size_t>(args.weight.dtype)].to_f32(
        args.weight.data, prepared.own_weight, args.weight.size);
  }
  Backward call(kernels, spec, args, prepared, executor);
  if (cut.scheme == Scheme::kRows) call.by_rows();
  if (cut.scheme == Scheme::kBlocks) call.by_blocks(cut.parts, scratch);
  if (cut.scheme == Scheme::kColumns) call.by_columns(cut.parts, scratch);
  const int64_t blocks = ceil_div(args.dy.cols, kSumBlock);
  store_scalar_gradient(prepared.alpha_sums, args.dy.rows, blocks, args.dalpha);
  store_scalar_gradient(prepared.shift_sums, args.dy.rows, blocks, args.dshift);
}

}  // namespace norma::cpu

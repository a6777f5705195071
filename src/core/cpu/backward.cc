// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Three ways to cut a backward pass. Without column sums rows are dealt freely. With them each
// thread takes whole blocks of 32 rows, in one sweep over x and dy; where there are too few blocks
// for the threads, row sums are dealt by rows, or by parts of rows where these are few and long,
// and the sweep then by columns.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include "core/cpu/cost.h"
#include "core/cpu/gradient_sum.h"
#include "core/cpu/hostile_rows.h"
#include "core/cpu/norms.h"
#include "core/cpu/scratch.h"
#include "core/cpu/wide_rows.h"
#include "core/fp_environment.h"

namespace norma::cpu {
namespace {

// Of x and of dy: rows are summed and then swept in batches that stay in L1 beside the next one's
// dx, or in L2 where rows are long.
constexpr int64_t kBatchElements = 1024;
constexpr int64_t kSweepRows = 4;

enum class Scheme { kRows, kBlocks, kColumns };

struct Cut {
  Scheme scheme;
  int64_t parts;  // threads that each sum a run of blocks of rows (kBlocks) or of columns
  bool splits_rows = false;  // kColumns: the sums of a row are dealt, too
};

Cut choose_cut(const NormBackward& args, const Executor& executor) {
  const bool sums = args.dweight.data != nullptr || args.dbias.data != nullptr;
  if ((sums || args.dx.data != nullptr) && splits_rows(args.dy.rows, args.dy.cols, executor)) {
    return {Scheme::kColumns, executor.threads(executor.self), true};
  }
  if (!sums) return {Scheme::kRows, 1};
  const int64_t blocks = ceil_div(args.dy.rows, kRowBlock);
  const int64_t worth = args.dy.rows / backward_grain(args.dy.cols);
  const int64_t threads = worth < 2 ? 1 : std::min<int64_t>(worth, executor.threads(executor.self));
  if (threads <= 1) return {Scheme::kBlocks, 1};
  // Cut by columns, x and dy are read twice; to wait for the thread with the most blocks may cost
  // as much.
  const int64_t parts = std::min(threads, blocks);
  const bool balanced = 4 * blocks >= 3 * threads * ceil_div(blocks, parts);
  return balanced ? Cut{Scheme::kBlocks, parts} : Cut{Scheme::kColumns, threads};
}

struct Sums {
  GradientSum dweight, dbias;
};

// What is added to dx is read after it is written, so that it must stay in the caches.
bool adds_residual(const NormBackward& args) {
  return args.dx.data != nullptr && (args.dsum.data != nullptr || args.dresidual.data != nullptr);
}

// Whether the second of the two sweeps over a partial norm's columns, if there is one, begins a
// line of the cache as stores past it must.
bool begins_line(int64_t statistic_cols, int64_t cols, DType dtype) {
  return statistic_cols == cols || statistic_cols * static_cast<int64_t>(size_of(dtype)) % 64 == 0;
}

// Rows in a batch. Those on their way from memory and back are fewer, so that reading and writing
// overlap.
int64_t batch_rows(int64_t cols, bool stream) {
  const int64_t fit = kBatchElements / cols;
  if (stream) return cols >= 2048 ? kSweepRows : std::clamp<int64_t>(fit, 1, kRowBlock);
  return std::clamp(fit / kSweepRows * kSweepRows, kSweepRows, kRowBlock);
}

// Rows of dx that hold dy are in the caches already.
bool streams_dx(const NormSpec& spec, const NormBackward& args, const StepBefore& before) {
  const int64_t cols = args.dy.cols;
  return args.dx.data != nullptr && !adds_residual(args) && before.run == nullptr &&
         streams(args.dx, 3) &&
         begins_line(statistic_cols_of(spec, cols), cols, args.dx.dtype);
}

class Backward {
 public:
  // weight: what dy is multiplied by, or null.
  Backward(const Kernels& kernels, const NormSpec& spec, const NormBackward& args,
           const float* weight, const Executor& executor, RawSums* raw, StepBefore before)
      : kernels_(kernels),
        norm_(kernels_of(kernels, spec.kind, args.dy.dtype)),
        executor_(executor),
        before_(before),
        rows_(args.dy.rows),
        cols_(args.dy.cols),
        blocks_(ceil_div(rows_, kRowBlock)),
        dweight_(args.dweight),
        dbias_(args.dbias),
        args_{
            .x = args.x.data,
            .x_stride = args.x.stride,
            .dy = args.dy.data,
            .dy_stride = args.dy.stride,
            .weight = weight,
            .mean_hi = static_cast<const float*>(args.statistics.mean_hi),
            .mean_lo = static_cast<const float*>(args.statistics.mean_lo),
            .rstd = static_cast<const float*>(args.statistics.rstd),
            .dx = args.dx.data,
            .dx_stride = args.dx.stride,
            .cols = cols_,
            .rule = rule_of(spec, cols_),
            .stream = streams_dx(spec, args, before),
            .ahead = batch_rows(cols_, streams_dx(spec, args, before)),
            .raw = raw},
        add_residual_(adds_residual(args)
                          ? kernels.residual.backward[static_cast<size_t>(args.dx.dtype)]
                          : nullptr),
        residual_{.dx = args.dx.data,
                  .dx_stride = args.dx.stride,
                  .dsum = args.dsum.data,
                  .dsum_stride = args.dsum.stride,
                  .dresidual = args.dresidual.data,
                  .dresidual_stride = args.dresidual.stride,
                  .scale = args.residual_scale} {}

  void by_rows() {
    if (args_.dx == nullptr) return;
    deal(rows_, backward_grain(cols_), [&](Range rows) { sweep(rows, nullptr, nullptr); });
  }

  void by_blocks(int64_t parts, Scratch& scratch) {
    Sums* sums = scratch.take<Sums>(parts);
    for (int64_t p = 0; p < parts; ++p) new (sums + p) Sums(take_sums(scratch));
    deal(parts, 1, [&](Range some) {
      for (int64_t p = some.begin; p < some.end; ++p) {
        sum_blocks({p * blocks_ / parts, (p + 1) * blocks_ / parts}, sums[p], [&](Range rows) {
          sweep(rows, sums[p].dweight.terms(), sums[p].dbias.terms());
        });
      }
    });
    for (int64_t p = 1; p < parts; ++p) {
      sums->dweight.append(sums[p].dweight);
      sums->dbias.append(sums[p].dbias);
    }
    finish(*sums);
  }

  void by_columns(const Cut& cut, Scratch& scratch) {
    const RowMeans means{scratch.take<float>(rows_), scratch.take<float>(rows_)};
    const auto dweight = GradientSum::take(scratch, dweight_, blocks_);
    const auto dbias = GradientSum::take(scratch, dbias_, blocks_);
    if (args_.dx != nullptr && cut.splits_rows) {
      prepare({0, rows_});
      for (int64_t r = 0; r < rows_; ++r) {
        backward_means_wide(norm_.wide, args_, r, {means.g + r, means.gx + r}, executor_);
      }
    } else if (args_.dx != nullptr) {
      deal(rows_, backward_grain(cols_), [&](Range rows) {
        prepare(rows);
        norm_.backward_sums(args_, rows, {means.g + rows.begin, means.gx + rows.begin});
      });
    }
    const int64_t strips = ceil_div(cols_, kStrip);
    deal(strips, ceil_div(strips, cut.parts), [&](Range some) {
      const Range cols{some.begin * kStrip, std::min(some.end * kStrip, cols_)};
      Sums sums{{kernels_, dweight, dweight_, cols}, {kernels_, dbias, dbias_, cols}};
      sum_blocks({0, blocks_}, sums, [&](Range rows) {
        sweep_columns(rows, cols, {means.g + rows.begin, means.gx + rows.begin},
                      sums.dweight.terms(), sums.dbias.terms());
        if (add_residual_ != nullptr) add_residual_(residual_, rows, cols);
      });
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

  Sums take_sums(Scratch& scratch) const {
    const auto dweight = GradientSum::take(scratch, dweight_, blocks_);
    const auto dbias = GradientSum::take(scratch, dbias_, blocks_);
    const Range all{0, cols_};
    return {{kernels_, dweight, dweight_, all}, {kernels_, dbias, dbias_, all}};
  }

  // add(rows) adds the terms of a block's rows to both sums.
  template <typename Add>
  void sum_blocks(Range blocks, Sums& sums, const Add& add) {
    for (int64_t block = blocks.begin; block < blocks.end; ++block) {
      sums.dweight.begin_block();
      sums.dbias.begin_block();
      add(Range{block * kRowBlock, std::min(rows_, (block + 1) * kRowBlock)});
      sums.dweight.end_block(block);
      sums.dbias.end_block(block);
    }
  }

  static void finish(Sums& sums) {
    sums.dweight.finish();
    sums.dbias.finish();
  }

  void prepare(Range rows) const {
    if (before_.run != nullptr) before_.run(before_.context, rows);
  }

  // dx of the rows, and their terms added to dweight and dbias, in one pass over x and dy.
  void sweep(Range rows, float* dweight, float* dbias) {
    const int64_t step = before_.run == nullptr ? kRowBlock : args_.ahead;
    for (int64_t r = rows.begin; r < rows.end; r += step) {
      const Range some{r, std::min(r + step, rows.end)};
      prepare(some);
      if (!norm_.backward_short(args_, some, dweight, dbias)) {
        sweep_in_batches(some, dweight, dbias);
      } else if (add_residual_ != nullptr) {
        add_residual_(residual_, some, {0, cols_});
      }
    }
  }

  void sweep_in_batches(Range rows, float* dweight, float* dbias) {
    float g[kRowBlock], gx[kRowBlock];
    for (int64_t r = rows.begin; r < rows.end; r += args_.ahead) {
      const Range some{r, std::min(r + args_.ahead, rows.end)};
      if (args_.dx != nullptr) norm_.backward_sums(args_, some, {g, gx});
      sweep_columns(some, {0, cols_}, {g, gx}, dweight, dbias);
      if (add_residual_ != nullptr) add_residual_(residual_, some, {0, cols_});
    }
  }

  // Of rows in one block. Past the columns of a partial norm's statistics h is +0.
  void sweep_columns(Range rows, Range cols, RowMeans means, float* dweight, float* dbias) {
    static constexpr float kNone[kRowBlock] = {};
    float* const none = const_cast<float*>(kNone);  // a sweep reads its means
    const int64_t end = std::clamp(args_.rule.cols, cols.begin, cols.end);
    if (cols.begin < end) {
      norm_.backward_sweep(args_, rows, {cols.begin, end}, means, dweight, dbias);
    }
    if (end < cols.end) {
      norm_.backward_sweep(args_, rows, {end, cols.end}, {none, none}, dweight, dbias);
    }
  }

  const Kernels& kernels_;
  const NormKernels& norm_;
  const Executor& executor_;
  const StepBefore before_;
  const int64_t rows_, cols_, blocks_;
  const VectorView dweight_, dbias_;
  const BackwardArgs args_;
  void (*const add_residual_)(const ResidualArgs&, Range, Range);  // null: no residual
  const ResidualArgs residual_;
};

// Whether dy is multiplied by something else than the weight's own memory.
bool prepares_weight(const NormSpec& spec, const NormBackward& args) {
  return args.weight.data != nullptr && args.dx.data != nullptr &&
         (spec.weight_plus_one || args.weight.dtype != DType::kF32 ||
          args.weight.size != args.dy.cols);
}

const float* weight_of(const Kernels& kernels, const NormSpec& spec, const NormBackward& args,
                       Scratch& scratch) {
  if (!prepares_weight(spec, args)) return static_cast<const float*>(args.weight.data);
  float* weight = scratch.take<float>(args.dy.cols);
  kernels.parameters.of[static_cast<size_t>(args.weight.dtype)].to_f32(args.weight.data, weight,
                                                                       args.weight.size);
  for (int64_t i = 0; spec.weight_plus_one && i < args.weight.size; ++i) {
    weight[i] = 1.0f + weight[i];
  }
  // One weight for all columns.
  std::fill(weight + args.weight.size, weight + args.dy.cols, weight[0]);
  return weight;
}

// The gradient of one weight for all columns is worked as that of a weight of each.
VectorView dweight_of_columns(const NormBackward& args, Scratch& scratch) {
  if (args.dweight.data == nullptr || args.dweight.size == args.dy.cols) return args.dweight;
  float* columns = scratch.take<float>(args.dy.cols);
  // Where the workspace is only counted, it is enough that there is one.
  return {columns != nullptr ? columns : args.dweight.data, DType::kF32, args.dy.cols};
}

void store_one_dweight(const Kernels& kernels, const VectorView& columns, const VectorView& one) {
  if (columns.size == one.size) return;
  const float sum =
      static_cast<float>(sum_in_f64(static_cast<const float*>(columns.data), columns.size));
  kernels.parameters.of[static_cast<size_t>(one.dtype)].from_f32(&sum, one.data, 1);
}

size_t workspace_of(const Cut& cut, const NormSpec& spec, const NormBackward& args) {
  const int64_t rows = args.dy.rows, blocks = ceil_div(rows, kRowBlock);
  Scratch scratch(nullptr);
  if (prepares_weight(spec, args)) scratch.take<float>(args.dy.cols);
  const VectorView dweight = dweight_of_columns(args, scratch);
  if (cut.scheme == Scheme::kRows) return scratch.used();
  if (cut.scheme == Scheme::kBlocks) {
    scratch.take<Sums>(cut.parts);
  } else {
    scratch.take<float>(rows);
    scratch.take<float>(rows);
  }
  const int64_t sums = cut.scheme == Scheme::kBlocks ? cut.parts : 1;
  for (int64_t p = 0; p < sums; ++p) {
    GradientSum::take(scratch, dweight, blocks);
    GradientSum::take(scratch, args.dbias, blocks);
  }
  return scratch.used();
}

void store_zeros(const VectorView& gradient) {
  if (gradient.data == nullptr) return;
  // +0 in every type.
  std::memset(gradient.data, 0, static_cast<size_t>(gradient.size) * size_of(gradient.dtype));
}

}  // namespace

size_t backward_workspace(const NormSpec& spec, const NormBackward& args,
                          const Executor& executor) {
  if (args.dy.rows == 0 || args.dy.cols == 0) return 0;
  // The cut of one thread is what a smaller workspace falls back to, and it may need more.
  return std::max(workspace_of(choose_cut(args, executor), spec, args),
                  workspace_of(choose_cut(args, serial_executor()), spec, args));
}

void backward(const Kernels& kernels, const NormSpec& spec, const NormBackward& given,
              void* workspace, size_t bytes, const Executor& executor, RawSums* raw,
              StepBefore before) {
  NormBackward args = given;
  // The pool's threads set their own; this one also joins the sums of all threads.
  const DefaultFpEnvironment environment;
  if (args.dy.rows == 0 || args.dy.cols == 0) {
    store_zeros(args.dweight);
    return store_zeros(args.dbias);
  }
  Cut cut = choose_cut(args, executor);
  if (workspace_of(cut, spec, args) > bytes) cut = choose_cut(args, serial_executor());
  Scratch scratch(workspace);
  const float* weight = weight_of(kernels, spec, args, scratch);
  args.dweight = dweight_of_columns(given, scratch);
  Backward call(kernels, spec, args, weight, executor, raw, before);
  switch (cut.scheme) {
    case Scheme::kRows:
      call.by_rows();
      break;
    case Scheme::kBlocks:
      call.by_blocks(cut.parts, scratch);
      break;
    case Scheme::kColumns:
      call.by_columns(cut, scratch);
      break;
  }
  store_one_dweight(kernels, args.dweight, given.dweight);
}

}  // namespace norma::cpu

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Three ways to cut a backward pass. Without column sums rows are dealt freely. With them each
// thread takes whole blocks of 32 rows, in one sweep over x and dy; where there are too few blocks
// for the threads, row sums are dealt by rows and the sweep then by columns.
#include <algorithm>
#include <cstdint>
#include <new>

#include "core/cpu/column_tree.h"
#include "core/cpu/cost.h"
#include "core/cpu/norms.h"
#include "core/fp_environment.h"

namespace norma::cpu {
namespace {

constexpr int64_t kRowBlock = 32;
// Of x and of dy: rows are summed and then swept in batches that stay in L1, or in L2 where rows
// are long.
constexpr int64_t kBatchElements = 4096;
constexpr int64_t kSweepRows = 4;
// Columns of f32 that fill a cache line: no two threads write to one line.
constexpr int64_t kStrip = 16;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

enum class Scheme { kRows, kBlocks, kColumns };

struct Cut {
  Scheme scheme;
  int64_t parts;  // threads that each sum a run of blocks of rows (kBlocks) or of columns
};

Cut choose_cut(const NormBackward& args, const Executor& executor) {
  if (args.dweight.data == nullptr && args.dbias.data == nullptr) return {Scheme::kRows, 1};
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

// Hands out 64-byte aligned pieces of the workspace; without memory it only counts.
class Arena {
 public:
  explicit Arena(void* memory) : memory_(static_cast<char*>(memory)) {}
  template <typename T>
  T* take(int64_t count) {
    const size_t offset = used_;
    used_ += (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + offset);
  }
  size_t used() const { return used_; }

 private:
  char* memory_;
  size_t used_ = 0;
};

// One gradient over a range of columns, as one thread sums it: f32 within a block of rows, f64
// nodes over blocks.
class GradientSum {
 public:
  // Shared by threads that take different columns.
  struct Memory {
    float* block = nullptr;  // null: not asked for, or there is one block, which is summed in place
    double* nodes = nullptr;
    int64_t stride = 0;
  };
  static Memory take(Arena& arena, const VectorView& gradient, int64_t blocks) {
    if (gradient.data == nullptr || blocks <= 1) return {};
    const int64_t stride = ceil_div(gradient.size, kStrip) * kStrip;
    return {arena.take<float>(stride), arena.take<double>(stride * ColumnTree::slots(blocks)),
            stride};
  }

  GradientSum(const ColumnKernels& kernels, const Memory& memory, const VectorView& result,
              Range cols)
      : block_(memory.block),
        result_(static_cast<float*>(result.data)),
        cols_(cols),
        tree_(kernels, memory.block == nullptr ? nullptr : memory.nodes + cols.begin, memory.stride,
              cols.end - cols.begin) {}

  // Where the terms of a block's rows are added, indexed by column; null where not asked for.
  float* terms() const { return block_ != nullptr ? block_ : result_; }
  void begin_block() {
    if (terms() != nullptr) std::fill(terms() + cols_.begin, terms() + cols_.end, 0.0f);
  }
  void end_block(int64_t block) {
    if (block_ != nullptr) tree_.push_block(block_ + cols_.begin, block);
  }
  void append(const GradientSum& right) {
    if (block_ != nullptr) tree_.push_all(right.tree_);
  }
  void finish() {
    if (block_ != nullptr) tree_.finish(result_ + cols_.begin);
  }

 private:
  float* block_;
  float* result_;
  Range cols_;
  ColumnTree tree_;
};

struct Sums {
  GradientSum dweight, dbias;
};

class Backward {
 public:
  Backward(const Kernels& kernels, const NormSpec& spec, const NormBackward& args,
           const Executor& executor, RawSums* raw)
      : kernels_(kernels),
        norm_(spec.kind == NormKind::kLayerNorm ? kernels.layer_norm : kernels.rms_norm),
        executor_(executor),
        rows_(args.dy.rows),
        cols_(args.dy.cols),
        blocks_(ceil_div(rows_, kRowBlock)),
        dweight_(args.dweight),
        dbias_(args.dbias),
        args_{.x = static_cast<const float*>(args.x.data),
              .x_stride = args.x.stride,
              .dy = static_cast<const float*>(args.dy.data),
              .dy_stride = args.dy.stride,
              .weight = static_cast<const float*>(args.weight.data),
              .mean_hi = static_cast<const float*>(args.statistics.mean_hi),
              .mean_lo = static_cast<const float*>(args.statistics.mean_lo),
              .rstd = static_cast<const float*>(args.statistics.rstd),
              .dx = static_cast<float*>(args.dx.data),
              .dx_stride = args.dx.stride,
              .cols = cols_,
              .stream = args.dx.data != nullptr && streams(args.dx, 3),
              .raw = raw} {}

  void by_rows() {
    if (args_.dx == nullptr) return;
    deal(rows_, backward_grain(cols_), [&](Range rows) { sweep(rows, nullptr, nullptr); });
  }

  void by_blocks(int64_t parts, Arena& arena) {
    Sums* sums = arena.take<Sums>(parts);
    for (int64_t p = 0; p < parts; ++p) new (sums + p) Sums(take_sums(arena));
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

  void by_columns(int64_t parts, Arena& arena) {
    const RowMeans means{arena.take<float>(rows_), arena.take<float>(rows_)};
    const auto dweight = GradientSum::take(arena, dweight_, blocks_);
    const auto dbias = GradientSum::take(arena, dbias_, blocks_);
    if (args_.dx != nullptr) {
      deal(rows_, backward_grain(cols_), [&](Range rows) {
        norm_.backward_sums(args_, rows, {means.g + rows.begin, means.gx + rows.begin});
      });
    }
    const int64_t strips = ceil_div(cols_, kStrip);
    deal(strips, ceil_div(strips, parts), [&](Range some) {
      const Range cols{some.begin * kStrip, std::min(some.end * kStrip, cols_)};
      Sums sums{{kernels_.columns, dweight, dweight_, cols},
                {kernels_.columns, dbias, dbias_, cols}};
      sum_blocks({0, blocks_}, sums, [&](Range rows) {
        norm_.backward_sweep(args_, rows, cols, {means.g + rows.begin, means.gx + rows.begin},
                             sums.dweight.terms(), sums.dbias.terms());
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

  Sums take_sums(Arena& arena) const {
    const auto dweight = GradientSum::take(arena, dweight_, blocks_);
    const auto dbias = GradientSum::take(arena, dbias_, blocks_);
    const Range all{0, cols_};
    return {{kernels_.columns, dweight, dweight_, all}, {kernels_.columns, dbias, dbias_, all}};
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

  // dx of the rows, and their terms added to dweight and dbias, in one pass over x and dy.
  void sweep(Range rows, float* dweight, float* dbias) {
    const int64_t fit = kBatchElements / cols_ / kSweepRows * kSweepRows;
    const int64_t batch = std::clamp(fit, kSweepRows, kRowBlock);
    float g[kRowBlock], gx[kRowBlock];
    for (int64_t r = rows.begin; r < rows.end; r += batch) {
      const Range some{r, std::min(r + batch, rows.end)};
      if (args_.dx != nullptr) norm_.backward_sums(args_, some, {g, gx});
      norm_.backward_sweep(args_, some, {0, cols_}, {g, gx}, dweight, dbias);
    }
  }

  const Kernels& kernels_;
  const NormKernels& norm_;
  const Executor& executor_;
  const int64_t rows_, cols_, blocks_;
  const VectorView dweight_, dbias_;
  const BackwardArgs args_;
};

size_t workspace_of(const Cut& cut, const NormBackward& args) {
  const int64_t rows = args.dy.rows, blocks = ceil_div(rows, kRowBlock);
  Arena arena(nullptr);
  if (cut.scheme == Scheme::kRows) return 0;
  if (cut.scheme == Scheme::kBlocks) {
    arena.take<Sums>(cut.parts);
  } else {
    arena.take<float>(rows);
    arena.take<float>(rows);
  }
  const int64_t sums = cut.scheme == Scheme::kBlocks ? cut.parts : 1;
  for (int64_t p = 0; p < sums; ++p) {
    GradientSum::take(arena, args.dweight, blocks);
    GradientSum::take(arena, args.dbias, blocks);
  }
  return arena.used();
}

void store_zeros(const VectorView& gradient) {
  if (gradient.data != nullptr) {
    std::fill_n(static_cast<float*>(gradient.data), gradient.size, 0.0f);
  }
}

}  // namespace

size_t backward_workspace(const NormBackward& args, const Executor& executor) {
  if (args.dy.rows == 0 || args.dy.cols == 0) return 0;
  // The cut of one thread is what a smaller workspace falls back to, and it may need more.
  return std::max(workspace_of(choose_cut(args, executor), args),
                  workspace_of(choose_cut(args, serial_executor()), args));
}

void backward(const Kernels& kernels, const NormSpec& spec, const NormBackward& args,
              void* workspace, size_t bytes, const Executor& executor, RawSums* raw) {
  // The pool's threads set their own; this one also joins the sums of all threads.
  const DefaultFpEnvironment environment;
  if (args.dy.rows == 0 || args.dy.cols == 0) {
    store_zeros(args.dweight);
    return store_zeros(args.dbias);
  }
  Cut cut = choose_cut(args, executor);
  if (workspace_of(cut, args) > bytes) cut = choose_cut(args, serial_executor());
  Arena arena(workspace);
  Backward call(kernels, spec, args, executor, raw);
  switch (cut.scheme) {
    case Scheme::kRows:
      return call.by_rows();
    case Scheme::kBlocks:
      return call.by_blocks(cut.parts, arena);
    case Scheme::kColumns:
      return call.by_columns(cut.parts, arena);
  }
}

}  // namespace norma::cpu

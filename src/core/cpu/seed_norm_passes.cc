// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Forward, RMSNorm's own kernel runs between the two of SeeDNorm, a few rows at a time. Backward,
// rows are dealt freely, or in runs of blocks of 32 rows where there is a column sum.
#include "core/cpu/seed_norm_passes.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "core/cpu/cost.h"
#include "core/cpu/fused_kernels.h"
#include "core/cpu/gradient_sum.h"
#include "core/cpu/norms.h"
#include "core/cpu/scratch.h"
#include "core/fp_environment.h"

namespace norma::cpu {
namespace {

// Rows that are swept together, whose dot, sums and rstd stand on the stack meanwhile.
constexpr int64_t kMostRows = 64;
// Elements of x that they take, so that they are read from L1 or L2 again.
constexpr int64_t kElements = 4096;

int64_t rows_together(int64_t cols, int64_t most) {
  return std::clamp<int64_t>(kElements / cols, 1, most);
}

size_t index_of(DType dtype) { return static_cast<size_t>(dtype); }

bool has_column_sum(const SeedNormBackward& args) {
  return args.dalpha.data != nullptr || args.dbeta.data != nullptr || args.dgamma.data != nullptr;
}

int64_t threads_of(const SeedNormBackward& args, const Executor& executor) {
  const int64_t worth = args.dy.rows / backward_grain(args.dy.cols);
  const int64_t threads = worth < 2 ? 1 : std::min<int64_t>(worth, executor.threads(executor.self));
  return std::min(threads, ceil_div(args.dy.rows, kRowBlock));
}

struct Sums {
  GradientSum dalpha, dbeta, dgamma;
};

// Of one of alpha, beta and gamma as f32: their own memory, or the workspace's.
float* prepared(Scratch& scratch, const ConstVectorView& v) {
  return v.dtype == DType::kF32 ? nullptr : scratch.take<float>(v.size);
}

class Backward {
 public:
  Backward(const Kernels& kernels, const SeedNormBackward& args, Scratch& scratch,
           const Executor& executor)
      : kernels_(kernels),
        run_(kernels.fused->seed_norm),
        type_(index_of(args.dy.dtype)),
        given_(args),
        executor_(executor),
        rows_(args.dy.rows),
        blocks_(ceil_div(rows_, kRowBlock)),
        args_{.x = args.x.data,
              .x_stride = args.x.stride,
              .dy = args.dy.data,
              .dy_stride = args.dy.stride,
              .alpha = as_f32(scratch, args.alpha),
              .beta = as_f32(scratch, args.beta),
              .gamma = as_f32(scratch, args.gamma),
              .dot = static_cast<const float*>(args.dot),
              .rstd = static_cast<const float*>(args.rstd),
              .dx = args.dx.data,
              .dx_stride = args.dx.stride,
              .cols = args.dy.cols} {}

  void by_rows() {
    if (args_.dx == nullptr) return;
    const auto body = [&](int64_t begin, int64_t end) {
      const DefaultFpEnvironment environment;
      for (int64_t r = begin; r < end; r += kRowBlock) {
        sweep({r, std::min(r + kRowBlock, end)}, nullptr, nullptr, nullptr);
      }
    };
    const int64_t grain = backward_grain(args_.cols);
    rows_ <= grain ? body(0, rows_) : parallel_for(executor_, rows_, grain, body);
  }

  void by_blocks(int64_t parts, Scratch& scratch) {
    Sums* sums = scratch.take<Sums>(parts);
    for (int64_t p = 0; p < parts; ++p) {
      const auto sum = [&](const VectorView& v) {
        return GradientSum(kernels_, GradientSum::take(scratch, v, blocks_), v, {0, args_.cols});
      };
      new (sums + p) Sums{sum(given_.dalpha), sum(given_.dbeta), sum(given_.dgamma)};
    }
    const auto body = [&](int64_t begin, int64_t end) {
      const DefaultFpEnvironment environment;
      for (int64_t p = begin; p < end; ++p) {
        for (int64_t b = p * blocks_ / parts; b < (p + 1) * blocks_ / parts; ++b) {
          sum_block(b, sums[p]);
        }
      }
    };
    parts == 1 ? body(0, 1) : parallel_for(executor_, parts, 1, body);
    for (int64_t p = 1; p < parts; ++p) {
      sums->dalpha.append(sums[p].dalpha);
      sums->dbeta.append(sums[p].dbeta);
      sums->dgamma.append(sums[p].dgamma);
    }
    sums->dalpha.finish();
    sums->dbeta.finish();
    sums->dgamma.finish();
  }

 private:
  const float* as_f32(Scratch& scratch, const ConstVectorView& v) const {
    float* own = prepared(scratch, v);
    if (own == nullptr) return static_cast<const float*>(v.data);
    kernels_.parameters.of[index_of(v.dtype)].to_f32(v.data, own, v.size);
    return own;
  }

  // Of rows in one block.
  void sweep(Range rows, float* dalpha, float* dbeta, float* dgamma) const {
    SeedRow of_rows[kRowBlock];
    const int64_t together = rows_together(args_.cols, kRowBlock);
    for (int64_t r = rows.begin; r < rows.end; r += together) {
      const Range some{r, std::min(r + together, rows.end)};
      run_.sums[type_](args_, some, of_rows);
      run_.sweep[type_](args_, some, of_rows, dalpha, dbeta, dgamma);
    }
  }

  void sum_block(int64_t block, Sums& sums) const {
    for (GradientSum* each : {&sums.dalpha, &sums.dbeta, &sums.dgamma}) each->begin_block();
    sweep({block * kRowBlock, std::min(rows_, (block + 1) * kRowBlock)}, sums.dalpha.terms(),
          sums.dbeta.terms(), sums.dgamma.terms());
    for (GradientSum* each : {&sums.dalpha, &sums.dbeta, &sums.dgamma}) each->end_block(block);
  }

  const Kernels& kernels_;
  const SeedNormKernels& run_;
  const size_t type_;
  const SeedNormBackward& given_;
  const Executor& executor_;
  const int64_t rows_, blocks_;
  const SeedBackwardArgs args_;
};

size_t workspace_of(int64_t parts, const SeedNormBackward& args) {
  Scratch scratch(nullptr);
  for (const ConstVectorView& v : {args.alpha, args.beta, args.gamma}) prepared(scratch, v);
  if (!has_column_sum(args)) return scratch.used();
  scratch.take<Sums>(parts);
  const int64_t blocks = ceil_div(args.dy.rows, kRowBlock);
  for (int64_t p = 0; p < parts; ++p) {
    for (const VectorView& v : {args.dalpha, args.dbeta, args.dgamma}) {
      GradientSum::take(scratch, v, blocks);
    }
  }
  return scratch.used();
}

}  // namespace

void seed_norm_forward(const Kernels& kernels, const SeedNormForward& args,
                       const Executor& executor) {
  const int64_t rows = args.x.rows, cols = args.x.cols;
  float* const all_dots = static_cast<float*>(args.dot);
  float* const all_rstd = static_cast<float*>(args.rstd);
  if (cols == 0) {
    for (int64_t r = 0; all_dots != nullptr && r < rows; ++r) all_dots[r] = 0;
    for (int64_t r = 0; all_rstd != nullptr && r < rows; ++r) {
      all_rstd[r] = std::numeric_limits<float>::quiet_NaN();
    }
    return;
  }
  const size_t type = index_of(args.x.dtype);
  const SeedNormKernels& run = kernels.fused->seed_norm;
  const NormSpec spec{NormKind::kRmsNorm, args.eps};
  const NormKernels& norm = kernels_of(kernels, spec.kind, args.x.dtype);
  const auto body = [&](int64_t begin, int64_t end) {
    const DefaultFpEnvironment environment;
    const ForwardArgs of_norm =
        forward_args(spec, {args.x, {}, {}, args.y, {nullptr, nullptr, all_rstd}});
    const int64_t together = rows_together(cols, kMostRows);
    float dots[kMostRows];
    for (int64_t r = begin; r < end; r += together) {
      const int64_t count = std::min(together, end - r);
      const SeedForwardArgs seed{.x = args.x.data,
                                 .x_stride = args.x.stride,
                                 .y = args.y.data,
                                 .y_stride = args.y.stride,
                                 .alpha = args.alpha.data,
                                 .beta = args.beta.data,
                                 .gamma = args.gamma.data,
                                 .f32_parameters = args.alpha.dtype == DType::kF32,
                                 .cols = cols,
                                 .dot = all_dots == nullptr ? dots : all_dots + r};
      run.dots[type](seed, r, count);
      norm.forward(of_norm, {r, r + count});
      run.gains[type](seed, r, count);
    }
  };
  const int64_t grain = forward_grain(cols);
  rows <= grain ? body(0, rows) : parallel_for(executor, rows, grain, body);
}

size_t seed_norm_backward_workspace(const SeedNormBackward& args, const Executor& executor) {
  if (args.dy.rows == 0 || args.dy.cols == 0) return 0;
  return std::max(workspace_of(threads_of(args, executor), args), workspace_of(1, args));
}

void seed_norm_backward(const Kernels& kernels, const SeedNormBackward& args, void* workspace,
                        size_t bytes, const Executor& executor) {
  // The pool's threads set their own; this one also joins the sums of all threads.
  const DefaultFpEnvironment environment;
  if (args.dy.rows == 0 || args.dy.cols == 0) {
    for (const VectorView& v : {args.dalpha, args.dbeta, args.dgamma}) {
      // +0 in every type.
      if (v.data != nullptr) std::memset(v.data, 0, static_cast<size_t>(v.size) * size_of(v.dtype));
    }
    return;
  }
  int64_t parts = threads_of(args, executor);
  if (workspace_of(parts, args) > bytes) parts = 1;
  Scratch scratch(workspace);
  Backward call(kernels, args, scratch, executor);
  has_column_sum(args) ? call.by_blocks(parts, scratch) : call.by_rows();
}

}  // namespace norma::cpu

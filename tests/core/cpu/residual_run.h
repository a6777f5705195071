// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs a norm with its residual fused, on one target or by the specification, and says what the
// same work gives in parts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/core/cpu/kernel_run.h"
#include "tests/support/thinning.h"

namespace norma::test {

enum class InPlace { kNone, kSumIsX, kSumIsResidual, kSumIsXAndYIsResidual, kSumIsResidualAndYIsX };

struct ResidualProblem {
  Problem norm;                 // x is what the residual is added to
  std::vector<float> residual;  // dense, as dsum
  std::vector<float> dsum;      // empty: absent
  float scale;
};

// The problem of a norm with a residual of its types.
inline ResidualProblem with_residual(const Problem& p, float scale, bool with_dsum,
                                     uint64_t seed = 17) {
  ResidualProblem all{p, normal_values(p.rows * p.cols, seed, 2, 1), {}, scale};
  if (with_dsum) all.dsum = normal_values(p.rows * p.cols, seed + 1);
  round_to(&all.residual, p.types.rows);
  round_to(&all.dsum, p.types.rows);
  return all;
}

struct FusedResults {
  std::vector<float> sum, dresidual;
  Results norm;  // without the raw sums
};

// What two calls give: values rounded one at a time, and the specification of the norm alone.
inline FusedResults in_parts(const ResidualProblem& p) {
  Problem norm = p.norm;
  const DType type = norm.types.rows;
  for (size_t i = 0; i < norm.x.size(); ++i) {
    const float product = p.scale * p.residual[i];
    norm.x[i] = ref::rounded(norm.x[i] + product, type);
  }
  FusedResults out{norm.x, {}, specified(norm)};
  for (size_t i = 0; i < out.norm.dx.size(); ++i) {
    float& dx = out.norm.dx[i];
    if (!p.dsum.empty()) dx = ref::rounded(dx + p.dsum[i], type);
    out.dresidual.push_back(ref::rounded(p.scale * dx, type));
  }
  return out;
}

struct FusedWay {
  Way way = {};  // in_place: dx is dy
  InPlace form = InPlace::kNone;
  int64_t input_stride = 0;  // of what lies in no output's memory; 0: way.stride
};

// kernels: null for the specification.
inline FusedResults fused(const cpu::Kernels* kernels, const ResidualProblem& all,
                          const FusedWay& how) {
  const Problem& p = all.norm;
  const Way& way = how.way;
  const InPlace form = how.form;
  const bool has_hi = saves_mean_hi(p.spec.kind), has_lo = saves_mean_lo(p.spec.kind);
  const auto memory = [&](const std::vector<float>& values, int64_t tensor, bool is_input) {
    // 32: a line of the narrowest elements.
    const int64_t offset = way.aligned && !is_input ? 0 : way.offset * tensor % 32;
    const int64_t stride = is_input && how.input_stride != 0 ? how.input_stride : way.stride;
    PaddedRows rows(p.rows, p.cols, stride, offset, p.types.rows);
    if (!values.empty()) rows.assign(values);
    return rows;
  };
  const bool apart = form == InPlace::kNone;
  PaddedRows x = memory(p.x, 1, apart), residual = memory(all.residual, 2, apart),
             sum_memory = memory({}, 3, false), y_memory = memory({}, 5, false),
             dy = memory(p.dy, 4, !way.in_place), dsum = memory(all.dsum, 6, true),
             dx_memory = memory({}, 7, false), dresidual = memory({}, 9, false);
  PaddedRows& sum = form == InPlace::kSumIsX || form == InPlace::kSumIsXAndYIsResidual ? x
                    : apart                                                            ? sum_memory
                                                                                       : residual;
  PaddedRows& y = form == InPlace::kSumIsXAndYIsResidual   ? residual
                  : form == InPlace::kSumIsResidualAndYIsX ? x
                                                           : y_memory;
  PaddedRows& dx = way.in_place ? dy : dx_memory;
  PaddedRows weight(1, p.weights(), 0, way.offset % 32, p.types.parameters),
      bias(1, p.cols, 0, way.offset % 32, p.types.parameters),
      dweight(1, p.weights(), 0, way.offset * 3 % 32, p.types.gradients),
      dbias(1, p.cols, 0, way.offset * 3 % 32, p.types.gradients), hi(1, p.rows), lo = hi,
                                                                                  rstd = hi;
  if (!p.weight.empty()) weight.assign(p.weight);
  if (!p.bias.empty()) bias.assign(p.bias);
  const ConstVectorView weight_view{p.weight.empty() ? nullptr : weight.data(), p.types.parameters,
                                    p.weights()};
  const NormForward forward{
      x.view(),
      weight_view,
      {p.bias.empty() ? nullptr : bias.data(), p.types.parameters, p.cols},
      y.view(),
      {has_hi ? hi.data() : nullptr, has_lo ? lo.data() : nullptr, rstd.data()},
      residual.view(),
      sum.view(),
      all.scale};
  const NormBackward backward{sum.view(),
                              dy.view(),
                              weight_view,
                              {forward.statistics.mean_hi, forward.statistics.mean_lo, rstd.data()},
                              dx.view(),
                              {dweight.data(), p.types.gradients, p.weights()},
                              {dbias.data(), p.types.gradients, p.cols},
                              all.dsum.empty() ? RowsView() : dsum.view(),
                              dresidual.view(),
                              all.scale};
  FusedResults out;
  {
    const Surroundings surroundings(way);
    const Executor inner = std_thread_executor(way.threads);
    const Executor executor = way.row_at_a_time ? row_at_a_time(inner) : inner;
    const Implementation& reference = implementations().back();
    if (kernels == nullptr) {
      reference.forward(p.spec, forward, executor);
      out.norm.y = y.dense();
      reference.backward(p.spec, backward, nullptr, 0, executor);
    } else {
      cpu::forward(*kernels, p.spec, forward, executor, nullptr);
      out.norm.y = y.dense();
      const size_t bytes = cpu::backward_workspace(p.spec, backward, executor);
      std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 1);
      cpu::backward(*kernels, p.spec, backward, workspace.data(), bytes, executor, nullptr);
    }
  }
  out.sum = sum.dense();
  out.dresidual = dresidual.dense();
  if (has_hi) out.norm.mean_hi = hi.dense();
  if (has_lo) out.norm.mean_lo = lo.dense();
  out.norm.rstd = rstd.dense();
  out.norm.dx = dx.dense();
  out.norm.dweight = dweight.dense();
  out.norm.dbias = dbias.dense();
  for (const PaddedRows* each : {&x, &residual, &sum_memory, &y_memory, &dy, &dsum, &dx_memory,
                                 &dresidual, &weight, &bias, &dweight, &dbias, &hi, &lo, &rstd}) {
    EXPECT_TRUE(each->padding_is_untouched());
  }
  return out;
}

// Every target and the specification's own fused pass have the bits of the parts.
inline testing::AssertionResult fused_is_its_parts(const ResidualProblem& p,
                                                   const std::vector<FusedWay>& ways) {
  if (left_to_release()) return testing::AssertionSuccess();
  const FusedResults want = in_parts(p);
  std::vector<const cpu::Kernels*> all = kernels_of(p.norm.types.rows);
  all.push_back(nullptr);
  for (const cpu::Kernels* kernels : all) {
    for (const FusedWay& how : ways) {
      const FusedResults got = fused(kernels, p, how);
      auto same = same_bits(got.sum.data(), want.sum.data(), want.sum.size());
      if (same) same = same_bits(got.dresidual.data(), want.dresidual.data(), want.sum.size());
      if (same) same = same_results(got.norm, want.norm);
      if (!same || testing::Test::HasFailure()) {
        return testing::AssertionFailure()
               << name_of(p.norm.spec.kind) << " " << (kernels == nullptr ? "ref" : kernels->name)
               << " [" << p.norm.rows << ", " << p.norm.cols << "] " << p.norm.types.text()
               << " plus one " << p.norm.spec.weight_plus_one << " rounded "
               << p.norm.spec.round_before_weight << " scale " << p.scale << " dsum "
               << !p.dsum.empty() << " in place " << static_cast<int>(how.form) << " input stride "
               << how.input_stride << ", " << how.way.text() << ": " << same.message();
      }
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test

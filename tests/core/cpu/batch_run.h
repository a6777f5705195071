// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs BatchNorm's kernels of one target in any of the ways that must not show in the results.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "core/cpu/batch_norms.h"
#include "tests/core/batch_problem.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/support/thinning.h"

namespace norma::test {

// Beside the values of Absent.
enum AbsentRunning : unsigned { kRunningMean = 64, kRunningVar = 128 };

// Memory of one run: NaN around and between everything. Of a Way it knows stride, offset, in_place,
// threads, row_at_a_time, grain, absent and rounding.
class BatchRun {
 public:
  BatchRun(const BatchProblem& p, const Way& way)
      : p_(p),
        way_(way),
        inner_(std_thread_executor(way.threads)),
        outer_(way.row_at_a_time ? row_at_a_time(inner_) : inner_),
        x_(matrix(1)),
        dy_(matrix(2)),
        y_(matrix(3)),
        dx_(matrix(5)),
        weight_(vector(4, p.types.parameters)),
        bias_(vector(6, p.types.parameters)),
        dweight_(vector(7, p.types.gradients)),
        dbias_(vector(8, p.types.gradients)),
        hi_(vector(9)),
        lo_(vector(10)),
        rstd_(vector(11)),
        mean_(vector(12)),
        var_(vector(13)) {}

  void forward(const cpu::Kernels& kernels, BatchResults* r) {
    fill_inputs();
    Surroundings surroundings(way_);
    PaddedRows& y = way_.in_place ? x_ : y_;
    const BatchNormForward args{
        x_.view(),
        p_.mask_data(),
        parameter(weight_, p_.weight),
        parameter(bias_, p_.bias),
        y.view(),
        given(mean_, kRunningMean),
        given(var_, kRunningVar),
        {pointer(hi_, kMeanHi), pointer(lo_, kMeanLo), pointer(rstd_, kRstd)}};
    in_workspace(cpu::batch_norm_forward_workspace(p_.spec, args), [&](void* workspace) {
      cpu::batch_norm_forward(kernels, p_.spec, args, workspace, outer_);
    });
    surroundings.end();
    r->y = y.dense();
    r->mean_hi = flat(hi_, absent(kMeanHi));
    r->mean_lo = flat(lo_, absent(kMeanLo));
    r->rstd = flat(rstd_, absent(kRstd));
    r->running_mean = flat(mean_, absent(kRunningMean));
    r->running_var = flat(var_, absent(kRunningVar));
    if (!way_.in_place) expect_same_input(x_, p_.x);
    expect_padding();
  }

  // With the statistics of the specification, so that a fault of the forward pass stays there.
  void backward(const cpu::Kernels& kernels, const BatchResults& want, BatchResults* r) {
    fill_inputs();
    hi_.assign(want.mean_hi);
    lo_.assign(want.mean_lo);
    rstd_.assign(want.rstd);
    Surroundings surroundings(way_);
    PaddedRows& dx = way_.in_place ? dy_ : dx_;
    const BatchNormBackward args{x_.view(),
                                 dy_.view(),
                                 p_.mask_data(),
                                 parameter(weight_, p_.weight),
                                 {hi_.row(0), lo_.row(0), rstd_.row(0)},
                                 absent(kDx) ? RowsView() : dx.view(),
                                 given(dweight_, kDweight, p_.types.gradients),
                                 given(dbias_, kDbias, p_.types.gradients)};
    in_workspace(cpu::batch_norm_backward_workspace(p_.spec, args), [&](void* workspace) {
      cpu::batch_norm_backward(kernels, p_.spec, args, workspace, outer_);
    });
    surroundings.end();
    r->dx = flat(dx, absent(kDx));
    r->dweight = flat(dweight_, absent(kDweight));
    r->dbias = flat(dbias_, absent(kDbias));
    expect_same_input(x_, p_.x);
    if (!way_.in_place) expect_same_input(dy_, p_.dy);
    expect_padding();
  }

 private:
  int64_t at(int64_t tensor) const { return (way_.offset * tensor) % 16; }
  PaddedRows matrix(int64_t tensor) const {
    return {p_.rows, p_.cols, way_.stride, at(tensor), p_.types.rows};
  }
  PaddedRows vector(int64_t tensor, DType dtype = DType::kF32) const {
    return {1, p_.cols, 0, at(tensor), dtype};
  }
  bool absent(unsigned what) const { return (way_.absent & what) != 0; }
  ConstVectorView parameter(const PaddedRows& memory, const std::vector<float>& values) const {
    return {values.empty() ? nullptr : memory.data(), p_.types.parameters, p_.cols};
  }
  void* pointer(PaddedRows& memory, unsigned what) {
    return absent(what) ? nullptr : memory.data();
  }
  VectorView given(PaddedRows& memory, unsigned what, DType dtype = DType::kF32) {
    return {pointer(memory, what), dtype, p_.cols};
  }
  template <typename Call>
  static void in_workspace(size_t bytes, const Call& call) {
    std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 1);
    std::memset(workspace.data(), 0xFF, workspace.size() * sizeof(NormCase::Line));  // NaN
    call(workspace.data());
    const char* end = reinterpret_cast<const char*>(workspace.data()) + bytes;
    for (int i = 0; i < 64; ++i) EXPECT_EQ(static_cast<unsigned char>(end[i]), 0xFF) << "workspace";
  }
  void fill_inputs() {
    x_.assign(p_.x);
    dy_.assign(p_.dy);
    if (!p_.weight.empty()) weight_.assign(p_.weight);
    if (!p_.bias.empty()) bias_.assign(p_.bias);
    mean_.assign(p_.running_mean);
    var_.assign(p_.running_var);
  }
  static void expect_same_input(const PaddedRows& rows, const std::vector<float>& want) {
    const std::vector<float> now = rows.dense();
    EXPECT_EQ(std::memcmp(now.data(), want.data(), now.size() * sizeof(float)), 0) << "input";
  }
  void expect_padding() const {
    for (const PaddedRows* each : {&x_, &dy_, &y_, &dx_, &weight_, &bias_, &dweight_, &dbias_, &hi_,
                                   &lo_, &rstd_, &mean_, &var_}) {
      EXPECT_TRUE(each->padding_is_untouched()) << "written outside of an argument";
    }
  }

  const BatchProblem& p_;
  const Way way_;
  const Executor inner_, outer_;
  PaddedRows x_, dy_, y_, dx_, weight_, bias_, dweight_, dbias_, hi_, lo_, rstd_, mean_, var_;
};

inline BatchResults run_kernels(const cpu::Kernels& kernels, const BatchProblem& p,
                                const BatchResults& want, const Way& way) {
  BatchResults r;
  BatchRun(p, way).forward(kernels, &r);
  BatchRun(p, way).backward(kernels, want, &r);
  return r;
}

// Every target, in every way, has the bits of the scalar specification.
inline testing::AssertionResult has_specified_bits(const BatchProblem& p,
                                                   const std::vector<Way>& ways) {
  if (left_to_release()) return testing::AssertionSuccess();
  static const std::vector<const cpu::Kernels*> all = all_kernels();
  const BatchResults want = specified(p);
  for (const cpu::Kernels* kernels : all) {
    for (const Way& way : ways) {
      const auto same = same_results(run_kernels(*kernels, p, want, way), want);
      if (!same || testing::Test::HasFailure()) {
        return testing::AssertionFailure()
               << kernels->name << (p.spec.training ? " training [" : " evaluation [") << p.rows
               << ", " << p.cols << "] " << p.types.text() << " eps " << p.spec.eps << " mask "
               << !p.mask.empty()
               << " weight " << !p.weight.empty() << " bias " << !p.bias.empty() << ", "
               << way.text() << ": " << same.message();
      }
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test

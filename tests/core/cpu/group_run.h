// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs GroupNorm's kernels of one target in any of the ways that must not show in the results.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "core/cpu/group_norms.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/group_problem.h"
#include "tests/support/thinning.h"

namespace norma::test {

// Memory of one run: NaN around everything. Of a Way it knows offset, in_place, threads,
// row_at_a_time, grain, absent and rounding.
class GroupRun {
 public:
  GroupRun(const GroupProblem& p, const Way& way, bool least_workspace)
      : p_(p),
        way_(way),
        least_(least_workspace),
        inner_(std_thread_executor(way.threads)),
        outer_(way.row_at_a_time ? row_at_a_time(inner_) : inner_),
        x_(memory(p.size(), 1, p.types.rows)),
        dy_(memory(p.size(), 2, p.types.rows)),
        y_(memory(p.size(), 3, p.types.rows)),
        dx_(memory(p.size(), 5, p.types.rows)),
        weight_(memory(p.channels, 4, p.types.parameters)),
        bias_(memory(p.channels, 6, p.types.parameters)),
        dweight_(memory(p.channels, 7, p.types.gradients)),
        dbias_(memory(p.channels, 8, p.types.gradients)),
        hi_(memory(p.groups(), 9)),
        lo_(memory(p.groups(), 10)),
        rstd_(memory(p.groups(), 11)) {}

  void forward(const cpu::Kernels& kernels, GroupResults* r) {
    fill_inputs();
    Surroundings surroundings(way_);
    PaddedRows& y = way_.in_place ? x_ : y_;
    const GroupNormForward args{
        images(x_),
        parameter(weight_, p_.weight),
        parameter(bias_, p_.bias),
        images(y),
        {pointer(hi_, kMeanHi), pointer(lo_, kMeanLo), pointer(rstd_, kRstd)}};
    in_workspace(cpu::group_norm_forward_workspace(p_.spec, args, executor_of_size()),
                 [&](void* workspace, size_t bytes) {
                   cpu::group_norm_forward(kernels, p_.spec, args, workspace, bytes, outer_);
                 });
    surroundings.end();
    r->y = y.dense();
    r->mean_hi = flat(hi_, absent(kMeanHi));
    r->mean_lo = flat(lo_, absent(kMeanLo));
    r->rstd = flat(rstd_, absent(kRstd));
    if (!way_.in_place) expect_same_input(x_, p_.x);
    expect_padding();
  }

  // With the statistics of the specification, so that a fault of the forward pass stays there.
  void backward(const cpu::Kernels& kernels, const GroupResults& want, GroupResults* r) {
    fill_inputs();
    hi_.assign(want.mean_hi);
    lo_.assign(want.mean_lo);
    rstd_.assign(want.rstd);
    Surroundings surroundings(way_);
    PaddedRows& dx = way_.in_place ? dy_ : dx_;
    const GroupNormBackward args{images(x_),
                                 images(dy_),
                                 parameter(weight_, p_.weight),
                                 {hi_.row(0), lo_.row(0), rstd_.row(0)},
                                 absent(kDx) ? ImagesView() : images(dx),
                                 {pointer(dweight_, kDweight), p_.types.gradients, p_.channels},
                                 {pointer(dbias_, kDbias), p_.types.gradients, p_.channels}};
    in_workspace(cpu::group_norm_backward_workspace(p_.spec, args, executor_of_size()),
                 [&](void* workspace, size_t bytes) {
                   cpu::group_norm_backward(kernels, p_.spec, args, workspace, bytes, outer_);
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
  PaddedRows memory(int64_t size, int64_t tensor, DType dtype = DType::kF32) const {
    return {1, size, 0, (way_.offset * tensor) % 16, dtype};
  }
  const Executor& executor_of_size() const { return least_ ? serial_executor() : outer_; }
  bool absent(unsigned what) const { return (way_.absent & what) != 0; }
  ImagesView images(PaddedRows& memory) const { return p_.view(memory.data()); }
  ConstVectorView parameter(const PaddedRows& memory, const std::vector<float>& values) const {
    return {values.empty() ? nullptr : memory.data(), p_.types.parameters, p_.channels};
  }
  void* pointer(PaddedRows& memory, unsigned what) {
    return absent(what) ? nullptr : memory.data();
  }
  template <typename Call>
  static void in_workspace(size_t bytes, const Call& call) {
    std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 1);
    std::memset(workspace.data(), 0xFF, workspace.size() * sizeof(NormCase::Line));  // NaN
    call(workspace.data(), bytes);
    const char* end = reinterpret_cast<const char*>(workspace.data()) + bytes;
    for (int i = 0; i < 64; ++i) EXPECT_EQ(static_cast<unsigned char>(end[i]), 0xFF) << "workspace";
  }
  void fill_inputs() {
    x_.assign(p_.x);
    dy_.assign(p_.dy);
    if (!p_.weight.empty()) weight_.assign(p_.weight);
    if (!p_.bias.empty()) bias_.assign(p_.bias);
  }
  static void expect_same_input(const PaddedRows& rows, const std::vector<float>& want) {
    const std::vector<float> now = rows.dense();
    EXPECT_EQ(std::memcmp(now.data(), want.data(), now.size() * sizeof(float)), 0) << "input";
  }
  void expect_padding() const {
    for (const PaddedRows* each :
         {&x_, &dy_, &y_, &dx_, &weight_, &bias_, &dweight_, &dbias_, &hi_, &lo_, &rstd_}) {
      EXPECT_TRUE(each->padding_is_untouched()) << "written outside of an argument";
    }
  }

  const GroupProblem& p_;
  const Way way_;
  const bool least_;
  const Executor inner_, outer_;
  PaddedRows x_, dy_, y_, dx_, weight_, bias_, dweight_, dbias_, hi_, lo_, rstd_;
};

inline GroupResults run_kernels(const cpu::Kernels& kernels, const GroupProblem& p,
                                const GroupResults& want, const Way& way,
                                bool least_workspace = false) {
  GroupResults r;
  GroupRun(p, way, least_workspace).forward(kernels, &r);
  GroupRun(p, way, least_workspace).backward(kernels, want, &r);
  return r;
}

// Every target, in every way, has the bits of the scalar specification.
inline testing::AssertionResult has_specified_bits(const GroupProblem& p,
                                                   const std::vector<Way>& ways) {
  if (left_to_release()) return testing::AssertionSuccess();
  static const std::vector<const cpu::Kernels*> all = all_kernels();
  const GroupResults want = specified(p);
  for (const cpu::Kernels* kernels : all) {
    for (const Way& way : ways) {
      const auto same = same_results(run_kernels(*kernels, p, want, way), want);
      if (!same || testing::Test::HasFailure()) {
        return testing::AssertionFailure()
               << kernels->name << (p.layout == Layout::kNchw ? " nchw [" : " nhwc [") << p.samples
               << ", " << p.channels << ", " << p.positions << "] " << p.types.text() << " groups "
               << p.spec.groups
               << " eps " << p.spec.eps << " weight " << !p.weight.empty() << " bias "
               << !p.bias.empty() << ", " << way.text() << ": " << same.message();
      }
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs a pointwise function's kernels of one target in any of the ways that must not show.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "core/cpu/pointwise.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/pointwise_problem.h"
#include "tests/support/thinning.h"

namespace norma::test {

// Beside Absent's kDx, kDweight and kDbias.
enum : unsigned { kDalpha = 64, kDshift = 128 };

// Memory of one run: NaN around and between everything.
class PointwiseRun {
 public:
  PointwiseRun(const PointwiseProblem& p, const Way& way)
      : p_(p), way_(way), inner_(std_thread_executor(way.threads)),
        outer_(way.row_at_a_time ? row_at_a_time(inner_) : inner_),
        x_(input(1)), dy_(input(2)), y_(output(3)), dx_(output(5)),
        weight_(1, p.cols, 0, at(4), p.types.parameters),
        bias_(1, p.cols, 0, at(6), p.types.parameters),
        dweight_(1, p.cols, 0, at(7), p.types.gradients),
        dbias_(1, p.cols, 0, at(8), p.types.gradients), dalpha_(1, 1, 0, at(9)),
        dshift_(1, 1, 0, at(10)) {}

  void forward(const cpu::Kernels& kernels, PointwiseResults* r) {
    fill_inputs();
    Surroundings surroundings(way_);
    PaddedRows& y = way_.in_place ? x_ : y_;
    cpu::pointwise_forward(
        kernels, p_.spec,
        {rows_of(x_), parameter(weight_, p_.weight), parameter(bias_, p_.bias), y.view()}, outer_);
    surroundings.end();
    r->y = y.dense();
    if (!way_.in_place) expect_same_input(x_, p_.x);
    expect_padding();
  }

  // least: only the workspace that one thread needs.
  void backward(const cpu::Kernels& kernels, PointwiseResults* r, bool least = false) {
    fill_inputs();
    Surroundings surroundings(way_);
    PaddedRows& dx = way_.in_place ? dy_ : dx_;
    const PointwiseBackward args{rows_of(x_),
                                 rows_of(dy_),
                                 parameter(weight_, p_.weight),
                                 absent(kDx) ? RowsView() : dx.view(),
                                 {pointer(dweight_, kDweight), p_.types.gradients, p_.cols},
                                 {pointer(dbias_, kDbias), p_.types.gradients, p_.cols},
                                 pointer(dalpha_, kDalpha),
                                 has_shift() ? pointer(dshift_, kDshift) : nullptr};
    const size_t bytes =
        cpu::pointwise_backward_workspace(args, least ? serial_executor() : outer_);
    std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 1);
    std::memset(workspace.data(), 0xA5, workspace.size() * sizeof(NormCase::Line));
    cpu::pointwise_backward(kernels, p_.spec, args, workspace.data(), bytes, outer_);
    const char* end = reinterpret_cast<const char*>(workspace.data()) + bytes;
    for (int i = 0; i < 64; ++i) EXPECT_EQ(static_cast<unsigned char>(end[i]), 0xA5) << "workspace";
    surroundings.end();
    r->dx = flat(dx, absent(kDx));
    r->dweight = flat(dweight_, absent(kDweight));
    r->dbias = flat(dbias_, absent(kDbias));
    r->dalpha = flat(dalpha_, absent(kDalpha));
    r->dshift = flat(dshift_, !has_shift() || absent(kDshift));
    expect_same_input(x_, p_.x);
    if (!way_.in_place) expect_same_input(dy_, p_.dy);
    expect_padding();
  }

 private:
  bool has_shift() const { return p_.spec.kind == PointwiseKind::kDerf; }
  bool absent(unsigned what) const { return (way_.absent & what) != 0; }
  int64_t at(int64_t tensor) const { return (way_.offset * tensor) % 16; }
  PaddedRows input(int64_t tensor) const {
    return {way_.one_row ? 1 : p_.rows, p_.cols, way_.stride, at(tensor), p_.types.rows};
  }
  PaddedRows output(int64_t tensor) const {
    return {p_.rows, p_.cols, way_.stride, way_.aligned ? 0 : at(tensor), p_.types.rows};
  }
  ConstRowsView rows_of(PaddedRows& rows) const {
    RowsView view = rows.view();
    view.rows = p_.rows;
    if (way_.one_row) view.stride = 0;
    return view;
  }
  ConstVectorView parameter(const PaddedRows& memory, const std::vector<float>& values) const {
    return {values.empty() ? nullptr : memory.data(), p_.types.parameters, p_.cols};
  }
  void* pointer(PaddedRows& memory, unsigned what) {
    return absent(what) ? nullptr : memory.data();
  }
  void fill_inputs() {
    x_.assign(p_.x);
    dy_.assign(p_.dy);
    if (!p_.weight.empty()) weight_.assign(p_.weight);
    if (!p_.bias.empty()) bias_.assign(p_.bias);
  }
  void expect_same_input(const PaddedRows& rows, const std::vector<float>& want) const {
    const std::vector<float> now = rows.dense();
    EXPECT_EQ(std::memcmp(now.data(), want.data(), now.size() * sizeof(float)), 0) << "input";
  }
  void expect_padding() const {
    for (const PaddedRows* each :
         {&x_, &dy_, &y_, &dx_, &weight_, &bias_, &dweight_, &dbias_, &dalpha_,
          &dshift_}) {
      EXPECT_TRUE(each->padding_is_untouched()) << "written outside of the rows";
    }
  }

  const PointwiseProblem& p_;
  const Way way_;
  const Executor inner_, outer_;
  PaddedRows x_, dy_, y_, dx_, weight_, bias_, dweight_, dbias_, dalpha_, dshift_;
};

inline PointwiseResults run_kernels(const cpu::Kernels& kernels, const PointwiseProblem& p,
                                    const Way& way, bool least = false) {
  PointwiseResults r;
  PointwiseRun(p, way).forward(kernels, &r);
  PointwiseRun(p, way).backward(kernels, &r, least);
  return r;
}

// Every target, in every way, has the bits of the scalar specification.
inline testing::AssertionResult has_specified_bits(const PointwiseProblem& p,
                                                   const std::vector<Way>& ways) {
  if (left_to_release()) return testing::AssertionSuccess();
  static const std::vector<const cpu::Kernels*> all = all_kernels();
  const PointwiseResults want = specified(p);
  for (const cpu::Kernels* kernels : all) {
    for (const Way& way : ways) {
      const auto same = same_results(run_kernels(*kernels, p, way), want);
      if (!same || testing::Test::HasFailure()) {
        return testing::AssertionFailure()
               << name_of(p.spec.kind) << " " << kernels->name << " [" << p.rows << ", " << p.cols
               << "] " << p.types.text() << " alpha " << p.spec.alpha << " shift " << p.spec.shift
               << " weight " << !p.weight.empty() << " bias " << !p.bias.empty() << ", "
               << way.text() << ": " << same.message();
      }
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test

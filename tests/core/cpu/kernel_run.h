// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs the kernels of one target in any of the ways that must not show in the results.
#pragma once

#include <cfenv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/cpu/cost.h"
#include "core/cpu/norms.h"
#include "core/cpu/targets.h"
#include "core/plan/implementations.h"
#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"
#include "tests/support/fp_control.h"
#include "tests/support/thinning.h"

namespace norma::test {

enum Absent : unsigned { kMeanHi = 1, kMeanLo = 2, kRstd = 4, kDx = 8, kDweight = 16, kDbias = 32 };

struct Way {
  int64_t stride = 0;        // 0: cols
  int64_t offset = 0;        // floats past a 64-byte boundary; the other tensors get others
  bool aligned = false;      // y and dx on the boundary whatever the offset
  bool in_place = false;     // y is x, dx is dy
  bool one_row = false;      // x and dy have stride 0. REQUIRES: their rows are equal
  int threads = 1;
  bool row_at_a_time = false;  // the executor cuts its ranges into single rows
  int64_t grain = 0;           // 0: by cost
  int64_t stream_bytes = 0;    // 0: by the caches
  int of_rows = 0;             // forward: a kernel's way to work on rows; 0: by the caches
  unsigned absent = 0;         // of Absent
  int rounding = -1;           // the caller's; -1: as it is
  bool flush = false;          // the caller takes subnormal numbers for 0, operands and results

  std::string text() const {
    return "stride " + std::to_string(stride) + " offset " + std::to_string(offset) + " in_place " +
           std::to_string(in_place) + " threads " + std::to_string(threads) + " row_at_a_time " +
           std::to_string(row_at_a_time) + " grain " + std::to_string(grain) + " stream_bytes " +
           std::to_string(stream_bytes) + " of_rows " + std::to_string(of_rows) + " absent " +
           std::to_string(absent) + " rounding " + std::to_string(rounding) + " flush " +
           std::to_string(flush);
  }
};

// Passes on to the std::thread executor `self`, one item a range.
inline Executor row_at_a_time(const Executor& inner) {
  return {[](void* self, int64_t count, int64_t, Executor::Body body, void* context) {
            parallel_for(*static_cast<const Executor*>(self), count, 1,
                         [&](int64_t begin, int64_t end) {
                           for (int64_t i = begin; i < end; ++i) body(context, i, i + 1);
                         });
          },
          [](void* self) {
            const auto* executor = static_cast<const Executor*>(self);
            return executor->threads(executor->self);
          },
          const_cast<Executor*>(&inner)};
}

// What surrounds a call of the kernels.
class Surroundings {
 public:
  explicit Surroundings(const Way& way) {
    cpu::force_grain(way.grain);
    cpu::force_stream_bytes(way.stream_bytes);
    cpu::force_way(way.of_rows);
    std::fegetenv(&before_);
    if (way.rounding >= 0) std::fesetround(way.rounding);
    if (way.flush) set_fp_bits(kFlushToZero | kDenormalsAreZero);
    set_ = fp_control();
  }
  ~Surroundings() { end(); }
  // Before the test works with what the call has left, such as subnormal numbers.
  void end() {
    if (ended_) return;
    ended_ = true;
    EXPECT_EQ(fp_control(), set_) << "the caller's environment is not put back";
    std::fesetenv(&before_);
    cpu::force_grain(0);
    cpu::force_stream_bytes(0);
    cpu::force_way(0);
  }

 private:
  std::fenv_t before_;
  uint32_t set_;
  bool ended_ = false;
};

// A caller of another rounding, and one who flushes: the bits must be those of the default.
inline std::vector<Way> ways_of_environments() {
  std::vector<Way> ways;
  for (const int threads : {1, 3}) {
    const int64_t grain = threads > 1;
    for (const int rounding : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      ways.push_back({.threads = threads, .grain = grain, .rounding = rounding});
    }
    ways.push_back({.threads = threads, .grain = grain, .flush = true});
    ways.push_back({.threads = threads, .grain = grain, .rounding = FE_UPWARD, .flush = true});
  }
  return ways;
}

// Some columns of x that are subnormal, and others of dy: who flushes them changes the results.
inline void make_columns_subnormal(int64_t cols, std::vector<float>* x, std::vector<float>* dy) {
  for (size_t i = 0; i < x->size(); ++i) {
    const int64_t column = static_cast<int64_t>(i) % cols;
    if (column % 4 == 1) (*x)[i] *= 0x1p-130f;
    if (column % 4 == 2) (*dy)[i] *= 0x1p-130f;
  }
}
// Of two rows of three.
inline void make_rows_subnormal(int64_t cols, std::vector<float>* x, std::vector<float>* dy) {
  for (size_t i = 0; i < x->size(); ++i) {
    const int64_t row = static_cast<int64_t>(i) / cols;
    if (row % 3 == 0) (*x)[i] *= 0x1p-130f;
    if (row % 3 == 1 || x->size() == static_cast<size_t>(cols)) (*dy)[i] *= 0x1p-130f;
  }
}

// The target that is avx512 but for row norms of bf16.
inline bool is_for_bf16(const cpu::Kernels* kernels) {
  return kernels->name == std::string_view("avx512_bf16");
}

// The kernels of every target that this machine has. Each says what it is.
inline std::vector<const cpu::Kernels*> all_targets() {
  const cpu::Kernels* active = cpu::active_kernels();
  std::vector<const cpu::Kernels*> all;
  for (const std::string& name : cpu::available_targets()) {
    EXPECT_TRUE(cpu::force_target(name).ok());
    all.push_back(cpu::active_kernels());
    EXPECT_EQ(all.back()->name, name);
    EXPECT_EQ(all.back()->lanes, name.starts_with("avx512") ? 16 : name == "avx2" ? 8 : 4);
  }
  if (active != nullptr) {
    EXPECT_TRUE(cpu::force_target(active->name).ok());
  }
  return all;
}
// Of every instruction set.
inline std::vector<const cpu::Kernels*> all_kernels() {
  std::vector<const cpu::Kernels*> all = all_targets();
  std::erase_if(all, is_for_bf16);
  return all;
}
// Those that differ in the row norms of this type.
inline const std::vector<const cpu::Kernels*>& kernels_of(DType rows) {
  static const std::vector<const cpu::Kernels*> targets = all_targets(), others = all_kernels();
  return rows == DType::kBF16 ? targets : others;
}

inline std::vector<float> flat(const PaddedRows& rows, bool absent) {
  return absent ? std::vector<float>() : rows.dense();
}

// Memory of one run: NaN around and between everything.
class KernelRun {
 public:
  KernelRun(const Problem& p, const Way& way)
      : p_(p), way_(way), inner_(std_thread_executor(way.threads)),
        outer_(way.row_at_a_time ? row_at_a_time(inner_) : inner_),
        x_(input(1)), dy_(input(2)), y_(output(3)), dx_(output(5)),
        weight_(1, p.weights(), 0, at(4), p.types.parameters),
        bias_(1, p.cols, 0, at(6), p.types.parameters),
        dweight_(1, p.weights(), 0, at(7), p.types.gradients),
        dbias_(1, p.cols, 0, at(8), p.types.gradients), hi_(1, p.rows, 0, at(9)),
        lo_(1, p.rows, 0, at(10)),
        rstd_(1, p.rows, 0, at(11)), raw_(static_cast<size_t>(p.rows)) {}

  void forward(const cpu::Kernels& kernels, Results* r) {
    fill_inputs();
    Surroundings surroundings(way_);
    PaddedRows& y = way_.in_place ? x_ : y_;
    cpu::forward(kernels, p_.spec,
                 {rows_of(x_), weight(), parameter(bias_, p_.bias, p_.cols), y.view(),
                  {has_hi() ? pointer(hi_, kMeanHi) : nullptr,
                   has_lo() ? pointer(lo_, kMeanLo) : nullptr, pointer(rstd_, kRstd)}},
                 outer_, raw_.data());
    surroundings.end();
    r->y = y.dense();
    r->mean_hi = flat(hi_, !has_hi() || absent(kMeanHi));
    r->mean_lo = flat(lo_, !has_lo() || absent(kMeanLo));
    r->rstd = flat(rstd_, absent(kRstd));
    for (const cpu::RawSums& raw : raw_) {
      if (has_hi()) r->s.push_back(raw.s);
      r->q.push_back(raw.q);
    }
    if (!way_.in_place) expect_same_input(x_, p_.x);
    expect_padding();
  }

  // With the statistics of the specification, so that a fault of the forward pass stays there.
  void backward(const cpu::Kernels& kernels, const Results& want, Results* r) {
    fill_inputs();
    if (has_hi()) hi_.assign(want.mean_hi);
    if (has_lo()) lo_.assign(want.mean_lo);
    rstd_.assign(want.rstd);
    Surroundings surroundings(way_);
    PaddedRows& dx = way_.in_place ? dy_ : dx_;
    const RowsView dx_view = absent(kDx) ? RowsView() : dx.view();
    const NormBackward args{rows_of(x_), rows_of(dy_), weight(),
                            {has_hi() ? hi_.row(0) : nullptr, has_lo() ? lo_.row(0) : nullptr,
                             rstd_.row(0)},
                            dx_view,
                            {pointer(dweight_, kDweight), p_.types.gradients, p_.weights()},
                            {pointer(dbias_, kDbias), p_.types.gradients, p_.cols}};
    const size_t bytes = cpu::backward_workspace(p_.spec, args, outer_);
    std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 1);
    std::memset(workspace.data(), 0xA5, workspace.size() * sizeof(NormCase::Line));
    cpu::backward(kernels, p_.spec, args, workspace.data(), bytes, outer_, raw_.data());
    const char* end = reinterpret_cast<const char*>(workspace.data()) + bytes;
    for (int i = 0; i < 64; ++i) EXPECT_EQ(static_cast<unsigned char>(end[i]), 0xA5) << "workspace";
    surroundings.end();
    r->dx = flat(dx, absent(kDx));
    r->dweight = flat(dweight_, absent(kDweight));
    r->dbias = flat(dbias_, absent(kDbias));
    for (const cpu::RawSums& raw : raw_) {
      if (absent(kDx)) break;
      if (has_lo()) r->g.push_back(raw.s);
      r->h.push_back(raw.q);
    }
    expect_same_input(x_, p_.x);
    if (!way_.in_place) expect_same_input(dy_, p_.dy);
    expect_padding();
  }

 private:
  bool has_hi() const { return saves_mean_hi(p_.spec.kind); }
  bool has_lo() const { return saves_mean_lo(p_.spec.kind); }
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
  ConstVectorView parameter(const PaddedRows& memory, const std::vector<float>& values,
                            int64_t size) const {
    return {values.empty() ? nullptr : memory.data(), p_.types.parameters, size};
  }
  ConstVectorView weight() const { return parameter(weight_, p_.weight, p_.weights()); }
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
    for (const PaddedRows* each : {&x_, &dy_, &y_, &dx_, &weight_, &bias_, &dweight_, &dbias_, &hi_,
                                   &lo_, &rstd_}) {
      EXPECT_TRUE(each->padding_is_untouched()) << "written outside of the rows";
    }
  }

  const Problem& p_;
  const Way way_;
  const Executor inner_, outer_;
  PaddedRows x_, dy_, y_, dx_, weight_, bias_, dweight_, dbias_, hi_, lo_, rstd_;
  std::vector<cpu::RawSums> raw_;
};

inline Results run_kernels(const cpu::Kernels& kernels, const Problem& p, const Results& want,
                           const Way& way) {
  Results r;
  KernelRun(p, way).forward(kernels, &r);
  KernelRun(p, way).backward(kernels, want, &r);
  return r;
}

// Every target, in every way, has the bits of the scalar specification.
inline testing::AssertionResult has_specified_bits(const Problem& p, const std::vector<Way>& ways) {
  if (left_to_release()) return testing::AssertionSuccess();
  const Results want = specified(p);
  for (const cpu::Kernels* kernels : kernels_of(p.types.rows)) {
    for (const Way& way : ways) {
      const auto same = same_results(run_kernels(*kernels, p, want, way), want);
      if (!same || testing::Test::HasFailure()) {
        return testing::AssertionFailure()
               << name_of(p.spec.kind) << " " << kernels->name << " [" << p.rows << ", " << p.cols
               << "] " << p.types.text() << " plus one " << p.spec.weight_plus_one << " rounded "
               << p.spec.round_before_weight << " eps " << p.spec.eps << " of mode "
               << static_cast<int>(p.spec.eps_mode) << " statistic_cols " << p.spec.statistic_cols
               << " weight "
               << (p.weight.empty() ? 0 : p.weights()) << " bias " << !p.bias.empty() << ", "
               << way.text() << ": " << same.message();
      }
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs SeeDNorm on one target, or by the specification, in any of the ways that must not show.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/cpu/seed_norm_passes.h"
#include "core/ref/seed_norm.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/support/results.h"
#include "tests/support/thinning.h"

namespace norma::test {

struct SeedProblem {
  int64_t rows, cols;
  std::vector<float> x, dy, alpha, beta, gamma;
  Types types = {};
  double eps = 1e-6;
};

// dot is about 1, where tanh is neither 0 nor 1.
inline SeedProblem seed_problem(int64_t rows, int64_t cols, const Types& types = {},
                                uint64_t seed = 1) {
  const float spread = 1 / std::sqrt(static_cast<float>(cols));
  SeedProblem p{rows, cols, normal_values(rows * cols, seed), normal_values(rows * cols, ~seed),
                normal_values(cols, seed + 1), normal_values(cols, seed + 2, spread),
                normal_values(cols, seed + 3, 0.5f, 1), types};
  round_to(&p.x, types.rows);
  round_to(&p.dy, types.rows);
  for (auto* each : {&p.alpha, &p.beta, &p.gamma}) round_to(each, types.parameters);
  return p;
}

// Empty: not asked for.
struct SeedResults {
  std::vector<float> y, dot, rstd, dx, dalpha, dbeta, dgamma;
};

// Way.absent: kRstd is neither dot nor rstd in the forward pass; kDweight is dalpha, kDbias dbeta,
// kMeanHi dgamma.
class SeedRun {
 public:
  SeedRun(const SeedProblem& p, const Way& way)
      : p_(p), way_(way), inner_(std_thread_executor(way.threads)),
        outer_(way.row_at_a_time ? row_at_a_time(inner_) : inner_), x_(rows(1, p.x)),
        dy_(rows(2, p.dy)), y_(rows(3, {})), dx_(rows(4, {})), alpha_(vector(5, p.alpha)),
        beta_(vector(6, p.beta)), gamma_(vector(7, p.gamma)), dalpha_(gradient(8)),
        dbeta_(gradient(9)), dgamma_(gradient(10)), dot_(1, p.rows, 0, at(11)),
        rstd_(1, p.rows, 0, at(12)) {}

  // kernels: null for the specification. want: what the backward pass reads as saved.
  SeedResults run(const cpu::Kernels* kernels, const SeedResults* want, bool least) {
    SeedResults r;
    const bool saves = !absent(kRstd);
    {
      const Surroundings surroundings(way_);
      PaddedRows& y = way_.in_place ? x_ : y_;
      const SeedNormForward f{p_.eps, x_.view(), constant(alpha_), constant(beta_),
                              constant(gamma_), y.view(), saves ? dot_.data() : nullptr,
                              saves ? rstd_.data() : nullptr};
      kernels != nullptr ? cpu::seed_norm_forward(*kernels, f, outer_) : ref::seed_norm_forward(f);
      r.y = y.dense();
    }
    if (saves) r.dot = dot_.dense(), r.rstd = rstd_.dense();
    if (way_.in_place) x_.assign(p_.x);
    if (want != nullptr) dot_.assign(want->dot), rstd_.assign(want->rstd);
    {
      const Surroundings surroundings(way_);
      PaddedRows& dx = way_.in_place ? dy_ : dx_;
      const SeedNormBackward b{x_.view(),
                               dy_.view(),
                               constant(alpha_),
                               constant(beta_),
                               constant(gamma_),
                               dot_.data(),
                               rstd_.data(),
                               absent(kDx) ? RowsView() : dx.view(),
                               result(dalpha_, kDweight),
                               result(dbeta_, kDbias),
                               result(dgamma_, kMeanHi)};
      const size_t bytes =
          kernels == nullptr
              ? ref::seed_norm_scratch(b)
              : cpu::seed_norm_backward_workspace(b, least ? serial_executor() : outer_);
      std::vector<NormCase::Line> workspace(bytes / sizeof(NormCase::Line) + 2);
      std::memset(workspace.data(), 0xA5, workspace.size() * sizeof(NormCase::Line));
      kernels != nullptr
          ? cpu::seed_norm_backward(*kernels, b, workspace.data(), bytes, outer_)
          : ref::seed_norm_backward(b, workspace.data());
      const char* end = reinterpret_cast<const char*>(workspace.data()) + bytes;
      for (int i = 0; i < 64; ++i) {
        EXPECT_EQ(static_cast<unsigned char>(end[i]), 0xA5) << "workspace";
      }
      r.dx = flat(dx, absent(kDx));
    }
    r.dalpha = flat(dalpha_, absent(kDweight));
    r.dbeta = flat(dbeta_, absent(kDbias));
    r.dgamma = flat(dgamma_, absent(kMeanHi));
    for (const PaddedRows* each : {&x_, &dy_, &y_, &dx_, &alpha_, &beta_, &gamma_, &dalpha_,
                                   &dbeta_, &dgamma_, &dot_, &rstd_}) {
      EXPECT_TRUE(each->padding_is_untouched()) << "written outside of the rows";
    }
    return r;
  }

 private:
  bool absent(unsigned what) const { return (way_.absent & what) != 0; }
  int64_t at(int64_t tensor) const { return way_.offset * tensor % 16; }
  PaddedRows rows(int64_t tensor, const std::vector<float>& values) const {
    PaddedRows memory(p_.rows, p_.cols, way_.stride, at(tensor), p_.types.rows);
    if (!values.empty()) memory.assign(values);
    return memory;
  }
  PaddedRows vector(int64_t tensor, const std::vector<float>& values) const {
    PaddedRows memory(1, p_.cols, 0, at(tensor), p_.types.parameters);
    memory.assign(values);
    return memory;
  }
  PaddedRows gradient(int64_t tensor) const {
    return {1, p_.cols, 0, at(tensor), p_.types.gradients};
  }
  ConstVectorView constant(const PaddedRows& memory) const {
    return {memory.data(), p_.types.parameters, p_.cols};
  }
  VectorView result(PaddedRows& memory, unsigned what) const {
    return {absent(what) ? nullptr : memory.data(), p_.types.gradients, p_.cols};
  }

  const SeedProblem& p_;
  const Way way_;
  const Executor inner_, outer_;
  PaddedRows x_, dy_, y_, dx_, alpha_, beta_, gamma_, dalpha_, dbeta_, dgamma_, dot_, rstd_;
};

inline SeedResults specified(const SeedProblem& p) {
  return SeedRun(p, {}).run(nullptr, nullptr, false);
}

// Every result that `got` has, against `want`.
inline testing::AssertionResult same_results(const SeedResults& got, const SeedResults& want) {
  const Member<SeedResults, float> all[] = {
      {"y", &SeedResults::y},           {"dot", &SeedResults::dot},
      {"rstd", &SeedResults::rstd},     {"dx", &SeedResults::dx},
      {"dalpha", &SeedResults::dalpha}, {"dbeta", &SeedResults::dbeta},
      {"dgamma", &SeedResults::dgamma}};
  return same_members(got, want, all);
}

// Every target, in every way, has the bits of the specification.
inline testing::AssertionResult has_specified_bits(const SeedProblem& p,
                                                   const std::vector<Way>& ways,
                                                   bool least = false) {
  if (left_to_release()) return testing::AssertionSuccess();
  static const std::vector<const cpu::Kernels*> all = all_kernels();
  const SeedResults want = specified(p);
  for (const cpu::Kernels* kernels : all) {
    for (const Way& way : ways) {
      const auto same = same_results(SeedRun(p, way).run(kernels, &want, least), want);
      if (!same || testing::Test::HasFailure()) {
        return testing::AssertionFailure()
               << kernels->name << " [" << p.rows << ", " << p.cols << "] " << p.types.text() << " "
               << way.text() << ": " << same.message();
      }
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test

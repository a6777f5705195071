// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Vectors that an independent implementation made from the contract's text, on the specification
// and on every target that this machine has.
// Spans: core/ref, core/cpu, core/plan.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "core/cpu/targets.h"
#include "core/plan/implementations.h"
#include "core/plan/plan.h"
#include "tests/core/norm_case.h"
#include "tests/support/bits.h"
#include "tests/support/safetensors.h"
#include "tests/support/shared_data.h"

namespace norma::test {
namespace {

using Tensors = std::map<std::string, std::vector<float>>;

// "layer_norm.n300.wide.eps0" -> its kind and eps.
NormSpec spec_of(const std::string& name) {
  const size_t eps = name.rfind(".eps");
  NormSpec spec;
  const bool rms_norm = name.find("rms_norm") != std::string::npos;
  spec.kind = rms_norm ? NormKind::kRmsNorm : NormKind::kLayerNorm;
  spec.eps = eps == std::string::npos ? 1e-5 : std::strtod(name.c_str() + eps + 4, nullptr);
  return spec;
}

using Run = Status (*)(NormCase&);

Status run_by_plan(NormCase& c) { return c.run(serial_executor()); }

// The scalar specification, which the plan never takes for f32.
Status run_reference(NormCase& c) {
  const Implementation& ref = implementations().back();
  EXPECT_STREQ(ref.name(), "ref");
  ref.forward(c.spec, c.forward_args(), serial_executor());
  ref.backward(c.spec, c.backward_args(), nullptr, 0, serial_executor());
  return Status();
}

void check_row_case(const std::string& name, const Tensors& t, Run run) {
  const auto& x = t.at(name + ".x");
  NormCase c(spec_of(name), 1, static_cast<int64_t>(x.size()));
  c.x.assign(x);
  c.dy.assign(t.at(name + ".dy"));
  c.weight = t.at(name + ".weight");
  c.bias = t.at(name + ".bias");
  ASSERT_TRUE(run(c).ok());
  const std::vector<float>& stats = t.at(name + ".stats");
  const std::vector<float> got{c.mean_hi[0], c.mean_lo[0], c.rstd[0]};
  EXPECT_TRUE(same_bits(got.data(), stats.data(), 3)) << name << ".stats";
  EXPECT_TRUE(same_bits(c.y.row(0), t.at(name + ".y").data(), x.size())) << name << ".y";
  EXPECT_TRUE(same_bits(c.dx.row(0), t.at(name + ".dx").data(), x.size())) << name << ".dx";
}

void check_column_case(const std::string& name, const Tensors& t, Run run) {
  constexpr size_t kCols = 24;
  const auto& x = t.at(name + ".x");
  const int64_t rows = static_cast<int64_t>(x.size() / kCols);
  NormCase c(spec_of(name), rows, kCols);
  c.x.assign(x);
  c.dy.assign(t.at(name + ".dy"));
  ASSERT_TRUE(run(c).ok());
  const std::vector<float>& stats = t.at(name + ".stats");
  for (int64_t r = 0; r < rows; ++r) {
    const float got[] = {c.mean_hi[r], c.mean_lo[r], c.rstd[r]};
    ASSERT_TRUE(same_bits(got, stats.data() + 3 * r, 3)) << name << ".stats row " << r;
  }
  EXPECT_TRUE(same_bits(c.dweight.data(), t.at(name + ".dweight").data(), kCols)) << name;
  EXPECT_TRUE(same_bits(c.dbias.data(), t.at(name + ".dbias").data(), kCols)) << name;
}

void check_all(const Tensors& tensors, Run run) {
  int rows = 0, columns = 0;
  for (const auto& [key, values] : tensors) {
    if (!key.ends_with(".x")) continue;
    const std::string name = key.substr(0, key.size() - 2);
    const bool column = name.starts_with("columns.");
    ++(column ? columns : rows);
    column ? check_column_case(name, tensors, run) : check_row_case(name, tensors, run);
  }
  EXPECT_EQ(rows, 138);
  EXPECT_EQ(columns, 12);
}

TEST(Golden, EveryCaseHasItsBitsOnEveryTarget) {
  const std::string path = shared_data_path("norma-1-golden/norma-1.safetensors");
  NORMA_SKIP_IF_ABSENT(path);
  const Tensors tensors = read_f32_tensors(path);
  const cpu::Kernels* active = cpu::active_kernels();
  ASSERT_NE(active, nullptr);
  for (const std::string& target : cpu::available_targets()) {
    SCOPED_TRACE(target);
    ASSERT_TRUE(cpu::force_target(target).ok());
    std::printf("golden vectors on %s, %d lanes\n", cpu::active_kernels()->name,
                cpu::active_kernels()->lanes);
    check_all(tensors, run_by_plan);
  }
  EXPECT_TRUE(cpu::force_target(active->name).ok());
}

TEST(Golden, EveryCaseHasItsBitsInTheSpecification) {
  const std::string path = shared_data_path("norma-1-golden/norma-1.safetensors");
  NORMA_SKIP_IF_ABSENT(path);
  check_all(read_f32_tensors(path), run_reference);
}

}  // namespace
}  // namespace norma::test

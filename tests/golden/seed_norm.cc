// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// seed_norm FILE: a hash of every result of many seeded calls of SeeDNorm, by the reference and by
// every target of this machine, compared with those in FILE (hashes.h).
// Spans: core/ref, core/cpu, core/plan.
#include "core/plan/seed_norm.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/cpu/targets.h"
#include "core/ref/seed_norm.h"
#include "tests/golden/hashes.h"
#include "tests/golden/memory.h"

namespace norma::test {
namespace {

struct Case {
  DType rows_type, parameters, gradients;
  int64_t rows, cols;

  std::string name() const {
    return std::string("seed_norm [") + std::to_string(rows) + ", " + std::to_string(cols) + "] " +
           name_of(rows_type) + " parameters=" + name_of(parameters) +
           " gradients=" + name_of(gradients);
  }
};

std::vector<Case> all_cases() {
  static constexpr int64_t kShapes[][2] = {{1, 1},    {3, 7},   {33, 8},   {5, 31},   {2, 257},
                                           {65, 64},  {31, 100}, {3, 768}, {130, 17}, {7, 300},
                                           {2, 2049}, {97, 3},  {3, 1024}, {1, 5000}};
  std::vector<Case> cases;
  for (const DType rows : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (size_t i = 0; i < 2 * std::size(kShapes); ++i) {
      const auto& shape = kShapes[i % std::size(kShapes)];
      const DType parameters = i < std::size(kShapes) ? DType::kF32 : rows;
      if (rows == DType::kF32 && i >= std::size(kShapes)) break;
      cases.push_back({rows, parameters, i % 3 == 0 ? DType::kF32 : rows, shape[0], shape[1]});
    }
  }
  return cases;
}

// Multiples of 2^-6 in [-2, 2), which every type holds.
double next_value(uint64_t* seed) {
  *seed += 0x9e3779b97f4a7c15ull;
  return static_cast<double>(static_cast<int64_t>(mix64(*seed) >> 56) - 128) / 64.0;
}

// target: null for the reference.
uint64_t hash_of(const Case& c, const char* target, uint64_t seed) {
  const int64_t m = c.rows, n = c.cols;
  Memory x(m * n, c.rows_type), dy = x, y = x, dx = x, alpha(n, c.parameters), beta = alpha,
         gamma = alpha, dalpha(n, c.gradients), dbeta = dalpha, dgamma = dalpha,
         dot(m, DType::kF32), rstd = dot;
  for (int64_t r = 0; r < m; ++r) {
    const uint64_t kind = mix64(seed + static_cast<uint64_t>(r)) % 16;
    for (int64_t i = 0; i < n; ++i) {
      const double v = next_value(&seed);
      x.set(r * n + i, kind == 0   ? v * 0x1p-130
                       : kind == 1 ? (i % 2 ? -0.0 : 0.0)
                       : kind == 2 ? (i == 2 ? HUGE_VAL : v)
                       : kind == 3 ? (i == 3 ? std::nan("") : v)
                                   : v);
      dy.set(r * n + i, next_value(&seed));
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    alpha.set(i, next_value(&seed));
    beta.set(i, next_value(&seed) / 8);
    gamma.set(i, next_value(&seed));
  }
  const auto constant = [](Memory& memory) {
    const VectorView view = memory.vector();
    return ConstVectorView{view.data, view.dtype, view.size};
  };
  const SeedNormForward f{1e-6,           x.rows(m, n), constant(alpha), constant(beta),
                          constant(gamma), y.rows(m, n), dot.data(),      rstd.data()};
  const SeedNormBackward b{x.rows(m, n),    dy.rows(m, n),   constant(alpha),  constant(beta),
                           constant(gamma), dot.data(),      rstd.data(),      dx.rows(m, n),
                           dalpha.vector(), dbeta.vector(), dgamma.vector()};
  struct alignas(64) Line {
    char bytes[64];
  };
  if (target == nullptr) {
    std::vector<Line> scratch(ref::seed_norm_scratch(b) / sizeof(Line) + 1);
    ref::seed_norm_forward(f);
    ref::seed_norm_backward(b, scratch.data());
  } else {
    const Executor executor = std_thread_executor(2);
    size_t bytes = 0;
    Status done = cpu::force_target(target);
    if (done.ok()) done = seed_norm_forward(f, executor);
    if (done.ok()) done = seed_norm_backward_workspace_size(b, executor, &bytes);
    std::vector<Line> workspace(bytes / sizeof(Line) + 1);
    if (done.ok()) done = seed_norm_backward(b, workspace.data(), bytes, executor);
    if (!done.ok()) std::printf("%s\n", done.message().c_str());
  }
  std::string bytes;
  for (const Memory* each : {&y, &dx, &dalpha, &dbeta, &dgamma, &dot, &rstd}) {
    each->append_to(&bytes);
  }
  return fnv1a_64(bytes);
}

}  // namespace
}  // namespace norma::test

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: seed_norm FILE\n"), 2;
  return norma::test::check_cases(argv[1], norma::test::all_cases(), norma::test::hash_of);
}

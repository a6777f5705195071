// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// pointwise FILE: a hash of every result of many seeded calls of DyT and Derf, by the reference and
// by every target of this machine, compared with those in FILE (hashes.h).
#include "core/cpu/pointwise.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/cpu/targets.h"
#include "core/pointwise_spec.h"
#include "core/ref/pointwise.h"
#include "core/ref/rows.h"
#include "tests/golden/hashes.h"
#include "tests/golden/memory.h"

namespace norma::test {
namespace {

struct Case {
  PointwiseSpec spec;
  DType rows_type, parameters, gradients;
  bool weight, bias;
  int64_t rows, cols;

  std::string name() const {
    char alpha[32];
    std::snprintf(alpha, sizeof alpha, "%g", spec.alpha);
    if (spec.kind == PointwiseKind::kDerf) {
      std::snprintf(alpha, sizeof alpha, "%g shift %g", spec.alpha, spec.shift);
    }
    return std::string(name_of(spec.kind)) + " " + name_of(rows_type) + " " + name_of(parameters) +
           " " + name_of(gradients) + " alpha " + alpha + " weight " + std::to_string(weight) +
           " bias " + std::to_string(bias) + " " + std::to_string(rows) + "x" +
           std::to_string(cols);
  }
};

std::vector<Case> all_cases() {
  static constexpr int64_t kShapes[][2] = {
      {1, 1},   {3, 7},    {33, 8},  {5, 31},   {2, 257}, {65, 64},  {31, 100}, {1, 9},
      {3, 768}, {130, 17}, {7, 300}, {2, 2049}, {97, 3},  {3, 1024}, {300, 5},  {1, 5000}};
  static constexpr double kAlphas[] = {0.5, 0.05, 2, -0.8, 0, 30};
  static constexpr double kShifts[] = {0, -0.25, 1, 0.0625};
  std::vector<std::vector<DType>> types;
  for (const DType rows : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const DType parameters : {rows, DType::kF32}) {
      for (const DType gradients : {rows, DType::kF32}) {
        if (rows != DType::kF32 || types.empty()) types.push_back({rows, parameters, gradients});
      }
    }
  }
  std::vector<Case> cases;
  for (const PointwiseKind kind : {PointwiseKind::kDyt, PointwiseKind::kDerf}) {
    size_t i = 0;
    for (const auto& type : types) {
      for (const auto& shape : kShapes) {
        const double shift = kind == PointwiseKind::kDerf ? kShifts[i % 4] : 0;
        cases.push_back({{kind, kAlphas[i % 6], shift},
                         type[0],
                         type[1],
                         type[2],
                         i % 7 != 3,
                         i % 3 != 1,
                         shape[0],
                         shape[1]});
        ++i;
      }
    }
  }
  return cases;
}

// Multiples of 2^-5 in [-4, 4), which every type holds.
double next_value(uint64_t* seed) {
  *seed += 0x9e3779b97f4a7c15ull;
  return static_cast<double>(static_cast<int64_t>(mix64(*seed) >> 56) - 128) / 32.0;
}

// Element i of a row of this kind, by operations that are exact.
double element(uint64_t kind, int64_t i, uint64_t* seed) {
  const double v = next_value(seed);
  switch (kind) {
    case 0:
      return v * 0x1p-130;
    case 1:
      return v * 0x1p120;
    case 2:
      return v * 0x1p5;
    case 3:
      return v * 0x1p-9;
    case 4:
      return i % 2 ? -0.0 : 0.0;
    case 5:
      return i == 2 ? HUGE_VAL : v;
    case 6:
      return i == 3 ? std::nan("") : v;
    default:
      return v;
  }
}

// kernels: null for the reference.
uint64_t hash_of(const Case& c, const cpu::Kernels* kernels, uint64_t seed) {
  const int64_t m = c.rows, n = c.cols;
  Memory x(m * n, c.rows_type), dy = x, y = x, dx = x, weight(n, c.parameters), bias = weight,
                                dweight(n, c.gradients), dbias = dweight, dalpha(1, DType::kF32),
                                dshift = dalpha;
  const bool has_shift = c.spec.kind == PointwiseKind::kDerf;
  for (int64_t r = 0; r < m; ++r) {
    const uint64_t kind = mix64(seed + static_cast<uint64_t>(r)) % 24;
    for (int64_t i = 0; i < n; ++i) {
      x.set(r * n + i, element(kind, i, &seed));
      dy.set(r * n + i, next_value(&seed));
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    weight.set(i, next_value(&seed));
    bias.set(i, next_value(&seed));
  }
  const auto vector = [](Memory& memory, bool is_there) {
    const VectorView view = memory.vector();
    return is_there ? ConstVectorView{view.data, view.dtype, view.size} : ConstVectorView{};
  };
  const PointwiseForward f{x.rows(m, n), vector(weight, c.weight), vector(bias, c.bias),
                           y.rows(m, n)};
  const PointwiseBackward b{
      x.rows(m, n),     dy.rows(m, n),  f.weight,      dx.rows(m, n),
      dweight.vector(), dbias.vector(), dalpha.data(), has_shift ? dshift.data() : nullptr};
  if (kernels == nullptr) {
    ref::pointwise_forward(c.spec, f);
    ref::pointwise_backward(c.spec, b);
  } else {
    const Executor executor = std_thread_executor(2);
    cpu::pointwise_forward(*kernels, c.spec, f, executor);
    const size_t bytes = cpu::pointwise_backward_workspace(b, executor);
    struct alignas(64) Line {
      char bytes[64];
    };
    std::vector<Line> workspace(bytes / sizeof(Line) + 1);
    cpu::pointwise_backward(*kernels, c.spec, b, workspace.data(), bytes, executor);
  }
  std::string bytes;
  for (const Memory* each : {&y, &dx, &dweight, &dbias, &dalpha}) each->append_to(&bytes);
  if (has_shift) dshift.append_to(&bytes);
  return fnv1a_64(bytes);
}

int check(const char* path) {
  Hashes hashes(path);
  uint64_t seed = 1;
  for (const Case& c : all_cases()) {
    const uint64_t hash = hash_of(c, nullptr, ++seed);
    for (const std::string& target : cpu::available_targets()) {
      if (cpu::force_target(target).ok() && hash_of(c, cpu::active_kernels(), seed) != hash) {
        hashes.fail(target + " differs from the reference: " + c.name());
      }
    }
    hashes.meet(c.name(), hash);
  }
  return hashes.finish();
}

}  // namespace
}  // namespace norma::test

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: pointwise FILE\n"), 2;
  return norma::test::check(argv[1]);
}

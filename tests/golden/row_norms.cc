// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// row_norms FILE: a hash of every result of many seeded calls, by the reference and by every target
// of this machine, compared with those in FILE (hashes.h).
// Spans: core/ref, core/cpu, core/plan.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/hash.h"
#include "core/cpu/cost.h"
#include "core/cpu/targets.h"
#include "core/norm_spec.h"
#include "core/plan/implementations.h"
#include "core/ref/rows.h"
#include "tests/golden/hashes.h"
#include "tests/golden/memory.h"

namespace norma::test {
namespace {

struct Case {
  NormSpec spec;
  DType rows_type, parameters, gradients;
  bool weight, bias, residual;
  int64_t rows, cols;
  bool one_weight = false;  // for all columns

  std::string name() const {
    char text[240];
    std::snprintf(text, sizeof text,
                  "%s [%d, %d] %s parameters=%s gradients=%s plus_one=%d rounded=%d weight=%d "
                  "bias=%d residual=%d eps=%g%s",
                  name_of(spec.kind), static_cast<int>(rows), static_cast<int>(cols),
                  name_of(rows_type), name_of(parameters), name_of(gradients), spec.weight_plus_one,
                  spec.round_before_weight, weight, bias, residual, spec.eps, statistics().c_str());
    return text;
  }
  // What is not as in the first lines.
  std::string statistics() const {
    std::string text;
    if (spec.eps_mode != EpsMode::kDefault) {
      text += " eps_mode=" + std::to_string(static_cast<int>(spec.eps_mode));
    }
    if (spec.statistic_cols != 0) text += " of=" + std::to_string(spec.statistic_cols);
    if (one_weight) text += " one_weight";
    return text;
  }
};

// Every mix of types, dialects and residual, at two shapes each (bit 3 of `bits` is the second).
// The shapes walk over the leaf of 8, the lane, the chunk of 256, the block of 1024 and the column
// block of 32 rows.
std::vector<Case> all_cases() {
  static constexpr int64_t kShapes[][2] = {{1, 1},    {3, 7},    {33, 8},   {5, 31},   {2, 257},
                                           {65, 64},  {31, 100}, {1, 1023}, {3, 768},  {130, 17},
                                           {2, 1025}, {7, 300},  {1, 9},    {1, 5000}, {4, 2049},
                                           {32, 40},  {97, 3},   {300, 5},  {3, 1024}};
  static constexpr double kEps[] = {1e-5, 0, 1e-12};
  std::vector<std::vector<DType>> types{{DType::kF64, DType::kF64, DType::kF64}};
  for (const DType rows : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const DType parameters : {rows, DType::kF32}) {
      for (const DType gradients : {rows, DType::kF32}) {
        if (rows != DType::kF32 || types.size() == 1)
          types.push_back({rows, parameters, gradients});
      }
    }
  }
  std::vector<Case> cases;
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const auto& type : types) {
      for (int bits = 0; bits < 16; ++bits) {
        const size_t i = cases.size();
        const auto& shape = kShapes[i % std::size(kShapes)];
        cases.push_back({{kind, kEps[i % 3], (bits & 1) != 0, (bits & 2) != 0},
                         type[0],
                         type[1],
                         type[2],
                         i % 7 != 3,
                         i % 3 != 1,
                         (bits & 4) != 0,
                         shape[0],
                         shape[1]});
      }
    }
  }
  return cases;
}

// The dialects of the statistics, each in every mix of types at two shapes. The cases follow those
// above, as each has its place's seed.
std::vector<Case> dialect_cases(const std::vector<Case>& first) {
  struct Dialect {
    NormKind kind;
    EpsMode mode;
    int part;  // statistics of a part of the columns; 0: of all
    bool one_weight = false;
  };
  static constexpr Dialect kDialects[] = {
      {NormKind::kLayerNorm, EpsMode::kOutside, 0},    {NormKind::kLayerNorm, EpsMode::kClamp, 0},
      {NormKind::kRmsNorm, EpsMode::kOutside, 0},      {NormKind::kRmsNorm, EpsMode::kClamp, 0},
      {NormKind::kRmsNorm, EpsMode::kInside, 4},       {NormKind::kRmsNorm, EpsMode::kOutside, 3},
      {NormKind::kL2Norm, EpsMode::kDefault, 0},       {NormKind::kL2Norm, EpsMode::kInside, 2},
      {NormKind::kL2Norm, EpsMode::kOutside, 0, true}, {NormKind::kCrmsNorm, EpsMode::kDefault, 0},
      {NormKind::kCrmsNorm, EpsMode::kOutside, 0}};
  static constexpr double kEps[] = {0.5, 1e-5, 0};
  std::vector<Case> cases;
  for (const Dialect& dialect : kDialects) {
    for (size_t i = 0; i < 20; ++i) {
      // A mix of types has 16 cases.
      Case c = first[16 * (i % 10) + (3 * i + cases.size()) % 16];
      const Case& shape = first[(7 * cases.size() + i) % first.size()];
      c.rows = shape.rows, c.cols = shape.cols;
      c.spec.kind = dialect.kind, c.spec.eps_mode = dialect.mode;
      c.spec.eps = kEps[i % std::size(kEps)];
      if (dialect.part != 0) c.spec.statistic_cols = (c.cols + dialect.part - 1) / dialect.part;
      c.one_weight = dialect.one_weight;
      cases.push_back(c);
    }
  }
  return cases;
}

// Multiples of 2^-6 in [-2, 2), which every type holds.
double next_value(uint64_t* seed) {
  *seed += 0x9e3779b97f4a7c15ull;
  return static_cast<double>(static_cast<int64_t>(mix64(*seed) >> 56) - 128) / 64.0;
}

// Element i of a row of this kind, by operations that are exact or the same everywhere.
double element(int kind, int64_t i, uint64_t* seed) {
  const double v = next_value(seed);
  switch (kind) {
    case 0:
      return v + 1024;
    case 1:
      return v * 0x1p-130;
    case 2:
      return v * 0x1p120;
    case 3:
      return 0x1.8p-3;
    case 4:
      return v * (i % 5 == 0 ? 0x1p40 : 0x1p-20);
    case 5:
      return v * 0x1p-60 + (i == 0 ? 8 : 0);
    case 6:
      return i % 2 ? -0.0 : 0.0;
    case 7:
      return i == 2 ? HUGE_VAL : v;
    case 8:
      return i == 3 ? std::nan("") : v;
    default:
      return v;
  }
}

struct Passes {
  uint64_t forward, backward;
  bool operator==(const Passes&) const = default;
};

Passes run(const Implementation& by, const Case& c, uint64_t seed) {
  const int64_t m = c.rows, n = c.cols;
  const DType saved = dtype_of_statistics(c.rows_type);
  Memory x(m * n, c.rows_type), dy = x, residual = x, dsum = x, sum = x, y = x, dx = x,
                                dresidual = x, bias(n, c.parameters), dbias(n, c.gradients),
                                hi(m, saved), lo = hi, rstd = hi;
  const int64_t weights = c.one_weight ? 1 : n;
  Memory weight(weights, c.parameters), dweight(weights, c.gradients);
  for (int64_t r = 0; r < m; ++r) {
    const int kind = static_cast<int>(mix64(seed + static_cast<uint64_t>(r)) % 24);
    for (int64_t i = r * n; i < (r + 1) * n; ++i) {
      x.set(i, element(kind, i - r * n, &seed));
      dy.set(i, next_value(&seed));
      residual.set(i, next_value(&seed));
      dsum.set(i, next_value(&seed));
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    const double value = next_value(&seed);
    if (i < weights) weight.set(i, value);
    bias.set(i, next_value(&seed));
  }
  const bool has_hi = saves_mean_hi(c.spec.kind), has_lo = saves_mean_lo(c.spec.kind);
  const auto vector = [](Memory& memory, bool is_there) {
    const VectorView view = memory.vector();
    return is_there ? ConstVectorView{view.data, view.dtype, view.size} : ConstVectorView{};
  };
  const auto rows = [&](Memory& memory) { return c.residual ? memory.rows(m, n) : RowsView{}; };
  const NormForward f{x.rows(m, n),
                      vector(weight, c.weight),
                      vector(bias, c.bias),
                      y.rows(m, n),
                      {has_hi ? hi.data() : nullptr, has_lo ? lo.data() : nullptr, rstd.data()},
                      rows(residual),
                      rows(sum),
                      -0.375f};
  const NormBackward b{c.residual ? sum.rows(m, n) : x.rows(m, n),
                       dy.rows(m, n),
                       f.weight,
                       {f.statistics.mean_hi, f.statistics.mean_lo, rstd.data()},
                       dx.rows(m, n),
                       dweight.vector(),
                       dbias.vector(),
                       rows(dsum),
                       rows(dresidual),
                       -0.375f};
  const Executor executor = std_thread_executor(2);
  by.forward(c.spec, f, executor);
  const size_t bytes = by.backward_workspace(c.spec, b, executor);
  struct alignas(64) Line {
    char bytes[64];
  };
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  by.backward(c.spec, b, workspace.data(), bytes, executor);

  std::string forward, backward;
  for (const Memory* each : {&sum, &y, &hi, &lo, &rstd}) each->append_to(&forward);
  for (const Memory* each : {&dx, &dresidual, &dweight, &dbias}) each->append_to(&backward);
  return {fnv1a_64(forward), fnv1a_64(backward)};
}

int check(const char* path) {
  Hashes file(path);
  uint64_t seed = 1;
  std::vector<Case> cases = all_cases();
  const std::vector<Case> dialects = dialect_cases(cases);
  cases.insert(cases.end(), dialects.begin(), dialects.end());
  for (const Case& c : cases) {
    const Passes hashes = run(implementations().back(), c, seed);
    for (const std::string& target : cpu::available_targets()) {
      const Implementation& kernels = implementations()[1];
      if (!cpu::force_target(target).ok() || kernels.refusal(c.rows_type) != nullptr) continue;
      // Each of the ways that its forward pass may have to work on rows.
      for (int way = 0; way <= 3; ++way) {
        cpu::force_way(way);
        if (run(kernels, c, seed) == hashes) continue;
        file.fail(target + ", way " + std::to_string(way) + ", differs from the reference: " +
                  c.name());
      }
    }
    ++seed;
    file.meet(c.name() + " forward", hashes.forward);
    file.meet(c.name() + " backward", hashes.backward);
  }
  return file.finish();
}

}  // namespace
}  // namespace norma::test

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: row_norms FILE\n"), 2;
  return norma::test::check(argv[1]);
}

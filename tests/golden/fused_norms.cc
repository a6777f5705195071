// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// fused_norms FILE: a hash of every result of many seeded calls of norms with a gate, RoPE or
// quantised output, by the reference and by every target of this machine, compared with those in
// FILE (hashes.h).
// Spans: core/ref, core/cpu, core/plan.
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
#include "core/fused_norm.h"
#include "core/plan/fused_norm.h"
#include "core/ref/gated_norm.h"
#include "core/ref/quantized_norm.h"
#include "core/ref/rope_norm.h"
#include "tests/golden/hashes.h"
#include "tests/golden/memory.h"

namespace norma::test {
namespace {

enum class Fused { kGate, kHalves, kInterleaved, kInt8, kE4m3 };
constexpr const char* kNames[] = {"gated", "rope halves", "rope interleaved", "int8", "e4m3"};

struct Case {
  Fused what;
  NormSpec spec;
  DType rows_type, parameters;
  bool weight, bias;
  int64_t rows, cols;

  std::string name() const {
    char text[160];
    std::snprintf(text, sizeof text, "%s %s [%d, %d] %s parameters=%s weight=%d bias=%d",
                  kNames[static_cast<int>(what)], name_of(spec.kind), static_cast<int>(rows),
                  static_cast<int>(cols), name_of(rows_type), name_of(parameters), weight, bias);
    return text;
  }
};

std::vector<Case> all_cases() {
  static constexpr int64_t kShapes[][2] = {{1, 1},   {3, 7},    {33, 8},  {5, 31},   {2, 257},
                                           {65, 64}, {31, 100}, {3, 768}, {130, 16}, {9, 128},
                                           {7, 300}, {4, 2049}, {97, 3},  {3, 1024}, {1, 5000}};
  static constexpr DType kTypes[][2] = {{DType::kF32, DType::kF32},
                                        {DType::kBF16, DType::kF32},
                                        {DType::kBF16, DType::kBF16},
                                        {DType::kF16, DType::kF32},
                                        {DType::kF16, DType::kF16}};
  std::vector<Case> cases;
  for (const Fused what :
       {Fused::kGate, Fused::kHalves, Fused::kInterleaved, Fused::kInt8, Fused::kE4m3}) {
    for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
      for (size_t i = 0; i < 30; ++i) {
        const auto& shape = kShapes[(i + cases.size() / 60) % std::size(kShapes)];
        const auto& types = kTypes[(i + i / std::size(kShapes)) % std::size(kTypes)];
        cases.push_back({what, {kind, 1e-5}, types[0], types[1], i % 7 != 3, i % 3 != 1, shape[0],
                         shape[1]});
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
      return v * 0x1p5 + 1024;
    case 2:
      return i % 2 ? -0.0 : 0.0;
    case 3:
      return i == 2 ? HUGE_VAL : v;
    case 4:
      return i == 3 ? std::nan("") : v;
    default:
      return v;
  }
}

// What a call works on.
class Run {
 public:
  Run(const Case& c, uint64_t seed)
      : c_(c), x_(c.rows * c.cols, c.rows_type), dy_(x_), gate_(x_), y_(x_), dx_(x_), dgate_(x_),
        weight_(c.cols, c.parameters), bias_(weight_), dweight_(weight_), dbias_(weight_),
        hi_(c.rows, DType::kF32), lo_(hi_), rstd_(hi_), scale_(hi_),
        pairs_(c.cols / 2 - (c.cols > 8 ? 1 : 0)), cos_(kPositions * pairs_ + 1, DType::kF32),
        sin_(cos_), q_(static_cast<size_t>(c.rows * c.cols)) {
    for (int64_t r = 0; r < c.rows; ++r) {
      const uint64_t kind = mix64(seed + static_cast<uint64_t>(r)) % 24;
      for (int64_t i = 0; i < c.cols; ++i) {
        x_.set(r * c.cols + i, element(kind, i, &seed));
        dy_.set(r * c.cols + i, next_value(&seed));
        gate_.set(r * c.cols + i, next_value(&seed) * 4);
      }
      positions_.push_back(static_cast<int64_t>(mix64(seed) % kPositions));
    }
    for (int64_t i = 0; i < c.cols; ++i) {
      weight_.set(i, next_value(&seed));
      bias_.set(i, next_value(&seed));
    }
    for (int64_t i = 0; i < kPositions * pairs_; ++i) {
      cos_.set(i, next_value(&seed) / 4);
      sin_.set(i, next_value(&seed) / 4);
    }
  }

  // target: null for the reference.
  uint64_t hash(const char* target) {
    const Executor executor = std_thread_executor(2);
    const bool by_target = target != nullptr && cpu::force_target(target).ok();
    Status done;
    if (c_.what == Fused::kGate) {
      const GatedForward f{forward(), rows(gate_)};
      const GatedBackward b{backward(), vector(bias_, c_.bias), rows(gate_), rows(dgate_)};
      if (!by_target) ref::gated_norm_forward(c_.spec, f), ref::gated_norm_backward(c_.spec, b);
      if (by_target) done = gated_norm_forward(c_.spec, f, executor);
      if (by_target && done.ok()) done = gated_norm_backward(c_.spec, b, work(), kWork, executor);
    } else if (c_.what == Fused::kHalves || c_.what == Fused::kInterleaved) {
      const RopeForward f{forward(), rope()};
      const RopeBackward b{backward(), rope()};
      if (!by_target) ref::rope_norm_forward(c_.spec, f), ref::rope_norm_backward(c_.spec, b);
      if (by_target) done = rope_norm_forward(c_.spec, f, executor);
      if (by_target && done.ok()) done = rope_norm_backward(c_.spec, b, work(), kWork, executor);
    } else {
      QuantizedForward f{forward(), q_.data(), c_.cols, static_cast<float*>(scale_.data()),
                         c_.what == Fused::kInt8 ? QuantFormat::kInt8 : QuantFormat::kE4m3};
      f.norm.y = {};
      if (!by_target) ref::quantized_norm_forward(c_.spec, f, work());
      if (by_target) done = quantized_norm_forward(c_.spec, f, work(), kWork, executor);
    }
    if (!done.ok()) std::printf("%s: %s\n", c_.name().c_str(), done.message().c_str());
    std::string bytes(q_.begin(), q_.end());
    for (const Memory* each :
         {&y_, &dx_, &dgate_, &dweight_, &dbias_, &hi_, &lo_, &rstd_, &scale_}) {
      each->append_to(&bytes);
    }
    return fnv1a_64(bytes);
  }

 private:
  static constexpr int64_t kPositions = 50;
  static constexpr size_t kWork = 1 << 20;
  struct alignas(64) Line {
    char bytes[64];
  };

  RowsView rows(Memory& memory) const { return memory.rows(c_.rows, c_.cols); }
  static ConstVectorView vector(Memory& memory, bool is_there) {
    const VectorView view = memory.vector();
    return is_there ? ConstVectorView{view.data, view.dtype, view.size} : ConstVectorView{};
  }
  Statistics statistics() {
    return {saves_mean_hi(c_.spec.kind) ? hi_.data() : nullptr,
            saves_mean_lo(c_.spec.kind) ? lo_.data() : nullptr, rstd_.data()};
  }
  NormForward forward() {
    return {rows(x_), vector(weight_, c_.weight), vector(bias_, c_.bias), rows(y_), statistics()};
  }
  NormBackward backward() {
    const Statistics s = statistics();
    return {rows(x_), rows(dy_), vector(weight_, c_.weight), {s.mean_hi, s.mean_lo, s.rstd},
            rows(dx_), dweight_.vector(), dbias_.vector()};
  }
  Rope rope() {
    return {cos_.rows(kPositions, pairs_), sin_.rows(kPositions, pairs_), positions_.data(),
            static_cast<int64_t>(positions_.size()) / 2 + 1, 2,
            c_.what == Fused::kHalves ? RopePairs::kHalves : RopePairs::kInterleaved};
  }
  void* work() { return work_.data(); }

  const Case& c_;
  Memory x_, dy_, gate_, y_, dx_, dgate_, weight_, bias_, dweight_, dbias_, hi_, lo_, rstd_, scale_;
  const int64_t pairs_;
  Memory cos_, sin_;
  std::vector<uint8_t> q_;
  std::vector<int64_t> positions_;
  std::vector<Line> work_ = std::vector<Line>(kWork / sizeof(Line));
};

uint64_t hash_of(const Case& c, const char* target, uint64_t seed) {
  return Run(c, seed).hash(target);
}

}  // namespace
}  // namespace norma::test

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: fused_norms FILE\n"), 2;
  return norma::test::check_cases(argv[1], norma::test::all_cases(), norma::test::hash_of);
}

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// lstm FILE: a hash of every result of many seeded calls of the elementwise part of an LSTM, by the
// reference and by every target of this machine, compared with those in FILE (hashes.h).
// Spans: core/ref, core/cpu, core/plan.
#include "core/plan/lstm.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "core/cpu/targets.h"
#include "core/ref/lstm.h"
#include "tests/golden/hashes.h"
#include "tests/golden/memory.h"

namespace norma::test {
namespace {

struct Case {
  int64_t rows, units;
  bool h, bias, later;

  std::string name() const {
    return "lstm [" + std::to_string(rows) + ", " + std::to_string(units) +
           "] h=" + std::to_string(h) + " bias=" + std::to_string(bias) +
           " later=" + std::to_string(later);
  }
};

std::vector<Case> all_cases() {
  static constexpr int64_t kShapes[][2] = {{1, 1},  {3, 7},   {5, 8},   {2, 15},
                                           {1, 16}, {4, 17}, {3, 64}, {2, 100}, {1, 513}};
  std::vector<Case> cases;
  for (const auto& shape : kShapes) {
    for (int bits = 0; bits < 8; ++bits) {
      cases.push_back({shape[0], shape[1], (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0});
    }
  }
  return cases;
}

// Sizes from 2^-6 to where every function is at its end; now and then what is no number.
double next_value(uint64_t* seed) {
  *seed += 0x9e3779b97f4a7c15ull;
  const uint64_t bits = mix64(*seed);
  const double v = static_cast<double>(static_cast<int64_t>(bits >> 56) - 128) / 64.0;
  const uint64_t kind = bits % 40;
  return kind == 0 ? v * 64 : kind == 1 ? std::copysign(0.0, v) : kind == 2 ? v * 0x1p-130
         : bits % 1021 == 5 ? HUGE_VAL : bits % 1021 == 6 ? std::nan("") : v;
}

// target: null for the reference.
uint64_t hash_of(const Case& c, const char* target, uint64_t seed) {
  const int64_t m = c.rows, n = c.units;
  const auto filled = [&](int64_t count) {
    Memory memory(count, DType::kF32);
    for (int64_t i = 0; i < count; ++i) memory.set(i, next_value(&seed));
    return memory;
  };
  Memory x = filled(4 * m * n), h = filled(4 * m * n), bias = filled(4 * n), cell = filled(m * n),
         u = filled(m * n), dy = filled(m * n), dy_later = filled(m * n), dc = filled(m * n),
         dc_later = filled(m * n);
  Memory gates(4 * m * n, DType::kF32), dgates = gates, c_next(m * n, DType::kF32), t = c_next,
         y = c_next, du = c_next, dc_before = c_next;
  const auto wide = [&](Memory& memory) { return memory.rows(m, 4 * n); };
  const auto narrow = [&](Memory& memory) { return memory.rows(m, n); };
  const auto maybe = [](bool is_there, const RowsView& v) { return is_there ? v : RowsView(); };
  const VectorView b = bias.vector();
  const ConstVectorView bias_view{c.bias ? b.data : nullptr, b.dtype, b.size};
  const LstmGatesForward gates_forward{wide(x),      maybe(c.h, wide(h)), bias_view,
                                       narrow(cell), wide(gates),         narrow(c_next)};
  const LstmOutputForward output_forward{wide(gates), narrow(u), narrow(t), narrow(y)};
  const LstmOutputBackward output_backward{wide(gates), narrow(t), narrow(dy),
                                           maybe(c.later, narrow(dy_later)), wide(dgates),
                                           narrow(du)};
  const LstmGatesBackward gates_backward{wide(gates), narrow(cell), narrow(dc),
                                         maybe(c.later, narrow(dc_later)), wide(dgates),
                                         narrow(dc_before)};
  if (target == nullptr) {
    ref::lstm_gates_forward(gates_forward);
    ref::lstm_output_forward(output_forward);
    ref::lstm_output_backward(output_backward);
    ref::lstm_gates_backward(gates_backward);
  } else {
    Status done = cpu::force_target(target);
    if (done.ok()) done = lstm_gates_forward(gates_forward);
    if (done.ok()) done = lstm_output_forward(output_forward);
    if (done.ok()) done = lstm_output_backward(output_backward);
    if (done.ok()) done = lstm_gates_backward(gates_backward);
    if (!done.ok()) std::printf("%s\n", done.message().c_str());
  }
  std::string bytes;
  for (const Memory* each : {&gates, &c_next, &t, &y, &dgates, &du, &dc_before}) {
    each->append_to(&bytes);
  }
  return fnv1a_64(bytes);
}

}  // namespace
}  // namespace norma::test

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: lstm FILE\n"), 2;
  return norma::test::check_cases(argv[1], norma::test::all_cases(), norma::test::hash_of);
}

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A hash for each of a list of cases, with data that are the same on every machine: what the
// channel norms compute changes on no target and in no later version. Only where the contract
// itself changes is the file made anew, by this test with NORMA_WRITE_GOLDEN set to a path.
// Spans: core/ref, core/cpu, core/plan.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "tests/core/cpu/batch_run.h"
#include "tests/core/cpu/group_run.h"

namespace norma::test {
namespace {

// Multiples of 2^-12 in [-2, 2), times a power of two.
std::vector<float> exact_values(int64_t count, uint64_t seed, float scale = 1) {
  SplitMix64 random(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) {
    v = static_cast<float>(static_cast<int64_t>(random.next() >> 50) - 8192) / 4096.0f * scale;
  }
  return values;
}

uint64_t hash_of(const std::vector<const std::vector<float>*>& results) {
  std::string bytes;
  for (const std::vector<float>* each : results) {
    for (const float value : *each) {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      if (std::isnan(value)) bits = 0x7fc00000;  // that it is one is promised, not which
      for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift & 255);
    }
  }
  return mix64(fnv1a_64(bytes));
}

struct GroupGolden {
  int64_t samples, channels, groups, positions;
};

// name -> hash, by one way of running.
using Hashes = std::map<std::string, uint64_t>;

// What the types of a case add to its name: none where all are f32.
struct NamedTypes {
  const char* suffix;
  Types types;
};
constexpr NamedTypes kTypes[] = {
    {"", {}},
    {".bf16", {DType::kBF16, DType::kBF16, DType::kBF16}},
    {".bf16.f32", {DType::kBF16, DType::kF32, DType::kF32}},
    {".f16", {DType::kF16, DType::kF16, DType::kF16}},
    {".f16.f32", {DType::kF16, DType::kF32, DType::kF32}},
};
// Those that 16 bits have something to say about: f16 holds neither huge values nor tiny ones.
bool has_case(const NamedTypes& types, std::string_view kind) {
  return types.types.rows == DType::kF32 ||
         (kind != "tiny" && kind != "constant" &&
          (types.types.rows == DType::kBF16 || kind != "huge"));
}

template <typename Run>
void add_group_hashes(const Run& run, const NamedTypes& types, Hashes* hashes) {
  for (const GroupGolden& g : {GroupGolden{1, 1, 1, 1},
                               {2, 6, 3, 5},
                               {3, 32, 8, 49},
                               {33, 4, 2, 9},
                               {70, 3, 1, 2},
                               {1, 20, 20, 1100},
                               {2, 17, 17, 257},
                               {1, 256, 32, 16},
                               {2, 48, 1, 64},
                               {5, 300, 5, 1}}) {
    for (const char* kind : {"plain", "offset", "tiny", "huge", "constant", "infinite"}) {
      if (!has_case(types, kind)) continue;
      for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
        GroupProblem p = group_problem(g.samples, g.channels, g.groups, g.positions, layout);
        const std::string_view what = kind;
        const float scale = what == "tiny" ? 0x1p-135f : what == "huge" ? 0x1p125f : 1;
        p.x = exact_values(p.size(), 1, scale);
        for (float& v : p.x) v = what == "constant" ? 3.25f : what == "offset" ? v + 4096 : v;
        if (what == "infinite") p.x[p.x.size() / 2] = HUGE_VALF;
        p.dy = exact_values(p.size(), 2, 0x1p-20f);
        p.weight = exact_values(p.channels, 3);
        p.bias = exact_values(p.channels, 4);
        const GroupResults r = run(in_types(p, types.types));
        const std::string name =
            std::string("group_norm.") + (layout == Layout::kNchw ? "nchw." : "nhwc.") +
            std::to_string(g.samples) + "." + std::to_string(g.channels) + "." +
            std::to_string(g.groups) + "." + std::to_string(g.positions) + "." + kind +
            types.suffix;
        (*hashes)[name] =
            hash_of({&r.mean_hi, &r.mean_lo, &r.rstd, &r.y, &r.dx, &r.dweight, &r.dbias});
      }
    }
  }
}

template <typename Run>
void add_batch_hashes(const Run& run, const NamedTypes& types, Hashes* hashes) {
  for (const auto& [rows, cols] : std::vector<std::pair<int64_t, int64_t>>{
           {2, 1}, {5, 17}, {32, 8}, {33, 70}, {100, 3}, {1024, 5}, {1100, 9}, {3000, 2}}) {
    for (const char* kind :
         {"plain", "offset", "tiny", "huge", "constant", "infinite", "masked", "evaluation"}) {
      if (!has_case(types, kind)) continue;
      const std::string_view what = kind;
      BatchProblem p;
      p.rows = rows;
      p.cols = cols;
      const float scale = what == "tiny" ? 0x1p-135f : what == "huge" ? 0x1p125f : 1;
      p.x = exact_values(rows * cols, 1, scale);
      for (float& v : p.x) v = what == "constant" ? 3.25f : what == "offset" ? v + 4096 : v;
      if (what == "infinite") p.x[p.x.size() / 2] = HUGE_VALF;
      for (int64_t r = 0; what == "masked" && r < rows; ++r) p.mask.push_back(r % 5 != 3);
      p.spec.training = what != "evaluation";
      p.dy = exact_values(rows * cols, 2, 0x1p-20f);
      p.weight = exact_values(cols, 3);
      p.bias = exact_values(cols, 4);
      p.running_mean = exact_values(cols, 5);
      for (const float v : exact_values(cols, 6)) p.running_var.push_back(v * v);
      const BatchResults r = run(in_types(p, types.types));
      const std::string name = "batch_norm." + std::to_string(rows) + "." + std::to_string(cols) +
                               "." + kind + types.suffix;
      (*hashes)[name] = hash_of({&r.mean_hi, &r.mean_lo, &r.rstd, &r.running_mean, &r.running_var,
                                 &r.y, &r.dx, &r.dweight, &r.dbias});
    }
  }
}

std::string golden_path() {
  return std::string(NORMA_SOURCE_DIR) + "/tests/golden/channel_norms.txt";
}

Hashes read_golden() {
  Hashes hashes;
  std::ifstream file(golden_path());
  std::string name, hash;
  while (file >> name >> hash) hashes[name] = std::strtoull(hash.c_str(), nullptr, 16);
  return hashes;
}

void expect_golden(const Hashes& got, const std::string& who) {
  const Hashes want = read_golden();
  ASSERT_FALSE(want.empty()) << golden_path();
  EXPECT_EQ(got.size(), want.size());
  for (const auto& [name, hash] : got) {
    const auto it = want.find(name);
    ASSERT_NE(it, want.end()) << name;
    EXPECT_EQ(hash, it->second) << name << " on " << who;
  }
}

TEST(ChannelGolden, TheSpecification) {
  Hashes hashes;
  for (const NamedTypes& types : kTypes) {
    add_group_hashes([](const GroupProblem& p) { return specified(p); }, types, &hashes);
    add_batch_hashes([](const BatchProblem& p) { return specified(p); }, types, &hashes);
  }
  if (const char* path = std::getenv("NORMA_WRITE_GOLDEN")) {
    std::ofstream file(path);
    for (const auto& [name, hash] : hashes) {
      char text[32];
      std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
      file << name << ' ' << text << '\n';
    }
  }
  expect_golden(hashes, "ref");
}

// Forward, then backward with what the forward has saved.
template <typename Run, typename Results, typename Problem>
Results both_passes(const cpu::Kernels& kernels, const Problem& p, const Run& run) {
  Results r;
  run(p).forward(kernels, &r);
  const Results saved = r;
  run(p).backward(kernels, saved, &r);
  return r;
}

TEST(ChannelGolden, EveryTarget) {
  const Way way{.threads = 2, .grain = 1};
  for (const cpu::Kernels* kernels : all_kernels()) {
    Hashes hashes;
    const auto group = [&](const GroupProblem& p) { return GroupRun(p, way, false); };
    const auto batch = [&](const BatchProblem& p) { return BatchRun(p, way); };
    for (const NamedTypes& types : kTypes) {
      add_group_hashes(
          [&](const GroupProblem& p) {
            return both_passes<decltype(group), GroupResults>(*kernels, p, group);
          },
          types, &hashes);
      add_batch_hashes(
          [&](const BatchProblem& p) {
            return both_passes<decltype(batch), BatchResults>(*kernels, p, batch);
          },
          types, &hashes);
    }
    expect_golden(hashes, kernels->name);
  }
}

}  // namespace
}  // namespace norma::test

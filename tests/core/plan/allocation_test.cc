// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A call of any operator allocates nothing: what a pass needs is its caller's workspace.
// Spans: core/plan, core/cpu, base.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "core/plan/channel_norm.h"
#include "core/plan/fused_norm.h"
#include "core/plan/plan.h"
#include "core/plan/pointwise.h"
#include "core/plan/seed_norm.h"
#include "tests/core/hostile_rows.h"
#include "tests/core/norm_case.h"

namespace {
std::atomic<int64_t> allocations{0};

void* counted(size_t bytes, size_t alignment) {
  ++allocations;
  const size_t size = (std::max<size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

// Every new of this program is counted, on whatever thread.
[[gnu::noinline]] void* operator new(size_t bytes) { return counted(bytes, 16); }
[[gnu::noinline]] void* operator new(size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace norma::test {
namespace {

TEST(Allocations, AreCounted) {
  struct alignas(64) Line {
    char bytes[64];
  };
  int64_t before = allocations;
  const std::vector<char> some(100);
  asm volatile("" : : "r"(some.data()) : "memory");
  EXPECT_GT(allocations, before);
  before = allocations;
  const std::vector<Line> lines(2);
  asm volatile("" : : "r"(lines.data()) : "memory");
  EXPECT_GT(allocations, before);
}

// Two threads' shares, one after the other on the calling thread.
const Executor& dealing_executor() {
  static constexpr Executor executor{
      [](void*, int64_t count, int64_t grain, Executor::Body body, void* context) {
        const int64_t share = std::max({grain, (count + 1) / 2, int64_t{1}});
        for (int64_t begin = 0; begin < count; begin += share) {
          body(context, begin, std::min(count, begin + share));
        }
      },
      [](void*) { return 2; }, nullptr};
  return executor;
}

// One thread, two threads' shares, and OpenMP's threads, which start with their first work. Fresh
// threads a call, a ThreadSanitizer build's own, are allocated by their executor.
template <class Call>
void expect_no_allocation(const std::string& what, const Call& call) {
  std::vector<const Executor*> executors = {&serial_executor(), &dealing_executor()};
  if (default_executor().parallel_for != std_thread_executor(1).parallel_for) {
    executors.push_back(&default_executor());
  }
  for (const Executor* executor : executors) {
    const Status first = call(*executor);  // start-up may allocate
    ASSERT_TRUE(first.ok()) << what << ": " << first.message();
    const int64_t before = allocations;
    const bool ok = call(*executor).ok();
    EXPECT_EQ(allocations - before, 0) << what;
    EXPECT_TRUE(ok) << what;
  }
}

// Rows of every kind, with all that any operator may ask for beside them.
struct Memory {
  static constexpr int64_t kRows = 2 * kHostileRows, kCols = 1500;

  explicit Memory(DType type)
      : dtype(type),
        x(matrix()),
        dy(matrix()),
        y(matrix()),
        dx(matrix()),
        other(matrix()),
        sum(matrix()),
        weight(1, kCols, 0, 0, type),
        bias(weight),
        third(weight),
        dweight(weight),
        dbias(weight),
        dthird(weight),
        hi(1, kRows * kCols),
        lo(hi),
        rstd(hi),
        table(kRows, kCols / 2),
        work(1 << 16) {
    std::vector<float> values;
    for (int64_t r = 0; r < kRows; ++r) {
      const std::vector<float> row =
          r % 2 == 0 ? hostile_row(static_cast<int>(r / 2), kCols)
                     : normal_values(kCols, static_cast<uint64_t>(r));
      values.insert(values.end(), row.begin(), row.end());
    }
    x.assign(values);
    dy.assign(normal_values(kRows * kCols, 3));
    other.assign(normal_values(kRows * kCols, 4));
    weight.assign(normal_values(kCols, 5, 0.5f, 1));
    bias.assign(normal_values(kCols, 6));
    third.assign(normal_values(kCols, 7));
  }
  PaddedRows matrix() const { return {kRows, kCols, 0, 0, dtype}; }
  ConstVectorView parameter(PaddedRows& values) const { return {values.data(), dtype, kCols}; }
  VectorView gradient(PaddedRows& values) const { return {values.data(), dtype, kCols}; }
  NormForward forward(bool adds) {
    return {x.view(),
            parameter(weight),
            parameter(bias),
            y.view(),
            {hi.data(), lo.data(), rstd.data()},
            adds ? other.view() : RowsView(),
            adds ? sum.view() : RowsView()};
  }
  NormBackward backward() {
    return {x.view(),
            dy.view(),
            parameter(weight),
            {hi.data(), lo.data(), rstd.data()},
            dx.view(),
            gradient(dweight),
            gradient(dbias)};
  }
  size_t bytes() const { return work.size() * sizeof(work[0]); }

  DType dtype;
  PaddedRows x, dy, y, dx, other, sum, weight, bias, third, dweight, dbias, dthird, hi, lo, rstd;
  PaddedRows table;
  std::vector<NormCase::Line> work;
};

class NothingIsAllocated : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(Types, NothingIsAllocated,
                         testing::Values(DType::kF32, DType::kBF16, DType::kF16),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_P(NothingIsAllocated, ByRowNorms) {
  Memory m(GetParam());
  for (const NormKind kind :
       {NormKind::kLayerNorm, NormKind::kRmsNorm, NormKind::kL2Norm, NormKind::kCrmsNorm}) {
    const NormSpec spec{kind, 1e-5};
    const auto drop = [&](auto* statistics) {
      if (!saves_mean_hi(kind)) statistics->mean_hi = nullptr;
      if (!saves_mean_lo(kind)) statistics->mean_lo = nullptr;
    };
    for (const bool adds : {false, true}) {
      NormForward f = m.forward(adds);
      drop(&f.statistics);
      expect_no_allocation(std::string(name_of(kind)) + (adds ? " with a residual" : ""),
                           [&](const Executor& e) { return norm_forward(spec, f, e); });
    }
    NormBackward b = m.backward();
    drop(&b.statistics);
    expect_no_allocation(std::string(name_of(kind)) + " backward", [&](const Executor& e) {
      return norm_backward(spec, b, m.work.data(), m.bytes(), e);
    });
  }
}

TEST_P(NothingIsAllocated, ByWhatIsFused) {
  Memory m(GetParam());
  const NormSpec spec{NormKind::kLayerNorm, 1e-5};
  const GatedForward gated{m.forward(false), m.other.view()};
  expect_no_allocation("gate",
                       [&](const Executor& e) { return gated_norm_forward(spec, gated, e); });
  const RopeForward rope{m.forward(false), {m.table.view(), m.table.view()}};
  expect_no_allocation("rope",
                       [&](const Executor& e) { return rope_norm_forward(spec, rope, e); });
  std::vector<uint8_t> q(static_cast<size_t>(Memory::kRows * Memory::kCols));
  std::vector<float> scale(static_cast<size_t>(Memory::kRows));
  QuantizedForward quantized{m.forward(false), q.data(), Memory::kCols, scale.data()};
  quantized.norm.y = {};
  expect_no_allocation("int8", [&](const Executor& e) {
    return quantized_norm_forward(spec, quantized, m.work.data(), m.bytes(), e);
  });
}

TEST_P(NothingIsAllocated, ByWhatStandsInANormsPlace) {
  Memory m(GetParam());
  for (const PointwiseKind kind : {PointwiseKind::kDyt, PointwiseKind::kDerf}) {
    const PointwiseForward f{m.x.view(), m.parameter(m.weight), m.parameter(m.bias), m.y.view()};
    expect_no_allocation("pointwise", [&](const Executor& e) {
      return pointwise_forward({kind, 0.5, 0}, f, e);
    });
  }
  const SeedNormForward seed{1e-6,
                             m.x.view(),
                             m.parameter(m.weight),
                             m.parameter(m.bias),
                             m.parameter(m.third),
                             m.y.view(),
                             m.hi.data(),
                             m.rstd.data()};
  expect_no_allocation("seed_norm", [&](const Executor& e) { return seed_norm_forward(seed, e); });
}

TEST_P(NothingIsAllocated, ByChannelNorms) {
  Memory m(GetParam());
  const BatchNormForward batch{m.x.view(),
                               nullptr,
                               m.parameter(m.weight),
                               m.parameter(m.bias),
                               m.y.view(),
                               {},
                               {},
                               {m.hi.data(), m.lo.data(), m.rstd.data()}};
  expect_no_allocation("batch_norm", [&](const Executor& e) {
    return batch_norm_forward({}, batch, m.work.data(), m.bytes(), e);
  });
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    const auto images = [&](PaddedRows& memory) {
      return ImagesView{memory.data(), m.dtype, layout, 2, Memory::kCols, Memory::kRows / 2};
    };
    const GroupNormForward group{images(m.x),
                                 m.parameter(m.weight),
                                 m.parameter(m.bias),
                                 images(m.y),
                                 {m.hi.data(), m.lo.data(), m.rstd.data()}};
    expect_no_allocation("group_norm", [&](const Executor& e) {
      return group_norm_forward({300, 1e-5}, group, m.work.data(), m.bytes(), e);
    });
  }
}

}  // namespace
}  // namespace norma::test

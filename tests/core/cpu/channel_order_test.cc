// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What order_test.cc does for the row norms, for BatchNorm and GroupNorm: the trees of
// additions of every target, read back from their results. A gradient of ones is a count of what it
// added.
// Spans: core/cpu.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/cpu/batch_norms.h"
#include "core/cpu/group_norms.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/cpu/order_probe.h"
#include "tests/core/written_order.h"

namespace norma::test {
namespace {

// ---- BatchNorm

// Of padding every fourth row, or none.
std::vector<uint8_t> mask_of(int64_t rows, bool masked) {
  std::vector<uint8_t> mask;
  for (int64_t r = 0; masked && r < rows; ++r) mask.push_back(r % 4 != 1);
  return mask;
}
std::vector<int64_t> counted(int64_t begin, int64_t rows, const std::vector<uint8_t>& mask) {
  std::vector<int64_t> some;
  for (int64_t r = begin; r < rows; ++r) {
    if (mask.empty() || mask[static_cast<size_t>(r)] != 0) some.push_back(r);
  }
  return some;
}

TEST(ChannelOrder, BatchNormsGradients) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int threads : {1, 3, 8}) {
      const Executor executor = std_thread_executor(threads);
      for (const bool masked : {false, true}) {
        for (const int64_t rows : kRows) {
          const std::vector<uint8_t> mask = mask_of(rows, masked);
          const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
            const auto cols = static_cast<int64_t>(others.size());
            const std::vector<float> x = filled(rows * cols, 1), zeros = filled(cols, 0),
                                     ones = filled(cols, 1),
                                     dy = planted_down(rows, i, others, kOnes);
            std::vector<float> dweight(others.size()), dbias(others.size());
            const BatchNormBackward args{rows_in(x, cols), rows_in(dy, cols),
                                         masked ? mask.data() : nullptr, {},
                                         {const_cast<float*>(zeros.data()),
                                          const_cast<float*>(zeros.data()),
                                          const_cast<float*>(ones.data())},
                                         {}, result_in(dweight), result_in(dbias)};
            const BatchNormSpec spec;
            Workspace workspace(cpu::batch_norm_backward_workspace(spec, args));
            cpu::batch_norm_backward(*kernels, spec, args, workspace.data(), executor);
            EXPECT_EQ(dweight, dbias);
            return as_doubles(dbias);
          };
          const std::vector<int64_t> some = counted(0, rows, mask);
          ASSERT_EQ(probed_tree(some, outside).second, tree_by_section_5(rows, some))
              << kernels->name << ", " << threads << " threads, " << rows << " rows, masked "
              << masked;
        }
      }
    }
  }
}

// The sum of a column in the forward pass, out of the running mean. The pivot is 0 where the 24
// rows are that it comes from; the tree is read over the others. So many rows, and units so small,
// are what the guard of section 2 lets pass with numbers in which units vanish in f64 too; with
// greater numbers the column is redone, in f64 and by the same tree.
TEST(ChannelOrder, BatchNormsMeans) {
  constexpr int64_t kMany = 1100;
  constexpr float kUnit = 0x1p-10f;
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int threads : {1, 3}) {
      const Executor executor = std_thread_executor(threads);
      for (const float large : {0x1p54f, 0x1p62f}) {
        const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
          const auto cols = static_cast<int64_t>(others.size());
          const std::vector<float> x = planted_down(
              kMany, i, others, [](int64_t r) { return r < 24 ? 0.0f : kUnit; }, large);
          std::vector<float> y(x.size()), mean(others.size()), var(others.size());
          const BatchNormForward args{rows_in(x, cols), nullptr,         {}, {}, rows_in(y, cols),
                                      result_in(mean),  result_in(var), {}};
          const BatchNormSpec spec{true, 1e-5, 1};
          Workspace workspace(cpu::batch_norm_forward_workspace(spec, args));
          cpu::batch_norm_forward(*kernels, spec, args, workspace.data(), executor);
          std::vector<double> counts;
          for (const float each : mean) counts.push_back(std::round(each * kMany / kUnit));
          return counts;
        };
        const std::vector<int64_t> some = range_of(24, kMany);
        ASSERT_EQ(probed_tree(some, outside).second, tree_by_section_5(kMany, some))
            << kernels->name << ", " << threads << " threads, " << large;
      }
    }
  }
}

// ---- GroupNorm

class GroupOrder : public testing::TestWithParam<Layout> {};
INSTANTIATE_TEST_SUITE_P(Layouts, GroupOrder, testing::Values(Layout::kNchw, Layout::kNhwc),
                         [](const auto& info) {
                           return std::string(info.param == Layout::kNchw ? "nchw" : "nhwc");
                         });

struct Images {
  Layout layout;
  int64_t samples, channels, positions;

  int64_t size() const { return samples * channels * positions; }
  size_t place(int64_t n, int64_t c, int64_t s) const {
    return static_cast<size_t>(layout == Layout::kNchw ? (n * channels + c) * positions + s
                                                       : (n * positions + s) * channels + c);
  }
  ConstImagesView view(const std::vector<float>& values) const {
    return {values.data(), DType::kF32, layout, samples, channels, positions};
  }
  ImagesView view(std::vector<float>& values) const {
    return {values.data(), DType::kF32, layout, samples, channels, positions};
  }
};

struct GroupGradients {
  std::vector<float> dx, dbias;
};

// Where xhat is 1.
GroupGradients group_gradients(const cpu::Kernels& kernels, const Images& images, int64_t groups,
                               const std::vector<float>& dy, const Executor& executor) {
  const std::vector<float> x = filled(images.size(), 1);
  std::vector<float> zeros = filled(images.samples * groups, 0),
                     ones = filled(images.samples * groups, 1);
  GroupGradients got{filled(images.size(), 0), filled(images.channels, 0)};
  std::vector<float> dweight(got.dbias.size());
  const GroupNormBackward args{images.view(x), images.view(dy), {},
                               {zeros.data(), zeros.data(), ones.data()}, images.view(got.dx),
                               result_in(dweight), result_in(got.dbias)};
  const GroupNormSpec spec{groups, 1e-5};
  Workspace workspace(cpu::group_norm_backward_workspace(spec, args, executor));
  cpu::group_norm_backward(kernels, spec, args, workspace.data(), workspace.bytes(), executor);
  EXPECT_EQ(dweight, got.dbias);
  return got;
}

// A channel is a probe: its positions by section 1, or, where it has one, samples by section 5.
TEST_P(GroupOrder, SumsOfChannels) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int threads : {1, 3}) {
      const Executor executor = std_thread_executor(threads);
      const auto outside_of = [&](int64_t samples, int64_t positions) {
        return [&, samples, positions](int64_t i, const std::vector<int64_t>& others) {
          const auto channels = static_cast<int64_t>(others.size());
          const Images images{GetParam(), samples, channels, positions};
          std::vector<float> dy = filled(images.size(), 1);
          for (int64_t c = 0; c < channels; ++c) {
            const auto at = [&](int64_t k) -> float& {
              return dy[samples == 1 ? images.place(0, c, k) : images.place(k, c, 0)];
            };
            at(i) = kLarge;
            at(others[static_cast<size_t>(c)]) = -kLarge;
          }
          return as_doubles(group_gradients(*kernels, images, channels, dy, executor).dbias);
        };
      };
      for (const int64_t n : kLengths) {
        const std::vector<int64_t> all = range_of(0, n);
        ASSERT_EQ(probed_tree(all, outside_of(1, n)).second, tree_by_section_1(n, all))
            << kernels->name << ", " << threads << " threads, " << n << " positions";
      }
      for (const int64_t n : kRows) {
        if (n == 1) continue;
        ASSERT_EQ(probed_tree(range_of(0, n), outside_of(n, 1)).second, tree_by_section_5(n))
            << kernels->name << ", " << threads << " threads, " << n << " samples";
      }
    }
  }
}

// A group is a probe: both means of its gradient are the sum of dy over n, so that dx of an element
// without a gradient, the last, is minus twice that.
TEST_P(GroupOrder, SumsOfGroups) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int64_t depth : {1, 2, 3, 16}) {
      for (const int64_t positions : {1, 7, 49, 64, 100}) {
        const int64_t n = depth * positions;
        if (n < 3) continue;
        const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
          const auto groups = static_cast<int64_t>(others.size());
          const Images images{GetParam(), 1, groups * depth, positions};
          std::vector<float> dy = filled(images.size(), 1);
          const auto place = [&](int64_t g, int64_t k) {
            return images.place(0, g * depth + k / positions, k % positions);
          };
          for (int64_t g = 0; g < groups; ++g) {
            dy[place(g, n - 1)] = 0;
            dy[place(g, i)] = kLarge;
            dy[place(g, others[static_cast<size_t>(g)])] = -kLarge;
          }
          const GroupGradients got =
              group_gradients(*kernels, images, groups, dy, serial_executor());
          std::vector<double> counts;
          for (int64_t g = 0; g < groups; ++g) {
            counts.push_back(std::round(got.dx[place(g, n - 1)] * static_cast<double>(n) / -2));
          }
          return counts;
        };
        const std::vector<int64_t> some = range_of(0, n - 1);
        ASSERT_EQ(probed_tree(some, outside).second, tree_by_section_1(n, some))
            << kernels->name << " " << depth << " channels of " << positions;
      }
    }
  }
}

// The mean of the forward pass, over the elements that the pivot does not come from. Units vanish
// in 2^40 in f32, and the guard lets its square pass.
TEST_P(GroupOrder, MeansOfGroups) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const auto& [depth, positions] :
         std::vector<std::pair<int64_t, int64_t>>{{1, 25}, {4, 16}, {3, 100}, {16, 64}}) {
      const int64_t n = depth * positions;
      const auto outside = [&, depth = depth, positions = positions](
                               int64_t i, const std::vector<int64_t>& others) {
        const auto groups = static_cast<int64_t>(others.size());
        const Images images{GetParam(), 1, groups * depth, positions};
        std::vector<float> x(static_cast<size_t>(images.size())), y(x.size()), hi(others.size());
        for (int64_t g = 0; g < groups; ++g) {
          for (int64_t k = 24; k < n; ++k) {
            x[images.place(0, g * depth + k / positions, k % positions)] =
                k == i ? 0x1p40f : k == others[static_cast<size_t>(g)] ? -0x1p40f : 1.0f;
          }
        }
        const GroupNormForward args{images.view(x), {}, {}, images.view(y), {hi.data(), {}, {}}};
        const GroupNormSpec spec{groups, 1e-5};
        Workspace workspace(cpu::group_norm_forward_workspace(spec, args, serial_executor()));
        cpu::group_norm_forward(*kernels, spec, args, workspace.data(), workspace.bytes(),
                                serial_executor());
        std::vector<double> counts;
        for (const float each : hi) counts.push_back(std::round(each * static_cast<double>(n)));
        return counts;
      };
      const std::vector<int64_t> some = range_of(24, n);
      ASSERT_EQ(probed_tree(some, outside).second, tree_by_section_1(n, some))
          << kernels->name << " " << depth << " channels of " << positions;
    }
  }
}

}  // namespace
}  // namespace norma::test

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Compiled without the kernels' flags: it runs before the processor has been asked.
#include "core/cpu/channel_targets.h"

#include <array>
#include <string_view>

#include "core/cpu/norm_tables.h"

namespace norma::cpu {
namespace {

// In the order of Target.
constexpr std::string_view kNames[] = {"sse4", "avx2", "avx512", "neon"};
static_assert(std::size(kNames) == kTargets);

std::array<ChannelKernels, kTargets> all_targets() {
  std::array<ChannelKernels, kTargets> all{};
  for (int t = 0; t < kTargets; ++t) {
    ChannelKernels& kernels = all[static_cast<size_t>(t)];
    // What this build lacks stays null, and no Kernels name it.
    group_norm_kernels(static_cast<Target>(t), &kernels.group_norm);
    batch_norm_kernels(static_cast<Target>(t), &kernels.batch_norm);
  }
  return all;
}

}  // namespace

const ChannelKernels& channel_kernels(const Kernels& kernels) {
  static const std::array<ChannelKernels, kTargets> all = all_targets();
  size_t t = 0;
  while (t + 1 < all.size() && kNames[t] != kernels.name) ++t;
  return all[t];
}

}  // namespace norma::cpu

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How GroupNorm's work is cut into pieces for threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/executor.h"
#include "core/channel_norm.h"
#include "core/cpu/kernels.h"
#include "core/fp_environment.h"

namespace norma::cpu {

struct GroupShape {
  int64_t samples, groups, channels, positions;
  DType dtype;
  bool nhwc;

  GroupShape(const GroupNormSpec& spec, const ConstImagesView& v)
      : samples(v.samples),
        groups(spec.groups),
        channels(v.channels),
        positions(v.positions),
        dtype(v.dtype),
        // With one position the layouts are one, and this way is the faster.
        nhwc(v.layout == Layout::kNhwc || v.positions == 1) {}

  int64_t depth() const { return channels / groups; }  // channels of a group
  int64_t row() const { return depth() * positions; }  // elements of a group
  int64_t rows() const { return samples * groups; }
  int64_t sample() const { return channels * positions; }
  bool empty() const { return samples == 0 || sample() == 0; }

  // Groups of NHWC are transposed together until they fill the cache lines that hold them.
  int64_t panel_groups() const {
    const int64_t line = 64 / static_cast<int64_t>(size_of(dtype));
    return std::min(groups, (line + depth() - 1) / depth());
  }
  int64_t panels() const { return (groups + panel_groups() - 1) / panel_groups(); }
  Range panel(int64_t index) const {
    return {index * panel_groups(), std::min((index + 1) * panel_groups(), groups)};
  }
};

// Threads worth waking for `rows` of which `grain` are worth one.
inline int64_t worthwhile_parts(int64_t rows, int64_t grain, const Executor& executor) {
  const int64_t worth = rows / grain;
  return worth < 2 ? 1 : std::min<int64_t>(worth, executor.threads(executor.self));
}

// body(part, range) for `parts` ranges of [0, count), each on one thread.
template <typename Body>
void deal(const Executor& executor, int64_t count, int64_t parts, const Body& body) {
  const auto some = [&](int64_t begin, int64_t end) {
    const DefaultFpEnvironment environment;
    for (int64_t p = begin; p < end; ++p) {
      // count / parts first: their product may be more than a number holds.
      const int64_t each = count / parts, more = count % parts;
      const Range range{p * each + std::min(p, more), (p + 1) * each + std::min(p + 1, more)};
      if (range.begin < range.end) body(p, range);
    }
  };
  parts <= 1 ? some(0, 1) : parallel_for(executor, parts, 1, some);
}

// Samples of NHWC in two stages: units(part, sample, panel), then rows(part, sample, positions),
// which needs all units of its sample. Where there are samples enough each stays on one thread, and
// in its cache; else the stages are dealt one after the other.
template <typename Units, typename Rows>
void deal_samples(const Executor& executor, const GroupShape& shape, int64_t parts,
                  const Units& units, const Rows& rows) {
  const int64_t panels = shape.panels();
  if (shape.samples >= parts) {
    return deal(executor, shape.samples, parts, [&](int64_t part, Range samples) {
      for (int64_t n = samples.begin; n < samples.end; ++n) {
        for (int64_t panel = 0; panel < panels; ++panel) units(part, n, panel);
        rows(part, n, Range{0, shape.positions});
      }
    });
  }
  deal(executor, shape.samples * panels, parts, [&](int64_t part, Range some) {
    for (int64_t u = some.begin; u < some.end; ++u) units(part, u / panels, u % panels);
  });
  deal(executor, shape.samples * shape.positions, parts, [&](int64_t part, Range some) {
    for (int64_t r = some.begin; r < some.end;) {
      const int64_t n = r / shape.positions, first = r % shape.positions;
      const int64_t end = std::min(shape.positions, first + (some.end - r));
      rows(part, n, Range{first, end});
      r += end - first;
    }
  });
}

}  // namespace norma::cpu

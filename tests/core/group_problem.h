// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The data of one forward and backward pass of GroupNorm, and what the scalar specification makes
// of it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/channel_norm.h"
#include "core/ref/group_norm.h"
#include "tests/core/norm_problem.h"
#include "tests/core/typed_memory.h"
#include "tests/support/results.h"

namespace norma::test {

// T is float or double. x and dy lie as `layout` says; weight and bias may be empty: absent.
template <typename T>
struct GroupProblemOf {
  GroupNormSpec spec;
  Layout layout;
  int64_t samples, channels, positions;
  std::vector<T> x, dy, weight, bias;
  static constexpr DType kDType = sizeof(T) == 8 ? DType::kF64 : DType::kF32;
  Types types = {kDType, kDType, kDType};  // which hold every value above

  int64_t size() const { return samples * channels * positions; }
  int64_t groups() const { return samples * spec.groups; }  // of all samples
  int64_t row() const { return channels / spec.groups * positions; }
  // Where an element lies.
  int64_t place(int64_t n, int64_t c, int64_t s) const {
    return layout == Layout::kNchw ? (n * channels + c) * positions + s
                                   : (n * positions + s) * channels + c;
  }
  // Element i of group r, channel by channel.
  int64_t in_group(int64_t r, int64_t i) const {
    const int64_t depth = channels / spec.groups;
    return place(r / spec.groups, r % spec.groups * depth + i / positions, i % positions);
  }
  ConstImagesView view(const void* data) const {
    return {data, types.rows, layout, samples, channels, positions};
  }
  ImagesView view(void* data) const {
    return {data, types.rows, layout, samples, channels, positions};
  }
  static ConstVectorView parameter(const std::vector<T>& values) {
    return {values.empty() ? nullptr : values.data(), kDType, static_cast<int64_t>(values.size())};
  }
};
using GroupProblem = GroupProblemOf<float>;

// Empty: not asked for.
template <typename T>
struct GroupResultsOf {
  std::vector<T> y, mean_hi, mean_lo, rstd, dx, dweight, dbias;
};
using GroupResults = GroupResultsOf<float>;

// Channels with means of 0, 2, 4, .. and deviation 1.
inline GroupProblem group_problem(int64_t samples, int64_t channels, int64_t groups,
                                  int64_t positions, Layout layout = Layout::kNchw,
                                  uint64_t seed = 1, bool weight = true, bool bias = true) {
  GroupProblem p{{groups, 1e-5}, layout, samples, channels, positions, {}, {}, {}, {}};
  p.x = normal_values(p.size(), seed);
  p.dy = normal_values(p.size(), ~seed);
  for (int64_t i = 0; i < p.size(); ++i) {
    p.x[static_cast<size_t>(i)] += static_cast<float>(2 * (i / positions % 5));
  }
  if (weight) p.weight = normal_values(channels, seed + 1, 0.5f, 1);
  if (bias) p.bias = normal_values(channels, seed + 2);
  return p;
}

// The same images in the other layout.
template <typename T>
GroupProblemOf<T> in_other_layout(const GroupProblemOf<T>& p) {
  GroupProblemOf<T> q = p;
  q.layout = p.layout == Layout::kNchw ? Layout::kNhwc : Layout::kNchw;
  for (int64_t n = 0; n < p.samples; ++n) {
    for (int64_t c = 0; c < p.channels; ++c) {
      for (int64_t s = 0; s < p.positions; ++s) {
        const auto to = static_cast<size_t>(q.place(n, c, s));
        const auto from = static_cast<size_t>(p.place(n, c, s));
        q.x[to] = p.x[from];
        q.dy[to] = p.dy[from];
      }
    }
  }
  return q;
}

template <typename T>
GroupResultsOf<T> specified(const GroupProblemOf<T>& p) {
  using Memory = TypedMemory<T>;
  Memory x(p.x, p.types.rows), dy(p.dy, p.types.rows), y(p.size(), p.types.rows), dx = y;
  Memory weight(p.weight, p.types.parameters), bias(p.bias, p.types.parameters);
  Memory dweight(p.channels, p.types.gradients), dbias = dweight;
  GroupResultsOf<T> r;
  r.mean_hi.resize(static_cast<size_t>(p.groups()));
  r.mean_lo = r.rstd = r.mean_hi;
  ref::group_norm_forward(p.spec, {p.view(x.data()),
                                   weight.const_vector(),
                                   bias.const_vector(),
                                   p.view(y.data()),
                                   {r.mean_hi.data(), r.mean_lo.data(), r.rstd.data()}});
  ref::group_norm_backward(p.spec, {p.view(x.data()),
                                    p.view(dy.data()),
                                    weight.const_vector(),
                                    {r.mean_hi.data(), r.mean_lo.data(), r.rstd.data()},
                                    p.view(dx.data()),
                                    dweight.vector(),
                                    dbias.vector()});
  r.y = y.values();
  r.dx = dx.values();
  r.dweight = dweight.values();
  r.dbias = dbias.values();
  return r;
}

// Every result that `got` has, against `want`.
template <typename T>
testing::AssertionResult same_results(const GroupResultsOf<T>& got, const GroupResultsOf<T>& want) {
  const Member<GroupResultsOf<T>, T> all[] = {
      {"mean_hi", &GroupResultsOf<T>::mean_hi}, {"mean_lo", &GroupResultsOf<T>::mean_lo},
      {"rstd", &GroupResultsOf<T>::rstd},       {"y", &GroupResultsOf<T>::y},
      {"dx", &GroupResultsOf<T>::dx},           {"dweight", &GroupResultsOf<T>::dweight},
      {"dbias", &GroupResultsOf<T>::dbias}};
  return same_members(got, want, all);
}

}  // namespace norma::test

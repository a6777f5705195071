// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/group_norm.h"

#include <limits>

#include "core/ref/channel_statistics.h"
#include "core/ref/order.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

// Where the elements of a run of channels of one sample lie, in the order of their additions:
// channel by channel, position by position, in either layout.
struct Places {
  int64_t first_channel, channels, positions;
  int64_t base, channel_stride, position_stride;

  int64_t size() const { return channels * positions; }
  int64_t channel(int64_t i) const { return first_channel + i / positions; }
  int64_t at(int64_t i) const {
    return base + i / positions * channel_stride + i % positions * position_stride;
  }
};

Places places_of(const ConstImagesView& v, int64_t sample, int64_t channel, int64_t channels) {
  const bool nchw = v.layout == Layout::kNchw;
  const int64_t channel_stride = nchw ? v.positions : 1;
  return {channel,        channels,
          v.positions,    sample * v.channels * v.positions + channel * channel_stride,
          channel_stride, nchw ? 1 : v.channels};
}

Places group_of(const GroupNormSpec& spec, const ConstImagesView& v, int64_t row) {
  const int64_t channels = v.channels / spec.groups;
  return places_of(v, row / spec.groups, row % spec.groups * channels, channels);
}

// T is the type that a pass is worked in, and that of statistics: double for f64 images, else
// float.
template <typename T>
Elements<T> values_of(const ConstImagesView& v) {
  return {v.data, v.dtype, 0};
}

template <typename T>
void store_statistics(const Statistics& to, int64_t r, const ChannelStatistics<T>& s) {
  store_if_present<T>(to.mean_hi, r, s.mean_hi);
  store_if_present<T>(to.mean_lo, r, s.mean_lo);
  store_if_present<T>(to.rstd, r, s.rstd);
}

template <typename T>
ChannelStatistics<T> saved(const ConstStatistics& from, int64_t r) {
  const auto value = [r](const void* values) { return static_cast<const T*>(values)[r]; };
  return {value(from.mean_hi), value(from.mean_lo), value(from.rstd)};
}

template <typename T>
ChannelStatistics<T> statistics(const Places& group, const Elements<T>& x, double eps) {
  const int64_t n = group.size();
  const auto value = [&](int64_t i) { return x[group.at(i)]; };
  const auto sum = [&](auto work, const auto& term) {
    return row_sum<decltype(work)>(n, [&](int64_t i) { return term(value(i)); });
  };
  return ChannelMoments<T, decltype(value), decltype(sum)>(n, eps, value, sum).saved();
}

bool has_elements(const ConstImagesView& v) {
  return v.samples > 0 && v.channels > 0 && v.positions > 0;
}

// They have no mean; 0 is shown, as PyTorch does.
template <typename T>
void store_statistics_of_empty_groups(const Statistics& statistics, int64_t groups) {
  // Groups of no elements can be more than anyone could count.
  if (!statistics.mean_hi && !statistics.mean_lo && !statistics.rstd) return;
  for (int64_t r = 0; r < groups; ++r) {
    store_statistics<T>(statistics, r, {0, 0, std::numeric_limits<T>::quiet_NaN()});
  }
}

template <typename T>
void forward(const GroupNormSpec& spec, const GroupNormForward& args) {
  if (!has_elements(args.x)) {
    return store_statistics_of_empty_groups<T>(args.statistics, args.x.samples * spec.groups);
  }
  const Elements<T> x = values_of<T>(args.x);
  const Elements<T> weight = elements<T>(args.weight), bias = elements<T>(args.bias);
  for (int64_t r = 0; r < args.x.samples * spec.groups; ++r) {
    const Places group = group_of(spec, args.x, r);
    const ChannelStatistics<T> s = statistics(group, x, spec.eps);
    store_statistics(args.statistics, r, s);
    for (int64_t i = 0; i < group.size(); ++i) {
      T value = normalized(x[group.at(i)], s);
      if (weight) value = value * weight[group.channel(i)];
      if (bias) value = value + bias[group.channel(i)];
      store(args.y.data, args.y.dtype, group.at(i), value);
    }
  }
}

// dweight or dbias: the positions of a sample by section 1, rounded to T; then samples by section
// 5. term(sample's statistics, place) is one term.
template <typename T, typename Term>
void store_channel_sums(const GroupNormSpec& spec, const ConstImagesView& dy,
                        const VectorView& result, const Term& term) {
  if (result.data == nullptr) return;
  const int64_t samples = has_elements(dy) ? dy.samples : 0;
  for (int64_t c = 0; c < dy.channels; ++c) {
    const int64_t group = c / (dy.channels / spec.groups);
    const T sum = column_sum<T>(samples, [&](int64_t sample) {
      const Places channel = places_of(dy, sample, c, 1);
      return static_cast<T>(row_sum<T>(channel.size(), [&](int64_t i) {
        return term(sample * spec.groups + group, channel.at(i));
      }));
    });
    store(result.data, result.dtype, c, sum);
  }
}

template <typename T>
void store_dx(const GroupNormSpec& spec, const GroupNormBackward& args) {
  const Elements<T> x = values_of<T>(args.x), dy = values_of<T>(args.dy);
  const Elements<T> weight = elements<T>(args.weight);
  for (int64_t r = 0; r < args.dy.samples * spec.groups; ++r) {
    const Places group = group_of(spec, args.dy, r);
    const int64_t n = group.size();
    const ChannelStatistics<T> s = saved<T>(args.statistics, r);
    const auto g = [&](int64_t i) {
      const T v = dy[group.at(i)];
      return weight ? v * weight[group.channel(i)] : v;
    };
    const auto xhat = [&](int64_t i) { return normalized(x[group.at(i)], s); };
    const double inv_n = 1.0 / static_cast<double>(n);
    const T a = static_cast<T>(row_sum<T>(n, g) * inv_n);
    const T h = static_cast<T>(row_sum<T>(n, [&](int64_t i) { return g(i) * xhat(i); }) * inv_n);
    for (int64_t i = 0; i < n; ++i) {
      store(args.dx.data, args.dx.dtype, group.at(i), ((g(i) - a) - xhat(i) * h) * s.rstd);
    }
  }
}

template <typename T>
void backward(const GroupNormSpec& spec, const GroupNormBackward& args) {
  const Elements<T> x = values_of<T>(args.x), dy = values_of<T>(args.dy);
  // Before dx, which may be dy itself.
  store_channel_sums<T>(spec, args.dy, args.dweight, [&](int64_t r, int64_t place) {
    return dy[place] * normalized(x[place], saved<T>(args.statistics, r));
  });
  store_channel_sums<T>(spec, args.dy, args.dbias,
                        [&](int64_t, int64_t place) { return dy[place]; });
  if (args.dx.data != nullptr && has_elements(args.dy)) store_dx<T>(spec, args);
}

}  // namespace

void group_norm_forward(const GroupNormSpec& spec, const GroupNormForward& args) {
  args.x.dtype == DType::kF64 ? forward<double>(spec, args) : forward<float>(spec, args);
}

void group_norm_backward(const GroupNormSpec& spec, const GroupNormBackward& args) {
  args.dy.dtype == DType::kF64 ? backward<double>(spec, args) : backward<float>(spec, args);
}

}  // namespace norma::ref

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The vocabulary of the norms over channels: which norm is meant, and the arguments of its forward
// and backward pass.
//
// BatchNorm (Ioffe, Szegedy 2015): every column of a matrix by the mean and variance of its rows,
// or, in evaluation, by those that training has kept.
//
// GroupNorm (Wu, He 2018): LayerNorm of each group of channels of a sample over all its positions,
// then weight and bias by channel. groups = channels is InstanceNorm (Ulyanov et al. 2016), groups
// = 1 LayerNorm over the whole sample. Every rounding and the order of additions: the contract
// norma-1 (docs/numerics.md) as docs/channel-norms.md applies it.
//
// x, y, dy and dx have one type. Weight and bias have it too, or both f32 where it has 16 bits,
// and so has each of their gradients; statistics, the running ones too, are f64 where it is f64 and
// f32 otherwise.
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "base/rows_view.h"
#include "core/norm_spec.h"

namespace norma {

// Where element (sample, channel, position) lies; both are dense. A position is what an image has
// height * width of.
enum class Layout : int32_t {
  kNchw = 0,  // (sample * channels + channel) * positions + position
  kNhwc = 1,  // (sample * positions + position) * channels + channel
};

struct ImagesView {
  void* data = nullptr;  // null only where there are no elements, or where a field says so
  DType dtype = DType::kF32;
  Layout layout = Layout::kNchw;
  int64_t samples = 0;
  int64_t channels = 0;
  int64_t positions = 0;
};

struct ConstImagesView {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  Layout layout = Layout::kNchw;
  int64_t samples = 0;
  int64_t channels = 0;
  int64_t positions = 0;

  ConstImagesView() = default;
  ConstImagesView(const void* data_, DType dtype_, Layout layout_, int64_t samples_,
                  int64_t channels_, int64_t positions_)
      : data(data_),
        dtype(dtype_),
        layout(layout_),
        samples(samples_),
        channels(channels_),
        positions(positions_) {}
  ConstImagesView(const ImagesView& v)  // NOLINT: a mutable view is a const view
      : ConstImagesView(v.data, v.dtype, v.layout, v.samples, v.channels, v.positions) {}
};

struct GroupNormSpec {
  int64_t groups = 1;  // >= 1, divides channels
  double eps = 1e-5;   // as in NormSpec
};

// Statistics: one value for each group of each sample, at sample * groups + group.
struct GroupNormForward {
  ConstImagesView x;
  ConstVectorView weight;  // [channels]; absent: not multiplied
  ConstVectorView bias;    // [channels]; absent: not added
  ImagesView y;            // may be x itself; any other overlap is refused
  Statistics statistics;
};

// dx and each parameter gradient are computed where their data is not null, and overwritten,
// never added to.
struct GroupNormBackward {
  ConstImagesView x;
  ConstImagesView dy;
  ConstVectorView weight;
  ConstStatistics statistics;  // as the forward pass saved them
  ImagesView dx;               // may be dy itself
  VectorView dweight;          // [channels]
  VectorView dbias;            // [channels]
};

struct BatchNormSpec {
  bool training = true;  // whether the statistics are the batch's, or the running ones
  double eps = 1e-5;     // as in NormSpec
  // Of the running statistics in training: new = (1 - momentum) * old + momentum * batch. From 0 to
  // 1; 1 / k at batch k keeps the plain average.
  double momentum = 0.1;
};

// Statistics: one value a column. A row whose byte of the mask is 0 is padding: it enters no
// statistics and no gradient, whatever it holds, and its y and dx are 0.
struct BatchNormForward {
  ConstRowsView x;
  const uint8_t* mask = nullptr;  // [rows]; absent: every row counts
  ConstVectorView weight;         // [cols]; absent: not multiplied
  ConstVectorView bias;           // [cols]; absent: not added
  RowsView y;                     // may be x itself (same data and stride)
  // [cols]. Training: written where present, the variance without bias (n - 1). Evaluation: read.
  VectorView running_mean;
  VectorView running_var;
  Statistics statistics;
};

// dx and each parameter gradient are computed where their data is not null, and overwritten,
// never added to.
struct BatchNormBackward {
  ConstRowsView x;
  ConstRowsView dy;
  const uint8_t* mask = nullptr;  // as in the forward pass
  ConstVectorView weight;
  ConstStatistics statistics;  // as the forward pass saved them
  RowsView dx;                 // may be dy itself
  VectorView dweight;          // [cols]
  VectorView dbias;            // [cols]
};

}  // namespace norma

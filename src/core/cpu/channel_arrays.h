// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The constants of channels, in a workspace.
#pragma once

#include <cstdint>

#include "base/rows_view.h"
#include "core/cpu/channel_kernels.h"
#include "core/cpu/hostile_rows.h"
#include "core/cpu/kernels.h"
#include "core/cpu/scratch.h"

namespace norma::cpu {

// A weight or bias in f32: where it lies, or, of another type, in the workspace.
class ChannelParameter {
 public:
  ChannelParameter(Scratch& scratch, const ConstVectorView& given)
      : given_(given),
        own_(given.data != nullptr && given.dtype != DType::kF32 ? scratch.take<float>(given.size)
                                                                 : nullptr) {}

  const float* in_f32(const Kernels& kernels) const {
    if (own_ == nullptr) return static_cast<const float*>(given_.data);
    kernels.parameters.of[static_cast<size_t>(given_.dtype)].to_f32(given_.data, own_, given_.size);
    return own_;
  }

 private:
  const ConstVectorView given_;
  float* own_;
};

// One value a channel of everything that a channel's elements share.
class ChannelArrays {
 public:
  ChannelArrays() = default;
  ChannelArrays(Scratch& scratch, int64_t channels, bool means)
      : half_(scratch.take<float>(channels)),
        hi_(scratch.take<float>(channels)),
        lo_(scratch.take<float>(channels)),
        scale_(scratch.take<float>(channels)),
        rstd_(scratch.take<float>(channels)),
        a_(means ? scratch.take<float>(channels) : nullptr),
        h_(means ? scratch.take<float>(channels) : nullptr) {}

  void set(int64_t c, const SavedStatistics& s) {
    const bool halve = needs_halving(s.rstd);
    any_half_ = any_half_ || halve;
    half_[c] = halve ? 0.5f : 1.0f;
    hi_[c] = halve ? s.mean_hi / 2 : s.mean_hi;
    lo_[c] = halve ? s.mean_lo / 2 : s.mean_lo;
    scale_[c] = halve ? 2 * s.rstd : s.rstd;
    rstd_[c] = s.rstd;
  }
  void set_means(int64_t c, const GroupMeans& means) {
    a_[c] = means.a;
    h_[c] = means.h;
  }

  bool has_means() const { return a_ != nullptr; }

  // From channel `first` on. weight and bias are of all channels, or null.
  ChannelConstants constants(int64_t first, const float* weight, const float* bias) const {
    const ChannelConstants all{any_half_ ? half_ : nullptr, hi_,  lo_, scale_, rstd_,
                               weight,                      bias, a_,  h_};
    return all.from(first);
  }

 private:
  float *half_ = nullptr, *hi_ = nullptr, *lo_ = nullptr, *scale_ = nullptr, *rstd_ = nullptr;
  float *a_ = nullptr, *h_ = nullptr;
  bool any_half_ = false;
};

}  // namespace norma::cpu

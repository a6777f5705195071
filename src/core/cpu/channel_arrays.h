// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The constants of channels, in a workspace.
#pragma once

#include <cstdint>

#include "core/cpu/channel_kernels.h"
#include "core/cpu/hostile_rows.h"
#include "core/cpu/scratch.h"

namespace norma::cpu {

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
    const auto from = [first](const float* all) { return all == nullptr ? nullptr : all + first; };
    return {any_half_ ? half_ + first : nullptr,
            from(hi_),
            from(lo_),
            from(scale_),
            from(rstd_),
            from(weight),
            from(bias),
            from(a_),
            from(h_)};
  }

 private:
  float *half_ = nullptr, *hi_ = nullptr, *lo_ = nullptr, *scale_ = nullptr, *rstd_ = nullptr;
  float *a_ = nullptr, *h_ = nullptr;
  bool any_half_ = false;
};

}  // namespace norma::cpu

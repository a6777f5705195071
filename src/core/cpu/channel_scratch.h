// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Pieces of a workspace, and the constants of channels in one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cpu/channel_kernels.h"
#include "core/cpu/hostile_rows.h"

namespace norma::cpu {

// Hands out 64-byte aligned pieces of the workspace; without memory it only counts.
class Scratch {
 public:
  explicit Scratch(void* memory) : memory_(static_cast<char*>(memory)) {}
  template <typename T>
  T* take(int64_t count) {
    const size_t offset = used_;
    used_ += (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + offset);
  }
  size_t used() const { return used_; }

 private:
  char* memory_;
  size_t used_ = 0;
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

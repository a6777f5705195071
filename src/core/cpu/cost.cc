// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/cpu/cost.h"

#include <algorithm>
#include <atomic>

#include "base/cache_size.h"
#include "core/cpu/kernels.h"

namespace norma::cpu {
namespace {

// Rough, from one AVX-512 core at 3.7 GHz with rows in L2.
constexpr double kRowNs = 15;
constexpr double kForwardElementNs = 0.13;
constexpr double kBackwardElementNs = 0.25;
// To wake OpenMP's spinning threads and wait for them costs about 1 us, and a backward pass of few
// blocks does it twice: less work than this is done sooner by one.
constexpr double kForwardThreadNs = 1500;
constexpr double kBackwardThreadNs = 3000;

// Larger ones are shared by many cores, or by a host's other machines, and so is a part of any: on
// a shared 32 MiB, backward passes over 17 MB and forward passes over 16 to 25 MB were as quick
// past the cache as through it, larger ones up to 2.5 times as quick.
constexpr int64_t kMostCacheBytes = 32 << 20;

// The first level of Zen 4 (32 KiB) waits for some twenty lines at a time, which what comes from
// memory would hold up; those of 48 KiB, Zen 5's and Intel's of today, gain by it.
constexpr int64_t kRoomyFirstLevelBytes = 48 << 10;

// At about 4 us of a forward pass.
constexpr int64_t kColumnGrain = 32 << 10;

constexpr int64_t kLeastStreamBytes = 64 << 10;

std::atomic<int64_t> forced_grain{0};
std::atomic<int64_t> forced_stream_bytes{0};
std::atomic<int> forced_way_number{0};

int64_t grain(int64_t cols, double element_ns, double thread_ns) {
  const int64_t forced = forced_grain.load(std::memory_order_relaxed);
  if (forced > 0) return forced;
  const double row_ns = kRowNs + element_ns * static_cast<double>(cols);
  return std::max<int64_t>(1, static_cast<int64_t>(thread_ns / row_ns));
}

// 16 bits have more to compute for each line, and backward they store half a line at a time: row
// norms of 24 to 48 MB were up to 30 % quicker through 32 MiB, forward passes of 64 MB past them.
int64_t usable_bytes(int64_t element) {
  return std::min(last_level_cache_bytes(), kMostCacheBytes) / 8 * (element > 2 ? 5 : 13);
}

}  // namespace

bool fetch_into_l1 = false;
void set_fetch_into_l1() { fetch_into_l1 = first_level_cache_bytes() >= kRoomyFirstLevelBytes; }

int64_t forward_grain(int64_t cols) { return grain(cols, kForwardElementNs, kForwardThreadNs); }
int64_t backward_grain(int64_t cols) { return grain(cols, kBackwardElementNs, kBackwardThreadNs); }
int64_t column_grain() {
  return forced_grain.load(std::memory_order_relaxed) > 0 ? kSumBlock : kColumnGrain;
}

bool streams(const RowsView& output, int matrices) {
  constexpr uintptr_t kLine = 64;
  const int64_t size = static_cast<int64_t>(size_of(output.dtype));
  const int64_t bytes = output.rows * output.cols * size;
  const int64_t forced = forced_stream_bytes.load(std::memory_order_relaxed);
  // Not worth asking what the caches hold.
  if (forced == 0 && bytes < kLeastStreamBytes) return false;
  const bool large = forced > 0 ? bytes >= forced : matrices * bytes >= usable_bytes(size);
  return large && reinterpret_cast<uintptr_t>(output.data) % kLine == 0 &&
         static_cast<uintptr_t>(output.stride * size) % kLine == 0;
}

void force_grain(int64_t rows) { forced_grain = rows; }
void force_stream_bytes(int64_t bytes) { forced_stream_bytes = bytes; }
void force_way(int way) { forced_way_number = way; }
int forced_way() { return forced_way_number.load(std::memory_order_relaxed); }

}  // namespace norma::cpu

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/timing.h"

#include <algorithm>
#include <chrono>

namespace norma::bench {
namespace {

constexpr double kSampleNs = 50e3;

class Timer {
 public:
  Timer(const std::vector<std::unique_ptr<Peer>>& peers, size_t sets)
      : peers_(peers), sets_(sets) {}

  // Nanoseconds of `calls` calls together.
  double time(size_t peer, int64_t calls) {
    const auto start = std::chrono::steady_clock::now();
    run(peer, calls);
    const std::chrono::duration<double, std::nano> elapsed =
        std::chrono::steady_clock::now() - start;
    return elapsed.count();
  }

  void run(size_t peer, int64_t calls) {
    for (int64_t i = 0; i < calls; ++i) {
      peers_[peer]->run(next_);
      next_ = next_ + 1 == sets_ ? 0 : next_ + 1;
    }
  }

 private:
  const std::vector<std::unique_ptr<Peer>>& peers_;
  const size_t sets_;
  size_t next_ = 0;
};

}  // namespace

Samples time_in_turn(const std::vector<std::unique_ptr<Peer>>& peers, size_t sets, int samples,
                     const std::function<bool()>& interrupted) {
  Timer timer(peers, sets);
  std::vector<int64_t> calls(peers.size(), 1);
  for (size_t p = 0; p < peers.size(); ++p) {
    timer.run(p, 1);
    while (timer.time(p, calls[p]) < kSampleNs) calls[p] *= 2;
  }
  Samples ns(peers.size());
  for (int s = 0; s < samples; ++s) {
    if (interrupted && interrupted()) return {};
    for (size_t k = 0; k < peers.size(); ++k) {
      const size_t p = (k + static_cast<size_t>(s)) % peers.size();
      // Short calls: what the last peer left in the caches and the branch predictor is not timed.
      if (calls[p] > 1) timer.run(p, 1 + calls[p] / 16);
      ns[p].push_back(timer.time(p, calls[p]) / static_cast<double>(calls[p]));
    }
  }
  return ns;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double minimum(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

double paired_ratio(const std::vector<double>& of, const std::vector<double>& to) {
  std::vector<double> ratios(of.size());
  for (size_t i = 0; i < of.size(); ++i) ratios[i] = of[i] / to[i];
  return median(std::move(ratios));
}

}  // namespace norma::bench

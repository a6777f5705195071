// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <cstring>

#include "bench/harness/peer.h"
#include "torch_ops/executor.h"

namespace norma::bench {
namespace {

// Below this many elements a second thread costs more than it copies; torch's own grain.
constexpr int64_t kGrain = 32768;

class Copy : public Peer {
 public:
  explicit Copy(const Problem& problem) : problem_(problem) {}

  void run(size_t set) override {
    const RowSet& s = problem_.sets[set];
    const float* from = s.x.data();
    float* to = s.copied();
    parallel_for(torch_ops::torch_executor(), s.x.size(), kGrain, [=](int64_t begin, int64_t end) {
      std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin) * sizeof(float));
    });
  }
  Answer answer(size_t) override { return {}; }

 private:
  const Problem& problem_;
};

}  // namespace

std::unique_ptr<Peer> make_copy(const Problem& problem) { return std::make_unique<Copy>(problem); }

}  // namespace norma::bench

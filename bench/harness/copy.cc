// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <cstring>

#include "bench/harness/peer.h"

namespace norma::bench {
namespace {

// Below this many elements a second thread costs more than it copies; torch's own grain.
constexpr int64_t kGrain = 32768;

class Copy : public Peer {
 public:
  Copy(const Problem& problem, const Executor& executor) : problem_(problem), executor_(executor) {}

  void run(size_t set) override {
    const RowSet& s = problem_.sets[set];
    const auto size = static_cast<int64_t>(size_of(s.x.dtype()));
    const char* from = static_cast<const char*>(s.x.bytes());
    char* to = static_cast<char*>(s.copied());
    parallel_for(executor_, s.x.size(), kGrain, [=](int64_t begin, int64_t end) {
      std::memcpy(to + begin * size, from + begin * size,
                  static_cast<size_t>((end - begin) * size));
    });
  }
  Answer answer(size_t) override { return {}; }

 private:
  const Problem& problem_;
  const Executor& executor_;
};

}  // namespace

std::unique_ptr<Peer> make_copy(const Problem& problem, const Executor& executor) {
  return std::make_unique<Copy>(problem, executor);
}

}  // namespace norma::bench

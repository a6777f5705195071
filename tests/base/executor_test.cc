// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/executor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace norma {
namespace {

struct Named {
  std::string name;
  const Executor* executor;
};

std::vector<Named> all_executors() {
  std::vector<Named> all{{"default", &default_executor()}, {"serial", &serial_executor()}};
  for (int threads : {1, 2, 3, 8, 64}) {
    all.push_back({"std_thread " + std::to_string(threads), &std_thread_executor(threads)});
  }
  return all;
}

// The ranges that one loop was dealt, in order of their begin.
std::vector<std::pair<int64_t, int64_t>> ranges_of(const Executor& executor, int64_t count,
                                                   int64_t grain) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  std::mutex mutex;
  parallel_for(executor, count, grain, [&](int64_t begin, int64_t end) {
    const std::lock_guard<std::mutex> lock(mutex);
    ranges.emplace_back(begin, end);
  });
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

TEST(Executor, RangesCoverEverythingExactlyOnce) {
  for (const Named& named : all_executors()) {
    for (int64_t count : {1, 2, 3, 7, 64, 65, 1000}) {
      for (int64_t grain : {1, 3, 64, 5000}) {
        SCOPED_TRACE(named.name + ", count " + std::to_string(count) + ", grain " +
                     std::to_string(grain));
        const auto ranges = ranges_of(*named.executor, count, grain);
        ASSERT_FALSE(ranges.empty());
        EXPECT_LE(static_cast<int>(ranges.size()),
                  named.executor->threads(named.executor->self));
        int64_t next = 0;
        for (const auto& [begin, end] : ranges) {
          EXPECT_EQ(begin, next);
          EXPECT_LT(begin, end);
          if (end != count) {
            EXPECT_GE(end - begin, grain);
          }
          next = end;
        }
        EXPECT_EQ(next, count);
      }
    }
  }
}

TEST(Executor, NoItemsNoCall) {
  for (const Named& named : all_executors()) {
    SCOPED_TRACE(named.name);
    EXPECT_TRUE(ranges_of(*named.executor, 0, 1).empty());
    EXPECT_TRUE(ranges_of(*named.executor, -3, 1).empty());
  }
}

TEST(Executor, AGrainBelowOneIsOne) {
  for (const Named& named : all_executors()) {
    SCOPED_TRACE(named.name);
    EXPECT_EQ(ranges_of(*named.executor, 5, 0), ranges_of(*named.executor, 5, 1));
    EXPECT_EQ(ranges_of(*named.executor, 5, -7), ranges_of(*named.executor, 5, 1));
  }
}

// A range waits for all the others, so it can only end if each has a thread of its own.
TEST(Executor, RangesRunAtTheSameTime) {
  for (const Named& named : all_executors()) {
    SCOPED_TRACE(named.name);
    const int threads = named.executor->threads(named.executor->self);
    std::atomic<int> arrived{0};
    std::set<std::thread::id> ids;
    std::mutex mutex;
    parallel_for(*named.executor, threads, 1, [&](int64_t, int64_t) {
      {
        const std::lock_guard<std::mutex> lock(mutex);
        ids.insert(std::this_thread::get_id());
      }
      ++arrived;
      while (arrived < threads) std::this_thread::yield();
    });
    EXPECT_EQ(static_cast<int>(ids.size()), threads);
  }
}

TEST(Executor, ALoopInsideALoopStartsNoMoreThreadsAndMissesNothing) {
  const Executor& executor = default_executor();
  const int outside = executor.threads(executor.self);
  std::vector<std::atomic<int>> hits(30 * 40);
  std::atomic<int> widest{0};
  parallel_for(executor, 30, 1, [&](int64_t begin, int64_t end) {
#ifdef NORMA_EXECUTOR_OPENMP
    const int inside = executor.threads(executor.self);
    for (int seen = widest; seen < inside && !widest.compare_exchange_weak(seen, inside);) {
    }
#endif
    for (int64_t i = begin; i < end; ++i) {
      parallel_for(executor, 40, 1, [&, i](int64_t inner_begin, int64_t inner_end) {
        for (int64_t j = inner_begin; j < inner_end; ++j) ++hits[i * 40 + j];
      });
    }
  });
  for (const auto& hit : hits) EXPECT_EQ(hit, 1);
#ifdef NORMA_EXECUTOR_OPENMP
  if (outside > 1) {
    EXPECT_EQ(widest, 1);
  }
#else
  EXPECT_GE(outside, 1);
#endif
}

TEST(StdThreadExecutor, HasBetweenOneAndSixtyFourThreads) {
  for (auto [asked, given] : {std::pair{-1, 1}, {0, 1}, {1, 1}, {5, 5}, {64, 64}, {65, 64}}) {
    const Executor& executor = std_thread_executor(asked);
    EXPECT_EQ(executor.threads(executor.self), given);
  }
}

// Sanitizers need more address space than this test leaves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
int64_t address_space_in_use() {
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

[[noreturn]] void loop_with_room_for_two_stacks() {
  const rlim_t bytes = address_space_in_use() + (20 << 20);  // a stack is 8 MiB
  const rlimit limit{bytes, bytes};
  int64_t covered = setrlimit(RLIMIT_AS, &limit) == 0 ? 0 : -1000;
  std::mutex mutex;
  std::set<std::thread::id> ids;
  parallel_for(std_thread_executor(64), 64, 1, [&](int64_t begin, int64_t end) {
    const std::lock_guard<std::mutex> lock(mutex);
    covered += end - begin;
    ids.insert(std::this_thread::get_id());
  });
  std::_Exit(covered == 64 && ids.size() < 32 ? 0 : 1);
}

TEST(StdThreadExecutor, DoesTheWorkItselfWhereTheSystemRefusesThreads) {
  EXPECT_EXIT(loop_with_room_for_two_stacks(), testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace norma

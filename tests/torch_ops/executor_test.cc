// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/executor.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace norma::torch_ops {
namespace {

class TorchExecutor : public ::testing::Test {
 protected:
  ~TorchExecutor() override { at::set_num_threads(before_); }
  const int before_ = at::get_num_threads();
};

std::set<std::thread::id> ids_of_a_run(const Executor& executor, int64_t count) {
  std::mutex mutex;
  std::set<std::thread::id> ids;
  parallel_for(executor, count, 1, [&](int64_t, int64_t) {
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  return ids;
}

TEST_F(TorchExecutor, HasTheThreadsOfTorch) {
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    EXPECT_EQ(torch_executor().threads(torch_executor().self), threads);
    EXPECT_EQ(ids_of_a_run(torch_executor(), 100).size(), static_cast<size_t>(threads));
  }
}

TEST_F(TorchExecutor, SharesOnePoolWithTheLibraryAndTorch) {
  at::set_num_threads(2);
  const auto ids = ids_of_a_run(torch_executor(), 2);
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(ids_of_a_run(default_executor(), 2), ids);
}

TEST_F(TorchExecutor, OneOpenMpRuntimeIsMapped) {
  ids_of_a_run(torch_executor(), 2);
  std::set<std::string> runtimes;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const size_t slash = line.rfind('/');
    if (slash == std::string::npos) continue;
    const std::string file = line.substr(slash + 1);
    for (const char* runtime : {"libgomp", "libomp", "libiomp"}) {
      if (file.starts_with(runtime)) runtimes.insert(line.substr(line.find('/')));
    }
  }
  EXPECT_THAT(runtimes, ::testing::SizeIs(1));
  EXPECT_THAT(runtimes, ::testing::Each(::testing::HasSubstr("libgomp")));
}

TEST_F(TorchExecutor, CoversTheRangeOnceAndKeepsTheGrain) {
  at::set_num_threads(3);
  for (const int64_t grain : {0, 1, 4, 1000}) {
    std::vector<std::atomic<int>> seen(101);
    std::atomic<int> short_ranges = 0;
    parallel_for(torch_executor(), 101, grain, [&](int64_t begin, int64_t end) {
      if (end - begin < grain) ++short_ranges;
      for (int64_t i = begin; i < end; ++i) ++seen[i];
    });
    for (const auto& times : seen) EXPECT_EQ(times, 1);
    EXPECT_LE(short_ranges, 1) << "only the last range may be below grain=" << grain;
  }
  parallel_for(torch_executor(), 0, 1, [](int64_t, int64_t) { FAIL() << "an empty range ran"; });
}

TEST_F(TorchExecutor, InsideAParallelRegionIsTheCallingThread) {
  at::set_num_threads(2);
  std::atomic<int> regions = 0;
  at::parallel_for(0, 2, 1, [&](int64_t, int64_t) {
    ++regions;
    EXPECT_EQ(torch_executor().threads(torch_executor().self), 1);
    EXPECT_THAT(ids_of_a_run(torch_executor(), 8),
                ::testing::ElementsAre(std::this_thread::get_id()));
  });
  EXPECT_EQ(regions, 2);
}

}  // namespace
}  // namespace norma::torch_ops

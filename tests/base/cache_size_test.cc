// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/cache_size.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace norma {
namespace {

// Bytes of the largest cache whose level is in `levels`; 0 where this system's sysfs does not tell.
int64_t largest_in_sysfs(const std::string& levels) {
  int64_t kilobytes = 0;
  const std::filesystem::path folder = "/sys/devices/system/cpu/cpu0/cache";
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    std::string size, level;
    std::ifstream(entry.path() / "size") >> size;
    std::ifstream(entry.path() / "level") >> level;
    const bool is_meant = !level.empty() && levels.find(level) != std::string::npos;
    if (is_meant && size.ends_with('K')) kilobytes = std::max<int64_t>(kilobytes, std::stoll(size));
  }
  return kilobytes * 1024;
}

TEST(CacheSize, IsThatOfTheLargestCacheInSysfs) {
  const int64_t largest = largest_in_sysfs("1234"), second = largest_in_sysfs("2"),
                first = largest_in_sysfs("1");
  if (largest == 0) GTEST_SKIP() << "this system's sysfs does not tell";
  EXPECT_EQ(last_level_cache_bytes(), largest);
  if (second > 0) {
    EXPECT_EQ(second_level_cache_bytes(), second);
  }
  // Where the one for instructions is the larger, the test's look does not tell them apart.
  if (first > 0) {
    EXPECT_LE(first_level_cache_bytes(), first);
  }
}

// No processor that runs the kernels has less than 64 KiB or more than 4 GiB.
TEST(CacheSize, IsPlausible) {
  EXPECT_GE(last_level_cache_bytes(), int64_t{64} << 10);
  EXPECT_LE(last_level_cache_bytes(), int64_t{4} << 30);
  EXPECT_GE(second_level_cache_bytes(), int64_t{64} << 10);
  EXPECT_GE(first_level_cache_bytes(), int64_t{8} << 10);
  EXPECT_LE(first_level_cache_bytes(), second_level_cache_bytes());
  EXPECT_LE(second_level_cache_bytes(), last_level_cache_bytes());
}

}  // namespace
}  // namespace norma

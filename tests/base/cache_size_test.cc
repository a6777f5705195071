// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/cache_size.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace norma {
namespace {

TEST(CacheSize, IsThatOfTheLargestCacheInSysfs) {
  int64_t kilobytes = 0;
  const std::filesystem::path folder = "/sys/devices/system/cpu/cpu0/cache";
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    std::string size;
    std::ifstream(entry.path() / "size") >> size;
    if (size.ends_with('K')) kilobytes = std::max<int64_t>(kilobytes, std::stoll(size));
  }
  if (kilobytes == 0) GTEST_SKIP() << "this system's sysfs does not tell";
  EXPECT_EQ(last_level_cache_bytes(), kilobytes * 1024);
}

// No processor that runs the kernels has less than 64 KiB or more than 4 GiB.
TEST(CacheSize, IsPlausible) {
  EXPECT_GE(last_level_cache_bytes(), int64_t{64} << 10);
  EXPECT_LE(last_level_cache_bytes(), int64_t{4} << 30);
}

}  // namespace
}  // namespace norma

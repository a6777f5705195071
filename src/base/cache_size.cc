// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/cache_size.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace norma {
namespace {

constexpr int64_t kUnknownFirstLevelBytes = 32 << 10, kUnknownSecondLevelBytes = 1 << 20,
                  kUnknownCacheBytes = 32 << 20;

// The first line of /sys/devices/system/cpu/cpu0/cache/index<i>/<name>, cut at 31 characters.
bool read_sysfs(int i, const char* name, char (&line)[32]) {
  char path[80];
  std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", i, name);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t got = read(file, line, sizeof line - 1);
  close(file);
  line[std::max<ssize_t>(got, 0)] = '\0';
  line[std::strcspn(line, "\n")] = '\0';
  return line[0] != '\0';
}

// Of the largest cache for data, at any level or (level > 0) at that one; 0 where sysfs is silent.
int64_t bytes_in_sysfs(int level) {
  int64_t largest = 0;
  char type[32], size[32], at[32];
  for (int i = 0; read_sysfs(i, "type", type) && read_sysfs(i, "size", size); ++i) {
    if (level > 0 && (!read_sysfs(i, "level", at) || std::atoi(at) != level)) continue;
    char* unit = nullptr;
    const int64_t count = std::strtoll(size, &unit, 10);  // "32768K"
    const int shift = *unit == 'K' ? 10 : *unit == 'M' ? 20 : *unit == 'G' ? 30 : 0;
    if (std::strcmp(type, "Instruction") != 0) largest = std::max(largest, count << shift);
  }
  return largest;
}

// name: sysconf's, or -1 where the C library has none.
int64_t find(int level, int name, int64_t unknown) {
  if (const int64_t bytes = bytes_in_sysfs(level); bytes > 0) return bytes;
  if (name >= 0) {
    if (const int64_t bytes = sysconf(name); bytes > 0) return bytes;
  }
  return unknown;
}

#if defined(_SC_LEVEL3_CACHE_SIZE)
constexpr int kNameOfFirst = _SC_LEVEL1_DCACHE_SIZE, kNameOfSecond = _SC_LEVEL2_CACHE_SIZE,
              kNameOfLast = _SC_LEVEL3_CACHE_SIZE;
#else
constexpr int kNameOfFirst = -1, kNameOfSecond = -1, kNameOfLast = -1;
#endif

}  // namespace

int64_t last_level_cache_bytes() {
  static const int64_t bytes = find(0, kNameOfLast, kUnknownCacheBytes);
  return bytes;
}

int64_t first_level_cache_bytes() {
  static const int64_t bytes = find(1, kNameOfFirst, kUnknownFirstLevelBytes);
  return bytes;
}

int64_t second_level_cache_bytes() {
  static const int64_t bytes = find(2, kNameOfSecond, kUnknownSecondLevelBytes);
  return bytes;
}

}  // namespace norma

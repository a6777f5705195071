// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How large the processor's caches are.
#pragma once

#include <cstdint>

namespace norma {

// Bytes, of the first core as sysfs tells; as the C library tells where sysfs is silent, and 32 MiB
// where both are. Asked once; allocates nothing. A virtual machine may be told of its host's cache.
int64_t last_level_cache_bytes();

// The same of the second level, which one core has for itself on the processors of today; 1 MiB
// where nobody tells.
int64_t second_level_cache_bytes();

// The same of a core's first level, for data; 32 KiB where nobody tells.
int64_t first_level_cache_bytes();

}  // namespace norma

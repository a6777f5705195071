// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Whether two strided sets of bytes share a byte: interleaved rows of one buffer do not.
#pragma once

#include <cstdint>

#include "core/norm_spec.h"

namespace norma {

// `rows` runs of `width` bytes, the first at `begin`, each `stride` bytes after the one before.
struct ByteRows {
  int64_t begin = 0;
  int64_t width = 0;
  int64_t rows = 0;
  int64_t stride = 0;
};

ByteRows bytes_of(const ConstRowsView& view);
ByteRows bytes_of(const void* data, DType dtype, int64_t size);

bool overlap(const ByteRows& a, const ByteRows& b);

}  // namespace norma

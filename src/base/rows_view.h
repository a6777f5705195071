// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A matrix somebody else owns: `rows` rows of `cols` dense elements, row r starting `stride`
// elements after row r-1. data may be null only where rows * cols == 0, or where a field says that
// it is optional.
#pragma once

#include <cstdint>

#include "base/dtype.h"

namespace norma {

struct RowsView {
  void* data = nullptr;
  DType dtype = DType::kF32;
  int64_t rows = 0;
  int64_t cols = 0;
  // Elements. Inputs: any value, also 0 and negative. Outputs of more than one row: at least cols,
  // either sign.
  int64_t stride = 0;
};

struct ConstRowsView {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;

  ConstRowsView() = default;
  ConstRowsView(const void* data_, DType dtype_, int64_t rows_, int64_t cols_, int64_t stride_)
      : data(data_), dtype(dtype_), rows(rows_), cols(cols_), stride(stride_) {}
  ConstRowsView(const RowsView& v)  // NOLINT: a mutable view is a const view
      : data(v.data), dtype(v.dtype), rows(v.rows), cols(v.cols), stride(v.stride) {}
};

// One dense vector of parameters; absent where data is null.
struct VectorView {
  void* data = nullptr;
  DType dtype = DType::kF32;
  int64_t size = 0;
};

struct ConstVectorView {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  int64_t size = 0;
};

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The rows that the operators beside the row norms are measured on, and how one result is judged.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/accuracy/inputs.h"
#include "bench/accuracy/judge.h"
#include "bench/accuracy/oracle.h"

namespace norma::accuracy {

inline constexpr int64_t kElementCols = 256;
inline constexpr double kU = 0x1p-24;       // half an ulp of 1 in f32
inline constexpr double kLeast = 0x1p-149;  // the least f32

inline double size_of_quad(Quad v) { return static_cast<double>(magnitude(v)); }

// `rows` rows of a family, a gradient and a weight for them.
Inputs element_inputs(DType dtype, Family family, int64_t rows);

// |error| <= room + lost, what underflow does, and the store of a 16-bit type. `at` counts elements
// from the first row's first.
void judge_element(float got, Quad want, DType dtype, double room, double lost, size_t at,
                   Seen* seen);

}  // namespace norma::accuracy

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/element_rows.h"

namespace norma::accuracy {

Inputs element_inputs(DType dtype, Family family, int64_t rows) {
  constexpr NormKind kKind = NormKind::kRmsNorm;
  return make_inputs(kKind, dtype, variants_of(kKind, dtype)[0], family, rows, kElementCols);
}

void judge_element(float got, Quad want, DType dtype, double room, double lost, size_t at,
                   Seen* seen) {
  const double store =
      dtype == DType::kF32 ? 0 : ulp_of(dtype, size_of_quad(want) + room + lost) / 2;
  seen->add(got, want, dtype, {store + lost, room, 1}, static_cast<int64_t>(at) / kElementCols,
            static_cast<int64_t>(at) % kElementCols);
}

}  // namespace norma::accuracy

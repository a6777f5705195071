// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/elements.h"

#include "bench/accuracy/channels.h"
#include "bench/accuracy/fused_norms.h"
#include "bench/accuracy/pointwise.h"
#include "bench/accuracy/seed_norm.h"

namespace norma::accuracy {

Result<std::vector<ElementEntry>> survey_elements(int64_t rows) {
  std::vector<ElementEntry> entries;
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const Family family : {Family::kNormal, Family::kWide}) {
      const auto add = [&](const char* what) {
        entries.push_back({what, dtype, family, {}, {}, {}});
        return &entries.back();
      };
      NORMA_RETURN_IF_ERROR(measure_pointwise({PointwiseKind::kDyt, 0.5}, add("DyT"), rows));
      NORMA_RETURN_IF_ERROR(
          measure_pointwise({PointwiseKind::kDerf, 0.5, -0.25}, add("Derf"), rows));
      NORMA_RETURN_IF_ERROR(measure_seed_norm(add("SeeDNorm"), rows));
      NORMA_RETURN_IF_ERROR(measure_gate(add("norm + gate"), rows));
      NORMA_RETURN_IF_ERROR(measure_rope(add("norm + RoPE"), rows));
      NORMA_RETURN_IF_ERROR(measure_quantized(QuantFormat::kInt8, add("norm to int8"), rows));
      NORMA_RETURN_IF_ERROR(measure_quantized(QuantFormat::kE4m3, add("norm to e4m3"), rows));
      NORMA_RETURN_IF_ERROR(survey_channels(dtype, family, rows, &entries));
    }
  }
  return entries;
}

}  // namespace norma::accuracy

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/survey.h"

#include <algorithm>

namespace norma::accuracy {
namespace {

Status measure(NormKind kind, DType dtype, const Variant& variant, bool plain, Family family,
               int64_t cols, int64_t elements, std::vector<Entry>* entries) {
  const int64_t rows = std::max<int64_t>(elements / cols, 1);
  const Inputs inputs = make_inputs(kind, dtype, variant, family, rows, cols);
  Result<Answer> answer = answer_of(inputs);
  if (!answer.ok()) return answer.status();
  NaiveAnswers naive;
  if (plain) {
    naive.two_passes = naive_y(inputs, Naive::kTwoPasses);
    if (kind == NormKind::kLayerNorm) naive.one_pass = naive_y(inputs, Naive::kOnePass);
  }
  entries->push_back(
      {kind, dtype, variant.name, family, cols, judge(inputs, answer.value(), naive)});
  return Status();
}

}  // namespace

Result<std::vector<Entry>> survey(const Extent& extent) {
  std::vector<Entry> entries;
  for (const NormKind kind :
       {NormKind::kLayerNorm, NormKind::kRmsNorm, NormKind::kL2Norm, NormKind::kCrmsNorm}) {
    for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      bool plain = kind == NormKind::kLayerNorm || kind == NormKind::kRmsNorm;
      for (const Variant& variant : variants_of(kind, dtype)) {
        for (const Family family : kFamilies) {
          if (!exists(family, dtype)) continue;
          // xhat of a part's statistics would leave the type's range.
          if (variant.part != 0 && family == Family::kOutlier && dtype == DType::kF16) continue;
          for (const int64_t cols : plain ? extent.plain_cols : extent.variant_cols) {
            NORMA_RETURN_IF_ERROR(measure(kind, dtype, variant, plain, family, cols,
                                          plain ? extent.plain_elements : extent.variant_elements,
                                          &entries));
          }
        }
        plain = false;
      }
    }
  }
  return entries;
}

Report merged(const std::vector<Entry>& entries, const std::function<bool(const Entry&)>& chosen) {
  Report all;
  for (const Entry& entry : entries) {
    if (chosen(entry)) all.merge(entry.report);
  }
  return all;
}

}  // namespace norma::accuracy

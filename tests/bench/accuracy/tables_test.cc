// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The program in small: every operator, type, dialect and family of rows is within its bounds and
// has its line; a wrong result would be named.
#include "bench/accuracy/tables.h"

#include <gtest/gtest.h>

#include <string>

#include "bench/accuracy/survey.h"

namespace norma::accuracy {
namespace {

TEST(Tables, AQuickSurveyIsWithinItsBounds) {
  const auto entries = survey(kQuick);
  ASSERT_TRUE(entries.ok()) << entries.status().message();
  EXPECT_EQ(broken_promises(entries.value()), "");
  const std::string page = tables(entries.value());
  for (const char* part :
       {"## LayerNorm, f32\n", "## RMSNorm, bf16\n", "| huge | ", "| constant + noise | ",
        "| f16 | round_before_weight | ", "| bf16 | f32 parameters | ", "| 300 | ",
        "| f32 | eps outside | ", "| f16 | eps clamp | ", "| bf16 | first quarter | ",
        "| L2 norm | f32 | plain | ", "| CRMSNorm | f16 | eps outside | "}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

TEST(Tables, AQuickSurveyOfElementsIsWithinItsBounds) {
  const auto entries = survey_elements(8);
  ASSERT_TRUE(entries.ok()) << entries.status().message();
  EXPECT_EQ(broken_promises(entries.value()), "");
  const std::string page = tables(entries.value());
  for (const char* what : {"DyT", "Derf", "norm + gate", "norm + RoPE", "norm to int8",
                           "norm to e4m3", "SeeDNorm", "BatchNorm, training",
                           "BatchNorm, evaluation", "GroupNorm, NCHW", "GroupNorm, NHWC",
                           "InstanceNorm, NCHW", "InstanceNorm, NHWC"}) {
    for (const char* rows : {" | normal | f32 | ", " | wide | bf16 | ", " | wide | f16 | "}) {
      EXPECT_NE(page.find("| " + std::string(what) + rows), std::string::npos) << what << rows;
    }
  }
  // Each operator's own parameters, and no others.
  const size_t begins = page.find("## Parameter gradients"), ends = page.find("## Quantised");
  ASSERT_LT(begins, ends);
  const std::string gradients = page.substr(begins, ends - begins);
  for (const ElementEntry& e : entries.value()) {
    const ParameterGradients& of = e.parameters;
    const bool is_pointwise = e.what == "DyT" || e.what == "Derf", is_seed = e.what == "SeeDNorm";
    const bool is_channels = e.what.find("Norm, ") != std::string::npos;
    EXPECT_EQ(of.weight.count > 0, is_pointwise || is_seed || is_channels) << e.what;
    EXPECT_EQ(of.bias.count > 0, is_pointwise || is_channels) << e.what;
    EXPECT_EQ(of.alpha.count > 0, is_pointwise || is_seed) << e.what;
    EXPECT_EQ(of.shift.count > 0, e.what == "Derf" || is_seed) << e.what;
    EXPECT_EQ(e.gradient.count > 0, e.what.find(" to ") == std::string::npos) << e.what;
    const std::string line =
        "| " + e.what + " | " + name_of(e.family) + " | " + name_of(e.dtype) + " | ";
    EXPECT_EQ(gradients.find(line) != std::string::npos, of.weight.count > 0) << line;
  }
  ElementEntry broken = entries.value()[0];
  broken.gradient.add(2, 1, DType::kF32, {0, 1, 0x1p-15}, 7, 9);
  EXPECT_EQ(broken_promises({broken}),
            "DyT f32, normal: gradient row 7 column 9: 0x1p+1, exactly 0x1p+0, 3.28e+04 of the "
            "bound\n");
  broken = entries.value()[0];
  broken.parameters.alpha.add(2, 1, DType::kF32, {0, 1, 0x1p-15}, -1, -1);
  EXPECT_EQ(broken_promises({broken}),
            "DyT f32, normal: dalpha 0x1p+1, exactly 0x1p+0, 3.28e+04 of the bound\n");
}

TEST(Tables, ABrokenPromiseIsNamed) {
  Report report;
  report.dx.add(2, 1, DType::kF32, {0, 1, 0x1p-15}, 7, 9);
  const std::vector<Entry> entries = {
      {NormKind::kRmsNorm, DType::kF32, "plain", Family::kTiny, 64, report}};
  EXPECT_EQ(broken_promises(entries),
            "rms_norm f32 plain, tiny, 64 columns: dx row 7 column 9: 0x1p+1, exactly 0x1p+0, "
            "3.28e+04 of the bound\n");
  EXPECT_NE(tables(entries).find("| tiny | 8.4e+06 | 8.4e+06 | 100 % | 2^0.0 |"),
            std::string::npos);
}

}  // namespace
}  // namespace norma::accuracy

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// bf16 and f16 tensors, with parameters of their type or of f32, against torch's own functions in
// float64 on the same values.
// Spans: torch_ops
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "core/norm_spec.h"
#include "torch_ops/functional.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;

class Half : public ::testing::TestWithParam<std::tuple<NormKind, torch::ScalarType, bool>> {
 protected:
  bool layer() const { return std::get<0>(GetParam()) == NormKind::kLayerNorm; }
  torch::ScalarType type() const { return std::get<1>(GetParam()); }
  torch::ScalarType parameters() const {
    return std::get<2>(GetParam()) ? torch::kFloat32 : type();
  }

  Tensor norm(const Tensor& x, const Tensor& weight, const Tensor& bias) const {
    return layer() ? torch_ops::layer_norm(x, {kCols}, weight, bias)
                   : torch_ops::rms_norm(x, {kCols}, weight, 1e-5);
  }
  Tensor torchs(const Tensor& x, const Tensor& weight, const Tensor& bias) const {
    return layer() ? at::layer_norm(x, {kCols}, weight, bias, 1e-5)
                   : at::rms_norm(x, {kCols}, weight, 1e-5);
  }

  // One rounding to the type, half an ulp: 2^-8 of a bf16 and 2^-11 of an f16 at most, 2^-25 where
  // an f16 is subnormal. What f32 did before is below 2^-15 of the largest term (contract, section
  // 8), which `scale` says.
  static void expect_rounded_once(const Tensor& got, const Tensor& want, double scale,
                                  const char* name) {
    double ulp = 0x1p-24;
    if (got.scalar_type() == torch::kBFloat16) ulp = 0x1p-8;
    if (got.scalar_type() == torch::kFloat16) ulp = 0x1p-11;
    const Tensor bound = want.abs() * ulp + 0x1p-25 + scale * 0x1p-15;
    const Tensor error = (got.to(torch::kFloat64) - want).abs();
    EXPECT_TRUE((error <= bound).all().item<bool>())
        << name << ": worst share of the bound " << (error / bound).max().item<double>();
  }

  static constexpr int64_t kRows = 70, kCols = 96;
};

TEST_P(Half, ValuesAndGradients) {
  torch::manual_seed(3);
  const auto make = [](at::IntArrayRef shape, torch::ScalarType type, double shift) {
    return (torch::randn(shape) + shift).to(type);
  };
  const Tensor x = make({kRows, kCols}, type(), 2), dy = make({kRows, kCols}, type(), 0);
  const Tensor weight = make({kCols}, parameters(), 1);
  const Tensor bias = layer() ? make({kCols}, parameters(), 0) : Tensor();
  const auto leaf = [](const Tensor& t, bool wide) {
    if (!t.defined()) return t;
    return (wide ? t.to(torch::kFloat64) : t).detach().clone().requires_grad_();
  };
  const Tensor ours[] = {leaf(x, false), leaf(weight, false), leaf(bias, false)};
  const Tensor truth[] = {leaf(x, true), leaf(weight, true), leaf(bias, true)};
  const Tensor y = norm(ours[0], ours[1], ours[2]);
  const Tensor want = torchs(truth[0], truth[1], truth[2]);
  y.backward(dy);
  want.backward(dy.to(torch::kFloat64));

  EXPECT_EQ(y.scalar_type(), type());
  expect_rounded_once(y.detach(), want.detach(), 8, "y");
  EXPECT_EQ(ours[0].grad().scalar_type(), type());
  expect_rounded_once(ours[0].grad(), truth[0].grad(), 16, "dx");
  EXPECT_EQ(ours[1].grad().scalar_type(), parameters());
  // Sums of 70 terms of about 1.
  expect_rounded_once(ours[1].grad(), truth[1].grad(), 70, "dweight");
  if (layer()) {
    EXPECT_EQ(ours[2].grad().scalar_type(), parameters());
    expect_rounded_once(ours[2].grad(), truth[2].grad(), 70, "dbias");
  }
}

TEST_P(Half, MixedParametersAreRefused) {
  if (!layer()) return;  // RMSNorm has no bias here
  const Tensor x = torch::ones({2, kCols}, type());
  const Tensor weight = torch::ones({kCols}, type()), bias = torch::ones({kCols});
  EXPECT_THROW(torch_ops::layer_norm(x, {kCols}, weight, bias), c10::Error);
}

INSTANTIATE_TEST_SUITE_P(
    Types, Half,
    ::testing::Combine(::testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                       ::testing::Values(torch::kBFloat16, torch::kFloat16), ::testing::Bool()),
    [](const auto& info) {
      return std::string(name_of(std::get<0>(info.param))) +
             (std::get<1>(info.param) == torch::kBFloat16 ? "_bf16" : "_f16") +
             (std::get<2>(info.param) ? "_f32_parameters" : "");
    });

}  // namespace
}  // namespace norma::torch_ops

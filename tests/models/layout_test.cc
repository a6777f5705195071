// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/layout.h"

#include <gtest/gtest.h>

namespace norma::models {
namespace {

TEST(Layout, TakesTheRealPositionsAndPutsThemBack) {
  const torch::Tensor ids = torch::tensor({5, 6, 0, 7, 8, 9, 4, 0, 0}).view({3, 3});
  const Layout layout = Layout::of(ids, 0, torch::kFloat32);
  EXPECT_TRUE(torch::equal(layout.unpad(ids), torch::tensor({5, 6, 7, 8, 9, 4})));
  EXPECT_TRUE(torch::equal(layout.pad(layout.unpad(ids)), ids));
  const torch::Tensor bias = layout.key_bias_B11T.value();
  EXPECT_EQ(bias.sizes(), (std::vector<int64_t>{3, 1, 1, 3}));
  EXPECT_TRUE(torch::equal(bias.view({3, 3}) == 0, ids != 0));
  EXPECT_TRUE(torch::equal(bias.isinf().view({3, 3}), ids == 0));
}

TEST(Layout, GradientsGoTheSameWayBack) {
  const torch::Tensor ids = torch::tensor({5, 6, 0, 7, 8, 9, 4, 0, 0}).view({3, 3});
  const Layout layout = Layout::of(ids, 0, torch::kFloat32);
  const torch::Tensor stream = torch::randn({6, 2, 2}).requires_grad_();
  const torch::Tensor weight = torch::randn({3, 3, 2, 2});
  (layout.pad(stream) * weight).sum().backward();
  EXPECT_TRUE(torch::equal(stream.grad(), layout.unpad(weight)));
  const torch::Tensor padded = torch::randn({3, 3, 2}).requires_grad_();
  const torch::Tensor row_weight = torch::randn({6, 2});
  (layout.unpad(padded) * row_weight).sum().backward();
  EXPECT_TRUE(torch::equal(padded.grad(), layout.pad(row_weight)));
}

TEST(Layout, WithoutPaddingNothingIsCopied) {
  const Layout layout = Layout::of(torch::ones({2, 3}, torch::kInt64), 0, torch::kFloat32);
  EXPECT_FALSE(layout.rows_N.defined());
  EXPECT_FALSE(layout.key_bias_B11T.has_value());
  const torch::Tensor stream = torch::randn({6, 4});
  EXPECT_EQ(layout.pad(stream).sizes(), (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(layout.unpad(layout.pad(stream)).data_ptr(), stream.data_ptr());
}

}  // namespace
}  // namespace norma::models

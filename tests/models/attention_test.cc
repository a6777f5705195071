// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/attention.h"

#include <gtest/gtest.h>

#include <complex>
#include <numbers>

#include "tests/models/plain.h"

namespace norma::models {
namespace {

using test::relative_error;

constexpr double kF64 = 1e-12;  // a few dozen roundings of 2^-53 in sums of like size

std::shared_ptr<MultiHeadAttention> make_attention(int64_t width, int64_t heads, int64_t kv_heads) {
  auto attention = std::make_shared<MultiHeadAttention>(
      AttentionOptions{width, heads, kv_heads, false}, InnerNorms{});
  attention->to(torch::kFloat64);
  test::jitter_parameters(*attention, 11);
  return attention;
}

TEST(Rotary, TurnsPairsByTheirAngle) {
  torch::manual_seed(1);
  const int64_t positions = 7, width = 6;
  const auto [cos, sin] = rotary_tables(positions, width, {});
  const torch::Tensor x = torch::randn({2, 3, positions, width}, torch::kFloat64);
  const torch::Tensor y = rotate(x, cos, sin);
  const auto in = x.accessor<double, 4>(), out = y.accessor<double, 4>();
  for (int64_t t = 0; t < positions; ++t) {
    for (int64_t i = 0; i < width / 2; ++i) {
      // Su et al. 2021, equation 13: multiplication by e^(i t theta).
      const double theta = std::pow(10000.0, -2.0 * static_cast<double>(i) / width);
      const auto turned = std::complex<double>(in[1][2][t][2 * i], in[1][2][t][2 * i + 1]) *
                          std::polar(1.0, static_cast<double>(t) * theta);
      EXPECT_NEAR(out[1][2][t][2 * i], turned.real(), kF64);
      EXPECT_NEAR(out[1][2][t][2 * i + 1], turned.imag(), kF64);
    }
  }
}

TEST(Rotary, ScoresDependOnTheDistanceAlone) {
  torch::manual_seed(2);
  const auto [cos, sin] = rotary_tables(9, 8, {});
  const torch::Tensor q = torch::randn({1, 8}, torch::kFloat64).expand({9, 8});
  const torch::Tensor k = torch::randn({1, 8}, torch::kFloat64).expand({9, 8});
  const torch::Tensor scores = rotate(q, cos, sin).matmul(rotate(k, cos, sin).t());
  EXPECT_NEAR(scores[5][2].item<double>(), scores[8][5].item<double>(), kF64);
  EXPECT_GT(std::abs(scores[5][2].item<double>() - scores[5][3].item<double>()), 1e-3);
}

// By wave lengths, as LLaMA 3.1's authors publish it; ours counts turns.
TEST(Rotary, LongerTextsTurnSlower) {
  const int64_t width = 16;
  const auto [cos, sin] = rotary_tables(3, width, {500000, 8, 8192, 1, 4});
  const auto [cos_linear, sin_linear] = rotary_tables(9, width, {10000, 4});
  const auto [cos_plain, sin_plain] = rotary_tables(9, width, {});
  int kinds[3] = {};
  for (int64_t i = 0; i < width / 2; ++i) {
    const double plain = std::pow(500000.0, -2.0 * static_cast<double>(i) / width);
    const double wave = 2 * std::numbers::pi / plain;
    double expected = plain;
    if (wave > 8192.0 / 1) {
      expected = plain / 8;
      ++kinds[0];
    } else if (wave > 8192.0 / 4) {
      const double smooth = (8192.0 / wave - 1) / (4 - 1);
      expected = (1 - smooth) * plain / 8 + smooth * plain;
      ++kinds[1];
    } else {
      ++kinds[2];
    }
    EXPECT_NEAR(cos[2][2 * i].item<double>(), std::cos(2 * expected), kF64);
    EXPECT_NEAR(sin[2][2 * i + 1].item<double>(), std::sin(2 * expected), kF64);
    EXPECT_NEAR(sin_linear[8][2 * i].item<double>(), sin_plain[2][2 * i].item<double>(), kF64);
  }
  for (const int kind : kinds) EXPECT_GT(kind, 0) << "all three";
}

TEST(MultiHeadAttention, GroupedQueriesEqualRepeatedKeysAndValues) {
  torch::manual_seed(3);
  const auto grouped = make_attention(24, 6, 2);  // heads of 4; k, v of (8, 24)
  const auto full = make_attention(24, 6, 6);
  auto from = grouped->named_parameters(), to = full->named_parameters();
  for (const char* name : {"q.weight", "o.weight"}) to[name].data().copy_(from[name]);
  for (const char* name : {"k.weight", "v.weight"}) {
    to[name].data().copy_(
        from[name].detach().view({2, 1, 4, 24}).expand({2, 3, 4, 24}).reshape({24, 24}));
  }
  const torch::Tensor x = torch::randn({2, 5, 24}, torch::kFloat64);
  AttentionContext context;
  context.layout = Layout::dense(2, 5);
  context.causal = true;
  const torch::Tensor x_NC = x.flatten(0, 1);
  EXPECT_LT(relative_error(grouped->forward(x_NC, context), full->forward(x_NC, context)), kF64);
}

TEST(MultiHeadAttention, APaddedKeyHasNoWeight) {
  torch::manual_seed(4);
  const auto attention = make_attention(12, 3, 3);
  // Two sentences with memories of 4 and 6 positions, and the first one alone.
  const torch::Tensor x = torch::randn({2, 3, 12}, torch::kFloat64);
  const torch::Tensor memory = torch::randn({10, 12}, torch::kFloat64);
  const torch::Tensor ids = torch::tensor({1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1}).view({2, 6});
  AttentionContext both, alone;
  both.layout = Layout::dense(2, 3);
  alone.layout = Layout::dense(1, 3);
  both.cross = alone.cross = true;
  both.memory_NC = memory;
  both.memory_layout = Layout::of(ids, 0, torch::kFloat64);
  alone.memory_NC = memory.slice(0, 0, 4);
  alone.memory_layout = Layout::dense(1, 4);
  const torch::Tensor expected = attention->forward(x[0], alone);
  EXPECT_LT(relative_error(attention->forward(x.flatten(0, 1), both).slice(0, 0, 3), expected),
            kF64);
}

TEST(MultiHeadAttention, OnePositionAtATimeEqualsAllAtOnce) {
  torch::manual_seed(5);
  const auto attention = make_attention(12, 3, 1);
  const torch::Tensor x = torch::randn({2, 6, 12}, torch::kFloat64);
  const auto [cos, sin] = rotary_tables(6, 4, {});
  AttentionContext context;
  context.layout = Layout::dense(2, 6);
  context.causal = true;
  context.cos_TD = cos;
  context.sin_TD = sin;
  const torch::Tensor expected = attention->forward(x.flatten(0, 1), context).view({2, 6, 12});
  KeyValues seen;
  context.seen = &seen;
  int64_t t = 0;
  for (int64_t length : {3, 1, 1, 1}) {
    context.cos_TD = cos.narrow(0, t, length);
    context.sin_TD = sin.narrow(0, t, length);
    context.layout = Layout::dense(2, length);
    const torch::Tensor out =
        attention->forward(x.narrow(1, t, length).flatten(0, 1), context).view({2, length, 12});
    EXPECT_LT(relative_error(out, expected.narrow(1, t, length)), kF64) << t;
    t += length;
  }
  EXPECT_EQ(seen.key_BHSD.size(1), 1);  // one head of keys is kept, not three
  context.layout = Layout::dense(2, 2);
  EXPECT_THROW(attention->forward(x.narrow(1, 0, 2).flatten(0, 1), context), c10::Error);
}

}  // namespace
}  // namespace norma::models

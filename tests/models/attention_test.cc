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
  const torch::Tensor turns = rotary_turns(positions, width, {});
  const torch::Tensor x = torch::randn({2, 3, positions, width}, torch::kFloat64);
  const torch::Tensor y = rotate(x, turns);
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
  const torch::Tensor turns = rotary_turns(9, 8, {});
  const torch::Tensor q = torch::randn({1, 8}, torch::kFloat64).expand({9, 8});
  const torch::Tensor k = torch::randn({1, 8}, torch::kFloat64).expand({9, 8});
  const torch::Tensor scores = rotate(q, turns).matmul(rotate(k, turns).t());
  EXPECT_NEAR(scores[5][2].item<double>(), scores[8][5].item<double>(), kF64);
  EXPECT_GT(std::abs(scores[5][2].item<double>() - scores[5][3].item<double>()), 1e-3);
}

// By wave lengths, as LLaMA 3.1's authors publish it; ours counts turns.
TEST(Rotary, LongerTextsTurnSlower) {
  const int64_t width = 16;
  const torch::Tensor turns = torch::view_as_real(rotary_turns(3, width, {500000, 8, 8192, 1, 4}));
  const torch::Tensor linear = torch::view_as_real(rotary_turns(9, width, {10000, 4}));
  const torch::Tensor unslowed = torch::view_as_real(rotary_turns(9, width, {}));
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
    EXPECT_NEAR(turns[2][i][0].item<double>(), std::cos(2 * expected), kF64);
    EXPECT_NEAR(turns[2][i][1].item<double>(), std::sin(2 * expected), kF64);
    EXPECT_NEAR(linear[8][i][1].item<double>(), unslowed[2][i][1].item<double>(), kF64);
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
  const torch::Tensor turns = rotary_turns(6, 4, {});
  AttentionContext context;
  context.layout = Layout::dense(2, 6);
  context.causal = true;
  context.turns_TE = turns;
  const torch::Tensor expected = attention->forward(x.flatten(0, 1), context).view({2, 6, 12});
  KeyValues seen;
  context.seen = &seen;
  int64_t t = 0;
  for (int64_t length : {3, 1, 1, 1}) {
    context.turns_TE = turns.narrow(0, t, length);
    context.layout = Layout::dense(2, length);
    const torch::Tensor out =
        attention->forward(x.narrow(1, t, length).flatten(0, 1), context).view({2, length, 12});
    EXPECT_LT(relative_error(out, expected.narrow(1, t, length)), kF64) << t;
    t += length;
  }
  EXPECT_EQ(seen.key_BHSD().size(1), 1);  // one head of keys is kept, not three
  context.layout = Layout::dense(2, 2);
  EXPECT_THROW(attention->forward(x.narrow(1, 0, 2).flatten(0, 1), context), c10::Error);
}

// Beyond where the room doubles, 32 positions and 66, one and several at a time.
TEST(KeyValues, AreWhatWasAppended) {
  torch::manual_seed(6);
  const torch::NoGradGuard no_grad;
  const torch::Tensor key = torch::randn({3, 2, 150, 4}), value = torch::randn({3, 2, 150, 4});
  KeyValues seen;
  EXPECT_TRUE(seen.empty());
  torch::Tensor before;
  int64_t t = 0;
  for (const int64_t more : {5, 1, 1, 30, 1, 60, 2, 1, 1, 40, 8}) {
    seen.append(key.narrow(2, t, more), value.narrow(2, t, more));
    t += more;
    ASSERT_EQ(seen.positions(), t);
    EXPECT_TRUE(torch::equal(seen.key_BHSD(), key.narrow(2, 0, t))) << t;
    EXPECT_TRUE(torch::equal(seen.value_BHSD(), value.narrow(2, 0, t))) << t;
    if (t == 37) before = seen.key_BHSD();
  }
  EXPECT_TRUE(torch::equal(before, key.narrow(2, 0, 37))) << "left as it was";

  const torch::Tensor rows = torch::tensor({2, 2, 0, 1, 2}, torch::kInt64);
  KeyValues chosen;
  chosen.append(key.narrow(2, 0, 9), value.narrow(2, 0, 9));
  chosen.select_rows(rows);  // without room, then with it
  for (int64_t s = 9; s < 12; ++s) {
    chosen.append(key.index_select(0, rows).narrow(2, s, 1),
                  value.index_select(0, rows).narrow(2, s, 1));
  }
  chosen.select_rows(torch::tensor({2, 3, 0}, torch::kInt64));
  chosen.append(key.narrow(2, 12, 1), value.narrow(2, 12, 1));
  const torch::Tensor again = torch::tensor({0, 1, 2}, torch::kInt64);
  EXPECT_TRUE(torch::equal(chosen.key_BHSD(), key.narrow(2, 0, 13).index_select(0, again)));
  EXPECT_TRUE(torch::equal(chosen.value_BHSD(), value.narrow(2, 0, 13).index_select(0, again)));
}

// With gradients what was seen is copied each time, and each step's is that of its own past.
TEST(KeyValues, KeepWhatAGradientNeeds) {
  KeyValues seen;
  torch::Tensor sum = torch::zeros({});
  std::vector<torch::Tensor> keys;
  for (int64_t t = 0; t < 40; ++t) {
    keys.push_back(torch::full({1, 1, 1, 2}, static_cast<float>(t)).requires_grad_());
    seen.append(keys.back(), keys.back());
    sum = sum + seen.key_BHSD().square().sum();
  }
  sum.backward();
  for (int64_t t = 0; t < 40; ++t) {
    EXPECT_EQ(keys[t].grad()[0][0][0][0].item<float>(), static_cast<float>(2 * t * (40 - t)));
  }
}

// The room's strides are no reason for other bits.
TEST(KeyValues, OutOfTheirRoomAttentionHasTheSameBits) {
  torch::manual_seed(7);
  const torch::NoGradGuard no_grad;
  const torch::Tensor key = torch::randn({2, 4, 80, 16}), value = torch::randn({2, 4, 80, 16});
  KeyValues seen;
  for (int64_t t = 0; t < 80; ++t) {
    seen.append(key.narrow(2, t, 1), value.narrow(2, t, 1));
    const torch::Tensor query = torch::randn({2, 4, 1, 16});
    const torch::Tensor got =
        at::scaled_dot_product_attention(query, seen.key_BHSD(), seen.value_BHSD());
    const torch::Tensor want = at::scaled_dot_product_attention(
        query, key.narrow(2, 0, t + 1).contiguous(), value.narrow(2, 0, t + 1).contiguous());
    EXPECT_TRUE(torch::equal(got, want)) << t;
  }
}

// Decoding takes other ways for one position, without gradients: products with a vector, complex
// rotation, heads grouped by their key head.
TEST(MultiHeadAttention, OnePositionWithoutGradientsIsTheSame) {
  torch::manual_seed(8);
  const auto attention = make_attention(24, 6, 2);
  const torch::Tensor x = torch::randn({9, 24}, torch::kFloat64);
  const torch::Tensor turns = rotary_turns(9, 4, {});
  const auto run = [&](bool gradients) {
    const torch::AutoGradMode mode(gradients);
    KeyValues seen;
    AttentionContext context;
    context.layout = Layout::dense(1, 1);
    context.causal = true;
    context.seen = &seen;
    std::vector<torch::Tensor> out;
    for (int64_t t = 0; t < 9; ++t) {
      context.turns_TE = turns.narrow(0, t, 1);
      out.push_back(attention->forward(x.narrow(0, t, 1), context).detach());
    }
    return torch::cat(out);
  };
  AttentionContext all;
  all.layout = Layout::dense(1, 9);
  all.causal = true;
  all.turns_TE = turns;
  const torch::Tensor expected = attention->forward(x, all);
  EXPECT_LT(relative_error(run(true), expected), kF64);
  EXPECT_LT(relative_error(run(false), expected), kF64);
}

}  // namespace
}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/lstm.h"

#include <gtest/gtest.h>

#include "tests/support/gradcheck.h"
#include "torch_ops/functional.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;

constexpr int64_t kLength = 4, kBatch = 3, kUnits = 5;

Tensor variable(at::IntArrayRef shape, torch::ScalarType type = torch::kFloat64) {
  return torch::randn(shape, type).mul_(0.6).add_(0.1).requires_grad_();
}

// Tensors in the order x, h, c, weight, bias, then weight and bias of the norms.
LstmParameters parameters_of(const std::vector<Tensor>& v, const NormSpec& spec) {
  LstmParameters p;
  p.weight_GH = v[3];
  p.bias_G = v[4];
  p.x = {spec, v[5], v[6]};
  p.h = {spec, v[7], v[8]};
  p.c = {spec, v[9], v[10]};
  return p;
}

// which: bits for the norms of x, h and c, and for bias.
std::vector<Tensor> problem(unsigned which, const NormSpec& spec, int64_t batch, int64_t units,
                            int64_t length, torch::ScalarType type) {
  const auto one = [&](bool there, int64_t width) {
    return there ? variable({width}, type) : Tensor();
  };
  const bool biased = spec.kind == NormKind::kLayerNorm;
  std::vector<Tensor> v{variable({length, batch, 4 * units}, type), variable({batch, units}, type),
                        variable({batch, units}, type), variable({4 * units, units}, type),
                        one(which & 8, 4 * units)};
  for (unsigned norm = 0; norm < 3; ++norm) {
    const bool there = (which >> norm) & 1;
    const int64_t width = norm == 2 ? units : 4 * units;
    v.push_back(one(there, width));
    v.push_back(one(there && biased, width));
  }
  return v;
}

constexpr NormSpec kLayer{NormKind::kLayerNorm, 1e-5}, kRms{NormKind::kRmsNorm, 1e-5};

// The composition: a node for each operation of each position.
LstmOutput composed(const std::vector<Tensor>& v, const NormSpec& spec) {
  const auto norm = [&](size_t at, const Tensor& x) {
    if (!v[at].defined()) return x;
    if (spec.kind == NormKind::kRmsNorm) {
      return rms_norm(x, v[at].sizes(), v[at], spec.eps, spec.statistic_cols);
    }
    return layer_norm(x, v[at].sizes(), v[at], v[at + 1], spec.eps);
  };
  Tensor h = v[1], c = v[2];
  std::vector<Tensor> all;
  for (int64_t t = 0; t < v[0].size(0); ++t) {
    Tensor sum = norm(5, v[0][t]) + norm(7, h.matmul(v[3].t()));
    if (v[4].defined()) sum = sum + v[4];
    const std::vector<Tensor> part = sum.chunk(4, -1);
    c = part[0].sigmoid() * c + part[1].sigmoid() * part[3].tanh();
    h = part[2].sigmoid() * norm(9, c).tanh();
    all.push_back(h);
  }
  return {torch::stack(all), c};
}

Tensor both(const LstmOutput& out) { return torch::cat({out.h_TBH, out.c_BH.unsqueeze(0)}); }

TEST(Lstm, GradientsMatchFiniteDifferences) {
  torch::manual_seed(1);
  for (const NormSpec& spec : {kLayer, kRms}) {
    for (const unsigned which : {0u, 7u, 15u, 4u}) {
      const auto f = [&](const std::vector<Tensor>& v) {
        return both(lstm(v[0], v[1], v[2], parameters_of(v, spec)));
      };
      EXPECT_TRUE(test::gradcheck(f, problem(which, spec, 2, 3, 3, torch::kFloat64))) << which;
    }
  }
}

double error(const Tensor& a, const Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

// f32 against the composition in f64. Each position adds a few roundings of 2^-24 to numbers near 1
// and hands them on; sums of 4 * units products, the norms' and the gates' are within 2^-19 of the
// largest, and over these few positions they grow by less than 2^4.
TEST(Lstm, IsTheComposition) {
  torch::manual_seed(2);
  NormSpec partial = kRms;
  partial.statistic_cols = 3;
  for (const NormSpec& spec : {kLayer, kRms, partial}) {
    for (unsigned which = 0; which < 16; ++which) {
      for (const auto& [type, bound] : {std::pair(torch::kFloat64, 1e-12),
                                        std::pair(torch::kFloat32, 0x1p-15)}) {
        std::vector<Tensor> ours = problem(which, spec, kBatch, kUnits, kLength, type), theirs;
        for (const Tensor& t : ours) {
          theirs.push_back(t.defined() ? t.detach().to(torch::kFloat64).requires_grad_() : t);
        }
        const Tensor got = both(lstm(ours[0], ours[1], ours[2], parameters_of(ours, spec)));
        const Tensor want = both(composed(theirs, spec));
        EXPECT_LT(error(got, want), bound) << which;
        const Tensor weight = torch::randn(want.sizes(), torch::kFloat64);
        (got * weight.to(type)).sum().backward();
        (want * weight).sum().backward();
        for (size_t i = 0; i < ours.size(); ++i) {
          if (!ours[i].defined()) continue;
          EXPECT_LT(error(ours[i].grad(), theirs[i].grad()), bound) << which << " input " << i;
        }
      }
    }
  }
}

// Large enough that both threads have rows of their own, and that torch's own threads would split
// the inner dimension of a product.
TEST(Lstm, ThreadsDoNotShow) {
  torch::manual_seed(3);
  const std::vector<Tensor> v = problem(15, kLayer, 32, 512, 3, torch::kFloat32);
  const auto run = [&](int threads) {
    torch::set_num_threads(threads);
    std::vector<Tensor> leaves;
    for (const Tensor& t : v) leaves.push_back(t.detach().clone().requires_grad_());
    Tensor y = both(lstm(leaves[0], leaves[1], leaves[2], parameters_of(leaves, kLayer)));
    y.sum().backward();
    std::vector<Tensor> results{y};
    for (const Tensor& t : leaves) results.push_back(t.grad());
    return results;
  };
  const int before = torch::get_num_threads();
  const std::vector<Tensor> one = run(1), two = run(2);
  torch::set_num_threads(before);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], two[i])) << i;
}

// Without a graph a position's memory serves all, which must not show either.
TEST(Lstm, WithoutAGraphTheSameBits) {
  torch::manual_seed(4);
  for (const unsigned which : {0u, 15u, 2u}) {
    const std::vector<Tensor> v = problem(which, kLayer, kBatch, kUnits, 6, torch::kFloat32);
    const LstmOutput kept = lstm(v[0], v[1], v[2], parameters_of(v, kLayer));
    const torch::NoGradGuard no_grad;
    const LstmOutput bare = lstm(v[0], v[1], v[2], parameters_of(v, kLayer));
    EXPECT_TRUE(torch::equal(kept.h_TBH, bare.h_TBH) && torch::equal(kept.c_BH, bare.c_BH));
  }
}

// A result that is not used has no gradient to wait for, and what is not wanted is not made.
TEST(Lstm, OneResultOrOneInputAlone) {
  torch::manual_seed(5);
  std::vector<Tensor> v = problem(15, kLayer, kBatch, kUnits, kLength, torch::kFloat64);
  for (const bool h : {false, true}) {
    const auto pick = [&](const LstmOutput& out) { return (h ? out.h_TBH : out.c_BH).sum(); };
    const Tensor got =
        torch::autograd::grad({pick(lstm(v[0], v[1], v[2], parameters_of(v, kLayer)))}, {v[0]})[0];
    const Tensor want = torch::autograd::grad({pick(composed(v, kLayer))}, {v[0]})[0];
    EXPECT_LT(error(got, want), 1e-12);
  }
  for (size_t i = 0; i < v.size(); ++i) v[i] = v[i].detach().requires_grad_(i == 0);
  lstm(v[0], v[1], v[2], parameters_of(v, kLayer)).h_TBH.sum().backward();
  EXPECT_TRUE(v[0].grad().defined());
  EXPECT_FALSE(v[3].grad().defined());
}

TEST(Lstm, Refusals) {
  const std::vector<Tensor> v = problem(15, kLayer, kBatch, kUnits, kLength, torch::kFloat32);
  const auto message = [&](const auto& breaks) {
    std::vector<Tensor> broken = v;
    NormSpec spec = kLayer;
    breaks(broken, spec);
    try {
      lstm(broken[0], broken[1], broken[2], parameters_of(broken, spec));
    } catch (const c10::Error& e) {
      return std::string(e.what_without_backtrace());
    }
    return std::string();
  };
  EXPECT_EQ(message([](auto& t, auto&) { t[1] = torch::zeros({2, 5}); }),
            "[lstm] h must be [3, 5] but is [2, 5].");
  EXPECT_EQ(message([](auto& t, auto&) { t[0] = t[0].to(torch::kBFloat16); }),
            "[lstm] x must be f32 or f64 but is BFloat16: convert it.");
  EXPECT_EQ(message([](auto& t, auto&) { t[9] = t[9].to(torch::kFloat64); }),
            "[lstm] the weight of c's norm must have x's type, Float, but has Double: convert one "
            "of them.");
  EXPECT_EQ(message([](auto&, auto& spec) { spec.kind = NormKind::kL2Norm; }),
            "[lstm] a norm must be layer_norm or rms_norm but is l2_norm: compose the step of "
            "torch's operations.");
  const Tensor y = lstm(v[0], v[1], v[2], parameters_of(v, kLayer)).h_TBH.sum();
  const Tensor dx = torch::autograd::grad({y}, {v[0]}, {}, true, true)[0];
  EXPECT_THROW(dx.sum().backward(), c10::Error);
}

}  // namespace
}  // namespace norma::torch_ops

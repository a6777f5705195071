// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/batch_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "tests/support/gradcheck.h"

namespace norma::torch_ops {
namespace {

using ::testing::HasSubstr;
using torch::Tensor;

class BatchNormTest : public ::testing::Test {
 protected:
  BatchNormTest() { torch::manual_seed(3); }
  static Tensor variable(at::IntArrayRef shape) {
    return torch::randn(shape, torch::kFloat64).mul_(1.5).add_(0.5).requires_grad_();
  }
};

double distance(const Tensor& a, const Tensor& b) {
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

std::string complaint_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "no error";
}

// torch's own in f64 is the truth. f64 here is a sum of 37 numbers in another order: 2^-45. f32
// rounds each input and about ten operations on numbers below 8, gradients sums of 37: 2^-17.
TEST_F(BatchNormTest, IsTorchsInBothTypesAndModes) {
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    const double most = type == torch::kFloat64 ? 0x1p-45 : 0x1p-17;
    for (const bool training : {true, false}) {
      for (const bool affine : {true, false}) {
        SCOPED_TRACE(std::string(training ? "training" : "evaluation") + (affine ? " affine" : ""));
        const auto f32 = [](const Tensor& t) { return t.to(torch::kFloat32); };
        const Tensor x0 = variable({37, 5}), w0 = variable({5}), b0 = variable({5});
        const Tensor mean0 = f32(torch::randn({5})), var0 = f32(torch::rand({5}) + 0.5);
        const Tensor dy = torch::randn({37, 5});

        const auto run = [&](bool ours, torch::ScalarType as) {
          const auto variable_of = [&](const Tensor& t) {
            return f32(t).to(as).detach().clone().requires_grad_();
          };
          const Tensor x = variable_of(x0);
          const Tensor w = affine ? variable_of(w0) : Tensor();
          const Tensor b = affine ? variable_of(b0) : Tensor();
          const Tensor mean = mean0.to(as).clone(), var = var0.to(as).clone();
          const Tensor y =
              ours ? batch_norm(x, w, b, mean, var, {training, 0.2, 1e-5})
                   : torch::batch_norm(x, w, b, mean, var, training, 0.2, 1e-5, false);
          y.backward(dy.to(as));
          std::vector<Tensor> all = {y.detach(), x.grad(), mean, var};
          if (affine) all.insert(all.end(), {w.grad(), b.grad()});
          return all;
        };
        const auto got = run(true, type), want = run(false, torch::kFloat64);
        for (size_t i = 0; i < got.size(); ++i) {
          EXPECT_EQ(got[i].scalar_type(), type);
          EXPECT_LT(distance(got[i], want[i]), most) << "result " << i;
        }
      }
    }
  }
}

// Of 16 bits, against torch's in f64 on the same values: one rounding to the type, half an ulp,
// 2^-8 of a bf16 and 2^-11 of an f16, 2^-25 where an f16 is subnormal; beside it what f32 did
// before, below 2^-15 of the largest term, or of 37 of about 4 in a sum.
TEST_F(BatchNormTest, HalvesAreTorchsRoundedOnce) {
  for (const auto type : {torch::kBFloat16, torch::kFloat16}) {
    for (const auto parameters : {type, torch::kFloat32}) {
      for (const bool training : {true, false}) {
        SCOPED_TRACE(std::string(training ? "training " : "evaluation ") + toString(type) + " " +
                     toString(parameters));
        const Tensor x0 = variable({37, 5}).detach().to(type), dy = torch::randn({37, 5}).to(type);
        const Tensor w0 = torch::randn({5}).to(parameters), b0 = torch::randn({5}).to(parameters);
        const Tensor mean0 = torch::randn({5}).to(parameters);
        const Tensor var0 = (torch::rand({5}) + 0.5).to(parameters);
        const auto run = [&](bool ours) {
          const auto leaf = [&](const Tensor& t) {
            return (ours ? t : t.to(torch::kFloat64)).clone().requires_grad_();
          };
          const Tensor x = leaf(x0), w = leaf(w0), b = leaf(b0);
          const Tensor mean = leaf(mean0).detach(), var = leaf(var0).detach();
          const Tensor y =
              ours ? batch_norm(x, w, b, mean, var, {training, 0.2, 1e-5})
                   : torch::batch_norm(x, w, b, mean, var, training, 0.2, 1e-5, false);
          y.backward(ours ? dy : dy.to(torch::kFloat64));
          return std::vector<Tensor>{y.detach(), x.grad(), w.grad(), b.grad(), mean, var};
        };
        const auto got = run(true), want = run(false);
        const double scale[] = {8, 16, 37 * 4, 37 * 4, 8, 8};
        for (size_t i = 0; i < got.size(); ++i) {
          const auto its_type = i < 2 ? type : parameters;
          EXPECT_EQ(got[i].scalar_type(), its_type);
          const double half_ulp = its_type == torch::kBFloat16  ? 0x1p-8
                                  : its_type == torch::kFloat16 ? 0x1p-11
                                                                : 0x1p-24;
          const Tensor bound = want[i].abs() * half_ulp + 0x1p-25 + scale[i] * 0x1p-15;
          const Tensor error = (got[i].to(torch::kFloat64) - want[i]).abs();
          EXPECT_TRUE((error <= bound).all().item<bool>()) << "result " << i;
        }
        EXPECT_FALSE(training && torch::equal(got[4], mean0)) << "running statistics are kept";
      }
    }
  }
}

TEST_F(BatchNormTest, GradientsAreThoseOfFiniteDifferences) {
  const Tensor mean = torch::randn({4}, torch::kFloat64);
  const Tensor var = torch::rand({4}, torch::kFloat64) + 0.5;
  const Tensor mask = torch::tensor({true, false, true, true, false, true, true}).view({7});
  for (const bool training : {true, false}) {
    for (const bool masked : {true, false}) {
      for (const bool affine : {true, false}) {
        const auto f = [&](const std::vector<Tensor>& v) {
          return batch_norm(v[0], v[1], v[2], mean.clone(), var.clone(), {training, 0.1, 1e-3},
                            masked ? mask : Tensor());
        };
        EXPECT_TRUE(test::gradcheck(f, {variable({7, 4}), affine ? variable({4}) : Tensor(),
                                        affine ? variable({4}) : Tensor()}))
            << training << masked << affine;
      }
    }
  }
}

TEST_F(BatchNormTest, GradientsOfAStridedInputOfMoreDimensions) {
  const auto f = [](const std::vector<Tensor>& v) {
    return batch_norm(v[0].transpose(0, 2), v[1], {}, {}, {});
  };
  EXPECT_TRUE(test::gradcheck(f, {variable({3, 2, 4}), variable({3})}));
}

// Of the rows that count, the function and its gradient are those of a batch without the others.
TEST_F(BatchNormTest, PaddingIsAsIfItWereNotThere) {
  const Tensor mask = torch::arange(20).remainder(3).ne(0);
  const Tensor rows = mask.nonzero().squeeze(1);
  const Tensor x0 = torch::randn({20, 6}), w = torch::randn({6}), dy = torch::randn({20, 6});
  const auto run = [&](Tensor x, const Tensor& mask_or_none, const Tensor& dy_of_x) {
    x = x.clone().requires_grad_();
    const Tensor mean = torch::zeros({6}), var = torch::ones({6});
    const Tensor y = batch_norm(x, w, {}, mean, var, {}, mask_or_none);
    y.backward(dy_of_x);
    return std::vector<Tensor>{y.detach(), x.grad(), mean, var};
  };
  const auto masked = run(x0, mask, dy);
  Tensor hostile = x0.clone();
  hostile.index_put_({mask.logical_not()}, std::numeric_limits<float>::quiet_NaN());
  const auto other = run(hostile, mask, dy);
  for (size_t i = 0; i < masked.size(); ++i) EXPECT_TRUE(torch::equal(masked[i], other[i])) << i;
  EXPECT_EQ(masked[0].index({mask.logical_not()}).abs().sum().item<float>(), 0);
  EXPECT_EQ(masked[1].index({mask.logical_not()}).abs().sum().item<float>(), 0);
  // Where padding lies may show in the last bits (docs/channel-norms.md): 13 rows near 1 in f32.
  const auto alone = run(x0.index_select(0, rows), {}, dy.index_select(0, rows));
  for (const size_t i : {0, 1}) {
    EXPECT_LT(distance(masked[i].index_select(0, rows), alone[i]), 0x1p-19) << i;
  }
  for (const size_t i : {2, 3}) EXPECT_LT(distance(masked[i], alone[i]), 0x1p-21) << i;
}

TEST_F(BatchNormTest, TheSameBitsForAnyNumberOfThreads) {
  const Tensor x = torch::randn({3000, 40}), dy = torch::randn({3000, 40});
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    const Tensor v = x.clone().requires_grad_(), w = torch::ones({40}).requires_grad_();
    const Tensor y = batch_norm(v, w, {}, {}, {});
    y.backward(dy);
    return std::vector<Tensor>{y.detach(), v.grad(), w.grad()};
  };
  const int before = at::get_num_threads();
  const auto one = run(1), three = run(3);
  at::set_num_threads(before);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
}

TEST_F(BatchNormTest, TheModuleKeepsStatisticsAndEvaluatesByThem) {
  BatchNorm norm(3);
  const Tensor x = torch::randn({50, 3}) * 2 + 1;
  norm->train();
  for (int step = 0; step < 200; ++step) norm(x);
  // 0.9^200 of the start is left.
  EXPECT_LT(distance(norm->running_mean, x.mean(0)), 1e-6);
  EXPECT_LT(distance(norm->running_var, x.var(0, /*unbiased=*/true)), 1e-5);
  norm->eval();
  const Tensor kept = norm->running_mean.clone();
  const Tensor row = torch::randn({1, 3});
  const Tensor want = (row - norm->running_mean) / (norm->running_var + 1e-5).sqrt();
  EXPECT_LT(distance(norm(row), want), 0x1p-20) << "one row is enough, and its own business";
  EXPECT_TRUE(torch::equal(norm->running_mean, kept)) << "evaluation reads only";
  std::vector<std::string> names;
  for (const auto& item : norm->named_buffers()) names.push_back(item.key());
  EXPECT_THAT(names, ::testing::ElementsAre("running_mean", "running_var"));
}

TEST_F(BatchNormTest, RefusesWithTheRuleAndTheValue) {
  const Tensor x = torch::ones({3, 4}), four = torch::ones({4});
  EXPECT_THAT(complaint_of([&] { batch_norm(torch::ones({1, 4}), {}, {}, {}, {}); }),
              HasSubstr("[batch_norm] training must have at least 2 rows that count but has 1"));
  EXPECT_THAT(complaint_of([&] { batch_norm(x, {}, {}, {}, {}, {.training = false}); }),
              HasSubstr("running_mean is missing: evaluation normalises by it."));
  EXPECT_THAT(complaint_of([&] { batch_norm(x, torch::ones({5}), {}, {}, {}); }),
              HasSubstr("weight must have the shape normalized_shape=[4] but has [5]"));
  EXPECT_THAT(complaint_of([&] { batch_norm(x, {}, {}, torch::ones({5}), four); }),
              HasSubstr("running_mean must be contiguous and have the shape [4] but has [5]"));
  EXPECT_THAT(complaint_of([&] { batch_norm(x, {}, {}, {}, {}, {}, torch::ones({3})); }),
              HasSubstr("mask must be bool and have the shape [3]"));
  EXPECT_THAT(complaint_of([&] { batch_norm(x.to(torch::kInt32), {}, {}, {}, {}); }),
              HasSubstr("[batch_norm]"));
  EXPECT_THAT(complaint_of([&] { batch_norm(x, {}, {}, {}, {}, {.eps = -1}); }), HasSubstr("eps"));
  EXPECT_THAT(complaint_of([&] {
                const Tensor v = torch::randn({3, 4}, torch::requires_grad());
                const Tensor sum = batch_norm(v, {}, {}, {}, {}).square().sum();
                const Tensor g = torch::autograd::grad({sum}, {v}, {}, true, true)[0];
                g.sum().backward();
              }),
              HasSubstr("[batch_norm] has first derivatives only"));
}

}  // namespace
}  // namespace norma::torch_ops

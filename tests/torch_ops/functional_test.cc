// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Values and gradients against torch's own functions in float64, for every combination of options
// and every way a tensor can lie in memory. Tolerances: section 8 of the contract norma-1.

#include "torch_ops/functional.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ATen/Parallel.h>

#include <functional>
#include <string>
#include <vector>

#include "core/norm_spec.h"

namespace norma::torch_ops {
namespace {

using ::testing::HasSubstr;
using torch::Tensor;

struct Outcome {
  Tensor y, dx, dweight, dbias;
};

using Function = std::function<Tensor(const Tensor& x, const Tensor& weight, const Tensor& bias)>;

// One forward and one backward pass, with fresh leaves that lie in memory as the arguments do.
Outcome differentiate(const Function& f, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& dy) {
  std::vector<Tensor> leaves;
  for (const Tensor& t : {x, weight, bias}) {
    leaves.push_back(t.defined() ? t.detach().requires_grad_() : Tensor());
  }
  const Tensor y = f(leaves[0], leaves[1], leaves[2]);
  y.backward(dy);
  const auto gradient = [](const Tensor& t) { return t.defined() ? t.grad() : Tensor(); };
  return {y.detach(), gradient(leaves[0]), gradient(leaves[1]), gradient(leaves[2])};
}

struct Case {
  NormKind kind;
  std::vector<int64_t> shape;
  double eps = 1e-5;

  Tensor operator()(const Tensor& x, const Tensor& weight, const Tensor& bias) const {
    return kind == NormKind::kLayerNorm ? torch_ops::layer_norm(x, shape, weight, bias, eps)
                                        : torch_ops::rms_norm(x, shape, weight, eps);
  }
  Tensor torchs(const Tensor& x, const Tensor& weight, const Tensor& bias) const {
    if (kind == NormKind::kLayerNorm) return at::layer_norm(x, shape, weight, bias, eps);
    return at::rms_norm(x, shape, weight.defined() ? std::optional(weight) : std::nullopt, eps);
  }
};

Tensor wide(const Tensor& t) { return t.defined() ? t.detach().to(torch::kFloat64) : Tensor(); }

void expect_within(const char* name, const Tensor& found, const Tensor& truth,
                   const Tensor& bound) {
  ASSERT_EQ(found.defined(), truth.defined()) << name;
  if (!found.defined()) return;
  ASSERT_EQ(found.sizes(), truth.sizes()) << name;
  const Tensor excess = (wide(found) - truth).abs() - bound.expand_as(truth);
  EXPECT_FALSE((excess > 0).any().item<bool>() || excess.isnan().any().item<bool>())
      << name << ": worst error exceeds its bound by " << excess.max().item<double>();
}

// The bounds of section 8 for f32. For f64 no ulp is promised: the same formulas with the unit
// roundoff of f64, 2^-29 times smaller, times 8 for the plainer pivot and for torch's own rounding.
void expect_agreement(const Case& norm, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& dy) {
  const Outcome found = differentiate(norm, x, weight, bias, dy);
  const auto torchs = [&](auto&&... args) { return norm.torchs(args...); };
  const Outcome truth = differentiate(torchs, wide(x), wide(weight), wide(bias), wide(dy));
  EXPECT_EQ(found.y.scalar_type(), x.scalar_type());

  const bool layer = norm.kind == NormKind::kLayerNorm;
  const double unit = x.scalar_type() == torch::kFloat64 ? 0x1p-26 : 1;
  const auto dims = static_cast<int64_t>(norm.shape.size());
  const int64_t cols = c10::multiply_integers(norm.shape);
  const Tensor rows = wide(x).reshape({-1, cols}), dy_rows = wide(dy).reshape({-1, cols});
  const auto row_of = [&](const Tensor& t) {
    return t.defined() ? wide(t).reshape({cols}) : torch::zeros({cols}, torch::kFloat64);
  };
  const Tensor w = weight.defined() ? row_of(weight).abs() : torch::ones({cols}, torch::kFloat64);
  const Tensor b = row_of(bias).abs(), g = (dy_rows * w).abs();
  const Tensor centred = layer ? rows - rows.mean(-1, true) : rows;
  const Tensor rstd = 1 / (centred.square().mean(-1, true) + norm.eps).sqrt();
  const Tensor xhat = (centred * rstd).abs(), size = 1 + xhat;

  const Tensor y_abs = truth.y.reshape({-1, cols}).abs();
  const Tensor y_bound = layer ? 0x1p-24 * y_abs + 0x1p-17 * (w * size + b) : 11 * 0x1p-24 * y_abs;
  const Tensor dx_bound = layer ? 0x1p-15 * rstd * (g + size * (g * size).mean(-1, true))
                                : 0x1p-18 * rstd * (g + xhat * (g * xhat).mean(-1, true));
  const Tensor dw_bound = (layer ? 0x1p-17 : 0x1p-18) * (dy_rows.abs() * size).sum(0);
  const Tensor db_bound = 0x1p-19 * dy_rows.abs().sum(0);
  const auto shaped = [&](const Tensor& t) { return unit * t.reshape(truth.y.sizes()); };
  expect_within("y", found.y, truth.y, shaped(y_bound));
  expect_within("dx", found.dx, truth.dx, shaped(dx_bound));
  const auto parameter_shape = x.sizes().slice(x.dim() - dims);
  expect_within("dweight", found.dweight, truth.dweight, unit * dw_bound.reshape(parameter_shape));
  expect_within("dbias", found.dbias, truth.dbias, unit * db_bound.reshape(parameter_shape));
}

Tensor random(at::IntArrayRef shape, torch::ScalarType type) {
  return torch::randn(shape, torch::kFloat64).mul_(1.5).add_(0.5).to(type);
}

class Functional : public ::testing::TestWithParam<std::tuple<NormKind, torch::ScalarType>> {
 protected:
  Functional() { torch::manual_seed(1); }
  ~Functional() override { at::set_num_threads(threads_before_); }

  NormKind kind() const { return std::get<0>(GetParam()); }
  torch::ScalarType type() const { return std::get<1>(GetParam()); }
  bool layer() const { return kind() == NormKind::kLayerNorm; }
  Tensor random(at::IntArrayRef shape) const { return torch_ops::random(shape, type()); }
  // bias only where the norm has one
  Tensor random_bias(at::IntArrayRef shape) const { return layer() ? random(shape) : Tensor(); }

 private:
  const int threads_before_ = at::get_num_threads();
};

TEST_P(Functional, AgreesWithTorchForEveryCombinationOfParameters) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{7}, {33}, {3, 4}, {2, 3, 5}}) {
    std::vector<int64_t> x_shape{6, 2};
    x_shape.insert(x_shape.end(), shape.begin(), shape.end());
    for (const bool has_weight : {false, true}) {
      for (const bool has_bias : {false, true}) {
        if (has_bias && !layer()) continue;
        SCOPED_TRACE(testing::Message() << at::IntArrayRef(shape) << has_weight << has_bias);
        expect_agreement({kind(), shape}, random(x_shape), has_weight ? random(shape) : Tensor(),
                         has_bias ? random(shape) : Tensor(), random(x_shape));
      }
    }
  }
}

TEST_P(Functional, AgreesOnLongRowsManyRowsAndNoLeadingDimension) {
  for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{3, 2500}, {700, 24}, {65, 1}}) {
    SCOPED_TRACE(testing::Message() << rows << " x " << cols);
    expect_agreement({kind(), {cols}}, random({rows, cols}), random({cols}), random_bias({cols}),
                     random({rows, cols}));
  }
  expect_agreement({kind(), {19}}, random({19}), random({19}), random_bias({19}), random({19}));
}

TEST_P(Functional, EpsIsInsideTheRootAndItsDefaultIsPyTorchs) {
  const Tensor x = random({4, 6}) * 1e-3;
  for (const double eps : {1e-6, 0.5}) {
    expect_agreement({kind(), {6}, eps}, x, random({6}), random_bias({6}), random({4, 6}));
  }
  if (layer()) {
    const Tensor y = torch_ops::layer_norm(x, {6});
    EXPECT_TRUE(torch::equal(y, torch_ops::layer_norm(x, {6}, {}, {}, 1e-5)));
  } else {
    const double eps = type() == torch::kFloat64 ? 0x1p-52 : 0x1p-23;
    EXPECT_TRUE(torch::equal(torch_ops::rms_norm(x, {6}), torch_ops::rms_norm(x, {6}, {}, eps)));
  }
}

TEST_P(Functional, ReadsTensorsHoweverTheyLieInMemory) {
  const std::vector<std::pair<const char*, Tensor>> inputs = {
      {"strided rows", random({12, 16}).slice(1, 0, 10)},
      {"every other row", random({24, 10}).slice(0, 0, 24, 2)},
      {"every third, and strided", random({36, 16}).slice(0, 1, 36, 3).slice(1, 2, 12)},
      {"leading dimensions swapped", random({4, 3, 10}).transpose(0, 1)},
      {"leading slice of three dimensions", random({3, 8, 10}).slice(1, 0, 4)},
      {"rows and columns swapped", random({10, 12}).t()},
      {"every other column", random({12, 20}).slice(1, 0, 20, 2)},
      {"one row repeated", random({1, 10}).expand({12, 10})},
      {"one value a row repeated", random({12, 1}).expand({12, 10})},
      {"overlapping windows", random({43}).unfold(0, 10, 3)},
      {"an offset into memory", random({13, 10}).slice(0, 1)},
      {"size-1 dimensions with odd strides",
       random({12, 10}).as_strided({1, 12, 1, 10}, {3, 10, 7, 1})},
      {"lazily negated",
       torch::imag(torch::conj(torch::complex(random({12, 10}), random({12, 10}))))},
  };
  for (const auto& [name, x] : inputs) {
    SCOPED_TRACE(name);
    const Case norm{kind(), {10}};
    const Tensor weight = random({10}), bias = random_bias({10}), dy = random(x.sizes());
    const Outcome found = differentiate(norm, x, weight, bias, dy);
    const Tensor copy = x.clone(at::MemoryFormat::Contiguous);
    const Outcome dense = differentiate(norm, copy, weight, bias, dy);
    EXPECT_TRUE(found.y.is_contiguous());
    EXPECT_TRUE(torch::equal(found.y, dense.y));
    EXPECT_TRUE(torch::equal(found.dx, dense.dx));
    EXPECT_TRUE(torch::equal(found.dweight, dense.dweight));
    // The same memory as the gradient that flows in.
    const Outcome from_dy = differentiate(norm, dy, weight, bias, x);
    const Outcome from_dense = differentiate(norm, dy, weight, bias, copy);
    EXPECT_TRUE(torch::equal(from_dy.dx, from_dense.dx));
    EXPECT_TRUE(torch::equal(from_dy.dweight, from_dense.dweight));
    if (layer()) {
      EXPECT_TRUE(torch::equal(from_dy.dbias, from_dense.dbias));
    }
  }
  const Tensor permuted = random({5, 4, 3}).permute({2, 1, 0});
  expect_agreement({kind(), {4, 5}}, permuted, random({5, 4}).t(),
                   layer() ? random({5, 4}).t() : Tensor(), random({3, 5, 4}).transpose(1, 2));
}

TEST_P(Functional, TakesAnExpandedGradient) {
  const Tensor x = random({9, 12}), weight = random({12}), bias = random_bias({12});
  const Case norm{kind(), {12}};
  for (const Tensor& dy : {random({1, 1}).expand({9, 12}), random({1, 12}).expand({9, 12}),
                           random({9, 1}).expand({9, 12})}) {
    expect_agreement(norm, x, weight, bias, dy);
  }
  const Tensor a = x.clone().requires_grad_(), b = x.clone().requires_grad_();
  norm(a, weight, bias).sum().backward();
  norm(b, weight, bias).backward(torch::ones_like(x));
  EXPECT_TRUE(torch::equal(a.grad(), b.grad()));
}

TEST_P(Functional, ZeroRowsGiveEmptyOutputAndZeroGradients) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{0, 5}, {3, 0, 5}}) {
    const Tensor x = random(shape);
    const Outcome found =
        differentiate(Case{kind(), {5}}, x, random({5}), random_bias({5}), torch::empty_like(x));
    EXPECT_EQ(found.y.sizes(), x.sizes());
    EXPECT_EQ(found.dx.sizes(), x.sizes());
    EXPECT_TRUE(torch::equal(found.dweight, torch::zeros({5}, type())));
    if (layer()) {
      EXPECT_TRUE(torch::equal(found.dbias, torch::zeros({5}, type())));
    }
  }
}

TEST(LayerNormFunction, OfOneColumnIsItsBias) {
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    const Tensor x = random({5, 1}, type), bias = random({1}, type);
    const Outcome found = differentiate(Case{NormKind::kLayerNorm, {1}}, x, random({1}, type), bias,
                                        random({5, 1}, type));
    EXPECT_TRUE(torch::equal(found.y, bias.expand({5, 1})));
    EXPECT_TRUE(torch::equal(found.dx, torch::zeros({5, 1}, type)));
  }
}

TEST_P(Functional, OnlyWhatRequiresAGradientGetsOne) {
  const Tensor x = random({6, 8}), dy = random({6, 8});
  const Tensor weight = random({8}), bias = random_bias({8});
  const Case norm{kind(), {8}};
  const Outcome all = differentiate(norm, x, weight, bias, dy);
  for (int wanted = 0; wanted < (layer() ? 8 : 4); ++wanted) {
    const Tensor x_leaf = x.detach().requires_grad_(wanted & 1);
    const Tensor weight_leaf = weight.detach().requires_grad_(wanted & 2);
    const Tensor bias_leaf = layer() ? bias.detach().requires_grad_(wanted & 4) : Tensor();
    const Tensor y = norm(x_leaf, weight_leaf, bias_leaf);
    EXPECT_TRUE(torch::equal(y.detach(), all.y));
    EXPECT_EQ(y.requires_grad(), wanted != 0);
    if (wanted == 0) continue;
    y.backward(dy);
    EXPECT_EQ(x_leaf.grad().defined(), bool(wanted & 1));
    EXPECT_EQ(weight_leaf.grad().defined(), bool(wanted & 2));
    if (wanted & 1) {
      EXPECT_TRUE(torch::equal(x_leaf.grad(), all.dx));
    }
    if (wanted & 2) {
      EXPECT_TRUE(torch::equal(weight_leaf.grad(), all.dweight));
    }
    if (wanted & 4) {
      EXPECT_TRUE(torch::equal(bias_leaf.grad(), all.dbias));
    }
  }
  // A gradient asked for by name leaves the others alone.
  const Tensor x_leaf = x.detach().requires_grad_(), weight_leaf = weight.detach().requires_grad_();
  const auto only = torch::autograd::grad({norm(x_leaf, weight_leaf, bias)}, {weight_leaf}, {dy});
  EXPECT_TRUE(torch::equal(only[0], all.dweight));
}

TEST_P(Functional, SavesNothingWhereNoGradientCanBeAskedFor) {
  const Case norm{kind(), {8}};
  const Tensor x = random({6, 8});
  EXPECT_EQ(norm(x, {}, {}).grad_fn(), nullptr);
  const Tensor leaf = x.clone().requires_grad_();
  const torch::NoGradGuard no_grad;
  const Tensor y = norm(leaf, {}, {});
  EXPECT_FALSE(y.requires_grad());
  EXPECT_EQ(y.grad_fn(), nullptr);
}

TEST_P(Functional, GradientsAddUpAndTheGraphCanBeKept) {
  const Tensor x = random({6, 8}).requires_grad_();
  const Tensor y = Case{kind(), {8}}(x, {}, {});
  const Tensor dy = random({6, 8});
  y.backward(dy, /*retain_graph=*/true);
  const Tensor once = x.grad().clone();
  y.backward(dy);
  EXPECT_TRUE(torch::equal(x.grad(), once + once));
  EXPECT_THROW(y.backward(dy), c10::Error) << "the saved tensors were freed";
}

TEST_P(Functional, ChangingASavedInputIsAnError) {
  const Tensor weight = random({8}).requires_grad_();
  const Tensor x = random({6, 8});
  const Tensor y = Case{kind(), {8}}(x, weight, {});
  x.add_(1);
  EXPECT_THROW(y.sum().backward(), c10::Error);
}

TEST_P(Functional, DifferentiatingAGradientIsAClearError) {
  const Case norm{kind(), {8}};
  const Tensor x = random({6, 8}).requires_grad_(), weight = random({8}).requires_grad_();
  const Tensor dy = random({6, 8}).requires_grad_();
  const Outcome first = differentiate(norm, x, weight, {}, dy.detach());
  const auto gradients = torch::autograd::grad({norm(x, weight, {})}, {x, weight}, {dy},
                                               /*retain_graph=*/true, /*create_graph=*/true);
  EXPECT_TRUE(torch::equal(gradients[0].detach(), first.dx));
  EXPECT_TRUE(torch::equal(gradients[1].detach(), first.dweight));
  for (const Tensor& gradient : gradients) {
    ASSERT_TRUE(gradient.requires_grad());
    try {
      torch::autograd::grad({gradient.square().sum()}, {x}, {}, /*retain_graph=*/true);
      ADD_FAILURE() << "no error";
    } catch (const c10::Error& error) {
      EXPECT_THAT(error.what_without_backtrace(), HasSubstr(name_of(kind())));
      EXPECT_THAT(error.what_without_backtrace(), HasSubstr("first derivatives only"));
    }
  }
}

TEST_P(Functional, BitsDoNotDependOnTheNumberOfThreads) {
  const Tensor x = random({515, 96}), weight = random({96}), bias = random_bias({96});
  const Tensor dy = random({515, 96});
  const Case norm{kind(), {96}};
  at::set_num_threads(1);
  const Outcome one = differentiate(norm, x, weight, bias, dy);
  for (const int threads : {2, 3, 8}) {
    at::set_num_threads(threads);
    const Outcome many = differentiate(norm, x, weight, bias, dy);
    EXPECT_TRUE(torch::equal(one.y, many.y)) << threads;
    EXPECT_TRUE(torch::equal(one.dx, many.dx)) << threads;
    EXPECT_TRUE(torch::equal(one.dweight, many.dweight)) << threads;
    if (layer()) {
      EXPECT_TRUE(torch::equal(one.dbias, many.dbias)) << threads;
    }
  }
}

// Ba, Kiros, Hinton 2016, section 3: the statistics of a training case are its own.
TEST_P(Functional, ARowDoesNotDependOnTheOtherTrainingCasesAndBatchNormDoes) {
  const Tensor x = random({8, 16}), dy = random({8, 16});
  Tensor others_changed = x.clone();
  others_changed.slice(0, 1).mul_(-3).add_(7);
  const Case norm{kind(), {16}};
  const Outcome before = differentiate(norm, x, {}, {}, dy);
  const Outcome after = differentiate(norm, others_changed, {}, {}, dy);
  EXPECT_TRUE(torch::equal(before.y[0], after.y[0]));
  EXPECT_TRUE(torch::equal(before.dx[0], after.dx[0]));
  EXPECT_FALSE(torch::equal(before.y[1], after.y[1]));

  torch::nn::BatchNorm1d batch_norm(16);
  batch_norm->to(type());
  batch_norm->train();
  EXPECT_FALSE(torch::allclose(batch_norm(x)[0], batch_norm(others_changed)[0], 1e-2, 1e-2));
}

INSTANTIATE_TEST_SUITE_P(
    Norms, Functional,
    ::testing::Combine(::testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                       ::testing::Values(torch::kFloat32, torch::kFloat64)),
    [](const auto& info) {
      return std::string(name_of(std::get<0>(info.param))) +
             (std::get<1>(info.param) == torch::kFloat64 ? "_f64" : "_f32");
    });

}  // namespace
}  // namespace norma::torch_ops

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/lstm_training/lstm.h"

#include <fmt/format.h>

namespace norma::bench::lstm_training {
namespace {

using torch::Tensor;

constexpr const char* kNames[] = {"y", "dx", "dweight_x", "dweight_h", "dbias"};

}  // namespace

Problem::Problem(const Shape& s, uint64_t seed) : shape(s) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto normal = [&](at::IntArrayRef size, double scale, double middle = 0) {
    return torch::randn(size, generator, torch::kFloat32).mul_(scale).add_(middle);
  };
  const int64_t gates = 4 * s.units;
  const double spread = 1 / std::sqrt(static_cast<double>(s.units));
  x_TBH = normal({s.positions, s.texts, s.units}, 1);
  dy_TBH = normal({s.positions, s.texts, s.units}, 1);
  weight_x = normal({gates, s.units}, spread);
  weight_h = normal({gates, s.units}, spread);
  bias = normal({gates}, 0.1);
  gain_x = normal({gates}, 0.1, 1);
  shift_x = normal({gates}, 0.1);
  gain_h = normal({gates}, 0.1, 1);
  shift_h = normal({gates}, 0.1);
  gain_c = normal({s.units}, 0.1, 1);
  shift_c = normal({s.units}, 0.1);
}

std::vector<Tensor> Problem::truth(bool norms) const {
  const auto leaf = [](const Tensor& t) { return t.to(torch::kFloat64).requires_grad_(); };
  const auto f64 = [](const Tensor& t) { return t.to(torch::kFloat64); };
  const auto norm = [&](const Tensor& v, const Tensor& gain, const Tensor& shift) {
    return norms ? at::layer_norm(v, gain.sizes(), f64(gain), f64(shift)) : v;
  };
  const Tensor x = leaf(x_TBH), wx = leaf(weight_x), wh = leaf(weight_h), b = leaf(bias);
  const Tensor share = norm(x.matmul(wx.t()), gain_x, shift_x) + b;
  Tensor h = torch::zeros({shape.texts, shape.units}, torch::kFloat64), c = h;
  std::vector<Tensor> all;
  for (const Tensor& at : share.unbind(0)) {
    const auto part = (at + norm(h.matmul(wh.t()), gain_h, shift_h)).chunk(4, -1);
    c = part[0].sigmoid() * c + part[1].sigmoid() * part[3].tanh();
    h = part[2].sigmoid() * norm(c, gain_c, shift_c).tanh();
    all.push_back(h);
  }
  const Tensor y = torch::stack(all);
  std::vector<Tensor> results{y.detach()};
  for (const Tensor& g : torch::autograd::grad({y}, {x, wx, wh, b}, {f64(dy_TBH)})) {
    results.push_back(g);
  }
  return results;
}

// f32 against float64 over a hundred positions, of the largest element: rounding was found to make
// 1e-5 of it, while a wrong equation or a lost term makes a hundredth and more.
Status LstmPeer::check_results(const std::vector<Tensor>& results) const {
  constexpr double kWithin = 1e-3;
  for (size_t i = 0; i < truth_->size(); ++i) {
    const Tensor& want = (*truth_)[i];
    const Tensor got = results[i].to(torch::kFloat64);
    const double error = ((got - want).abs().max() / want.abs().max()).item<double>();
    if (!(error <= kWithin)) {
      return {StatusCode::kInternal,
              fmt::format("[bench] lstm_training: {} of {} is off by {:.2g} of its largest "
                          "element, more than {}.",
                          kNames[i], impl_, error, kWithin)};
    }
  }
  return {};
}

ModelContest contest(const Shape& shape, uint64_t seed) {
  const auto problem = std::make_shared<const Problem>(shape, seed);
  const auto truth = [&](bool norms) {
    return std::make_shared<const std::vector<Tensor>>(problem->truth(norms));
  };
  const SharedTruth with = truth(true), without = truth(false);
  return {.task = "lstm_training",
          .size = fmt::format("{} positions of {} texts, {} units", shape.positions, shape.texts,
                              shape.units),
          .rows = shape.positions * shape.texts,
          .cols = shape.units,
          .entrants = {{"norma", "layer norms, fused",
                        [=](const ModelRun&) { return make_norma(problem, with); }},
                       {"composed", "layer norms, a node for each operation",
                        [=](const ModelRun&) { return make_composed(problem, with); }},
                       {"torch", "at::lstm, no norm",
                        [=](const ModelRun&) { return make_torch(problem, without); }}}};
}

}  // namespace norma::bench::lstm_training

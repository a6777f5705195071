// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/operators/operators.h"

#include <fmt/format.h>

#include <stdexcept>

namespace norma::bench::operators {
namespace {

class OperatorPeer : public ModelPeer {
 public:
  OperatorPeer(std::string task, std::string impl, Run run, const Work& work)
      : task_(std::move(task)),
        impl_(std::move(impl)),
        run_(std::move(run)),
        names_(work.names),
        truth_(work.truth),
        within_(work.within) {}

  void run(size_t) override {
    const torch::NoGradGuard no_grad;
    results_ = run_();
  }
  Status check() const override {
    for (size_t i = 0; i < truth_.size(); ++i) {
      const torch::Tensor got = f64(results_[i]);
      const double error =
          ((got - truth_[i]).abs().max() / truth_[i].abs().max()).item<double>();
      if (error <= within_) continue;
      return {StatusCode::kInternal,
              fmt::format("[bench] {}: {} of {} is off by {:.2g} of its largest element, more "
                          "than {}.",
                          task_, names_[i], impl_, error, within_)};
    }
    return {};
  }

 private:
  const std::string task_, impl_;
  const Run run_;
  const std::vector<std::string> names_;
  const Results truth_;
  const double within_;
  Results results_;
};

// The yardstick: x to memory that exists.
class Copy : public ModelPeer {
 public:
  explicit Copy(const torch::Tensor& x) : x_(x), y_(torch::empty_like(x)) {}
  void run(size_t) override { y_.copy_(x_); }
  Status check() const override { return {}; }

 private:
  const torch::Tensor x_;
  torch::Tensor y_;
};

}  // namespace

ModelContest contest(const std::string& task, const Work& work) {
  const auto peer = [&](const std::string& impl, const Run& run) {
    return [=](const ModelRun&) { return std::make_unique<OperatorPeer>(task, impl, run, work); };
  };
  return {.task = task,
          .size = work.size,
          .rows = work.x.size(0),
          .cols = work.x.numel() / work.x.size(0),
          .bytes = work.bytes,
          .entrants = {{"norma", "one pass", peer("norma", work.norma)},
                       {"copy", "x alone",
                        [x = work.x](const ModelRun&) { return std::make_unique<Copy>(x); }},
                       {"torch", work.by_torch, peer("torch", work.torch)}}};
}

at::Generator generator_of(uint64_t seed) {
  return at::make_generator<at::CPUGeneratorImpl>(seed);
}

torch::Tensor normal(at::Generator& generator, at::IntArrayRef size, double middle) {
  return torch::randn(size, generator, torch::kFloat32).add_(middle);
}

RowsView rows_of(const torch::Tensor& t) {
  const int64_t cols = t.size(-1);
  return {t.data_ptr(), DType::kF32, t.numel() / cols, cols, cols};
}

VectorView vector_of(const torch::Tensor& t) { return {t.data_ptr(), DType::kF32, t.numel()}; }

ConstVectorView const_vector_of(const torch::Tensor& t) {
  return {t.data_ptr(), DType::kF32, t.numel()};
}

torch::Tensor workspace_of(size_t bytes) {
  return torch::empty({static_cast<int64_t>(bytes / sizeof(float)) + 1}, torch::kFloat32);
}

void throw_if_error(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message());
}

}  // namespace norma::bench::operators

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// admin: Post-LN whose stream is scaled so that no branch dominates at the start.
//
//   each sub-layer f_i, i = 1, 2, ...:  x = N(w_i ⊙ x + f_i(x))
//   w_i = sqrt(Var x_0 + sum over j < i of Var f_j), all its C elements, then learned
//
// Var f_j is the variance of all elements of the branch's output in one forward pass with every w =
// 1 (the profiling pass, on the first batch of training); x_0 is what the stack is given. The sum
// of the paper begins with f_1; with nothing before it w_1 would be 0 and the embedding lost, so
// that Var x_0 counts as the first branch, as in the authors' code.
//
// Source: Liu et al. 2020, section 4.2. Final norm: none, the last sub-layer ends in one.

#include <cmath>

#include "models/placement.h"

namespace norma::models {
namespace {

class Admin : public Placement {
 public:
  explicit Admin(const PlacementOptions& options)
      : Placement(options, false),
        norms_(add_norm_per_sublayer()),
        scales_(add_scale_per_sublayer(torch::ones({options.d_model}))) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    if (profiling_ && variances_.empty()) measure(stream.x);
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor f = sublayers[i].f(stream.x);
      if (profiling_) measure(f);
      stream.x = norms_[layer][i].forward(scales_[layer][i] * stream.x + f);
    }
  }

  bool needs_profile() const override { return true; }
  void begin_profile() override {
    torch::NoGradGuard no_grad;
    for (auto& block : scales_) {
      for (torch::Tensor& scale : block) scale.fill_(1);
    }
    profiling_ = true;
    variances_.clear();
  }
  void end_profile() override {
    profiling_ = false;
    torch::NoGradGuard no_grad;
    double sum = 0;
    size_t next = 0;
    for (auto& block : scales_) {
      for (torch::Tensor& scale : block) {
        sum += variances_.at(next++);
        scale.fill_(std::sqrt(sum));
      }
    }
  }

 private:
  void measure(const torch::Tensor& f) {
    variances_.push_back(
        f.detach().to(torch::kFloat64).var(/*unbiased=*/false).item<double>());
  }

  std::vector<std::vector<Norm>> norms_;
  std::vector<std::vector<torch::Tensor>> scales_;
  bool profiling_ = false;
  std::vector<double> variances_;  // of x_0, f_1, f_2, ...
};

}  // namespace

const PlacementInfo kPlacementAdmin = {
    .name = "admin",
    .equation = "x = N(w ⊙ x + f(x))",
    .source = "Liu et al. 2020",
    .start =
        "w_i = sqrt(Var x_0 + sum of Var f_j, j < i), from a forward pass over the first "
        "batch",
    .final_norm = "",
    .cost = "2",
    .drawing =
        "x ─┬─ f ─ + ─ N ─ x\n"
        "   └─ w ──┘",
    .make = make_placement_of<Admin>,
};

}  // namespace norma::models

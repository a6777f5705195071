// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/norma_peer.h"

#include <stdexcept>

#include "core/plan/plan.h"

namespace norma::bench {
namespace {

void throw_if_error(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message());
}

ConstVectorView vector_of(const Buffer& b) { return {b.data(), DType::kF32, b.size()}; }

class Norma : public Peer {
 public:
  Norma(const Problem& problem, const Executor& executor)
      : p_(problem), executor_(executor), spec_{problem.task.kind, problem.eps} {}

 protected:
  RowsView rows_of(const Buffer& b) const {
    return {b.bytes(), b.dtype(), p_.rows, p_.cols, p_.cols};
  }

  const Problem& p_;
  const Executor& executor_;
  const NormSpec spec_;
};

class NormaForward : public Norma {
 public:
  using Norma::Norma;

  void run(size_t set) override {
    const RowSet& s = p_.sets[set];
    Statistics statistics{nullptr, nullptr, s.rstd.data()};
    if (p_.layer()) statistics = {s.mean_hi.data(), s.mean_lo.data(), s.rstd.data()};
    NormForward arguments{.x = rows_of(s.x),
                          .weight = vector_of(p_.weight),
                          .bias = vector_of(p_.bias),
                          .y = rows_of(s.y),
                          .statistics = statistics};
    if (p_.task.residual) {
      arguments.residual = rows_of(s.residual);
      arguments.sum = rows_of(s.sum);
    }
    throw_if_error(norm_forward(spec_, arguments, executor_));
  }
  Answer answer(size_t set) override {
    return {.y = p_.sets[set].y.bytes(), .sum = p_.sets[set].sum.bytes()};
  }
};

class NormaBackward : public Norma {
 public:
  NormaBackward(const Problem& problem, const Executor& executor) : Norma(problem, executor) {
    throw_if_error(norm_backward_workspace_size(spec_, arguments(0), executor_, &workspace_bytes_));
    workspace_ = Buffer(static_cast<int64_t>(workspace_bytes_ / sizeof(float)) + 1);
  }

  void run(size_t set) override {
    throw_if_error(norm_backward(spec_, arguments(set), workspace_.data(), workspace_bytes_,
                                 executor_));
  }
  Answer answer(size_t set) override {
    return {.dx = p_.sets[set].dx.bytes(),
            .dweight = p_.dweight.data(),
            .dbias = p_.layer() ? p_.dbias.data() : nullptr};
  }

 private:
  NormBackward arguments(size_t set) const {
    const RowSet& s = p_.sets[set];
    ConstStatistics statistics{nullptr, nullptr, s.rstd.data()};
    if (p_.layer()) statistics = {s.mean_hi.data(), s.mean_lo.data(), s.rstd.data()};
    return {.x = rows_of(s.x),
            .dy = rows_of(s.dy),
            .weight = vector_of(p_.weight),
            .statistics = statistics,
            .dx = rows_of(s.dx),
            .dweight = {p_.dweight.data(), DType::kF32, p_.cols},
            .dbias = {p_.dbias.data(), DType::kF32, p_.dbias.size()}};
  }

  Buffer workspace_;
  size_t workspace_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Peer> make_norma_forward(const Problem& problem, const Executor& executor) {
  return std::make_unique<NormaForward>(problem, executor);
}
std::unique_ptr<Peer> make_norma_backward(const Problem& problem, const Executor& executor) {
  return std::make_unique<NormaBackward>(problem, executor);
}

}  // namespace norma::bench

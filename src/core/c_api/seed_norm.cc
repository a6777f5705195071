// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The C functions of SeeDNorm.

#include "core/plan/seed_norm.h"

#include <cstddef>

#include "base/executor.h"
#include "base/status.h"
#include "core/c_api/edge.h"
#include "core/seed_norm.h"
#include "norma/norma.h"

namespace norma {
namespace {

constexpr size_t kForwardFirstSize = 184;
constexpr size_t kBackwardFirstSize = 288;
static_assert(sizeof(norma_seed_norm_forward_args) >= kForwardFirstSize);
static_assert(sizeof(norma_seed_norm_backward_args) >= kBackwardFirstSize);

// Calls as the core takes them.
struct SeedForwardCall {
  static constexpr const char* kName = "seed_norm";
  SeedNormForward args;

  Status read_args(const norma_seed_norm_forward_args* given) {
    norma_seed_norm_forward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kForwardFirstSize>(kName, given, &a));
    args = {a.eps,     view(a.x), view(a.alpha), view(a.beta), view(a.gamma),
            view(a.y), a.dot,     a.rstd};
    return Status();
  }
  Status run(void*, size_t, const Executor& executor) const {
    return seed_norm_forward(args, executor);
  }
};

struct SeedBackwardCall {
  static constexpr const char* kName = "seed_norm_backward";
  SeedNormBackward args;

  Status read_args(const norma_seed_norm_backward_args* given) {
    norma_seed_norm_backward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kBackwardFirstSize>(kName, given, &a));
    args = {view(a.x),  view(a.dy),     view(a.alpha), view(a.beta), view(a.gamma), a.dot, a.rstd,
            view(a.dx), view(a.dalpha), view(a.dbeta), view(a.dgamma)};
    return Status();
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return seed_norm_backward_workspace_size(args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return seed_norm_backward(args, workspace, bytes, executor);
  }
};

}  // namespace
}  // namespace norma

extern "C" {

int norma_seed_norm_forward(const norma_seed_norm_forward_args* args,
                            const norma_executor* executor) {
  return norma::run<norma::SeedForwardCall>(args, nullptr, 0, executor);
}
int norma_seed_norm_backward_workspace_size(const norma_seed_norm_backward_args* args,
                                            const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::SeedBackwardCall>(args, executor, bytes);
}
int norma_seed_norm_backward(const norma_seed_norm_backward_args* args, void* workspace,
                             size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::SeedBackwardCall>(args, workspace, workspace_bytes, executor);
}

}  // extern "C"

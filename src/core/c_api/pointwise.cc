// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The C functions of the pointwise functions.

#include "core/plan/pointwise.h"

#include <cstddef>

#include "base/executor.h"
#include "base/status.h"
#include "core/c_api/edge.h"
#include "core/pointwise_spec.h"
#include "norma/norma.h"

namespace norma {
namespace {

constexpr size_t kDytForwardFirstSize = 144;
constexpr size_t kDytBackwardFirstSize = 216;
constexpr size_t kDerfForwardFirstSize = 152;
constexpr size_t kDerfBackwardFirstSize = 232;
static_assert(sizeof(norma_derf_forward_args) >= kDerfForwardFirstSize);
static_assert(sizeof(norma_derf_backward_args) >= kDerfBackwardFirstSize);
static_assert(sizeof(norma_dyt_forward_args) >= kDytForwardFirstSize);
static_assert(sizeof(norma_dyt_backward_args) >= kDytBackwardFirstSize);

// A call as the core takes it.
struct DytForwardCall {
  static constexpr const char* kName = "dyt";
  PointwiseSpec spec;
  PointwiseForward args;

  Status read_args(const norma_dyt_forward_args* given) {
    norma_dyt_forward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kDytForwardFirstSize>(kName, given, &a));
    spec = {PointwiseKind::kDyt, a.alpha};
    args = {view(a.x), view(a.weight), view(a.bias), view(a.y)};
    return Status();
  }
  Status run(void*, size_t, const Executor& executor) const {
    return pointwise_forward(spec, args, executor);
  }
};

struct DytBackwardCall {
  static constexpr const char* kName = "dyt_backward";
  PointwiseSpec spec;
  PointwiseBackward args;

  Status read_args(const norma_dyt_backward_args* given) {
    norma_dyt_backward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kDytBackwardFirstSize>(kName, given, &a));
    spec = {PointwiseKind::kDyt, a.alpha};
    args = {view(a.x),       view(a.dy),    view(a.weight), view(a.dx),
            view(a.dweight), view(a.dbias), a.dalpha};
    return Status();
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return pointwise_backward_workspace_size(spec, args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return pointwise_backward(spec, args, workspace, bytes, executor);
  }
};

struct DerfForwardCall {
  static constexpr const char* kName = "derf";
  PointwiseSpec spec;
  PointwiseForward args;

  Status read_args(const norma_derf_forward_args* given) {
    norma_derf_forward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kDerfForwardFirstSize>(kName, given, &a));
    spec = {PointwiseKind::kDerf, a.alpha, a.shift};
    args = {view(a.x), view(a.weight), view(a.bias), view(a.y)};
    return Status();
  }
  Status run(void*, size_t, const Executor& executor) const {
    return pointwise_forward(spec, args, executor);
  }
};

struct DerfBackwardCall {
  static constexpr const char* kName = "derf_backward";
  PointwiseSpec spec;
  PointwiseBackward args;

  Status read_args(const norma_derf_backward_args* given) {
    norma_derf_backward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kDerfBackwardFirstSize>(kName, given, &a));
    spec = {PointwiseKind::kDerf, a.alpha, a.shift};
    args = {view(a.x),       view(a.dy),    view(a.weight), view(a.dx),
            view(a.dweight), view(a.dbias), a.dalpha,       a.dshift};
    return Status();
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return pointwise_backward_workspace_size(spec, args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return pointwise_backward(spec, args, workspace, bytes, executor);
  }
};

}  // namespace
}  // namespace norma

extern "C" {

int norma_dyt_forward(const norma_dyt_forward_args* args, const norma_executor* executor) {
  return norma::run<norma::DytForwardCall>(args, nullptr, 0, executor);
}
int norma_dyt_backward_workspace_size(const norma_dyt_backward_args* args,
                                      const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::DytBackwardCall>(args, executor, bytes);
}
int norma_dyt_backward(const norma_dyt_backward_args* args, void* workspace, size_t workspace_bytes,
                       const norma_executor* executor) {
  return norma::run<norma::DytBackwardCall>(args, workspace, workspace_bytes, executor);
}

int norma_derf_forward(const norma_derf_forward_args* args, const norma_executor* executor) {
  return norma::run<norma::DerfForwardCall>(args, nullptr, 0, executor);
}
int norma_derf_backward_workspace_size(const norma_derf_backward_args* args,
                                       const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::DerfBackwardCall>(args, executor, bytes);
}
int norma_derf_backward(const norma_derf_backward_args* args, void* workspace,
                        size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::DerfBackwardCall>(args, workspace, workspace_bytes, executor);
}

}  // extern "C"

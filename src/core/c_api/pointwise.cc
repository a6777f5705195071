// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The C functions of the pointwise functions.

#include "core/plan/pointwise.h"

#include <cstddef>
#include <type_traits>

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

PointwiseSpec spec_of(const norma_dyt_forward_args& a) { return {PointwiseKind::kDyt, a.alpha}; }
PointwiseSpec spec_of(const norma_dyt_backward_args& a) { return {PointwiseKind::kDyt, a.alpha}; }
PointwiseSpec spec_of(const norma_derf_forward_args& a) {
  return {PointwiseKind::kDerf, a.alpha, a.shift};
}
PointwiseSpec spec_of(const norma_derf_backward_args& a) {
  return {PointwiseKind::kDerf, a.alpha, a.shift};
}
void* dshift_of(const norma_dyt_backward_args&) { return nullptr; }
void* dshift_of(const norma_derf_backward_args& a) { return a.dshift; }

// A call as the core takes it; Given is the caller's struct.
template <typename Given, size_t kFirstSize>
struct ForwardCall {
  static constexpr bool kIsDyt = std::is_same_v<Given, norma_dyt_forward_args>;
  static constexpr const char* kName = kIsDyt ? "dyt" : "derf";
  PointwiseSpec spec;
  PointwiseForward args;

  Status read_args(const Given* given) {
    Given a{};
    NORMA_RETURN_IF_ERROR(read_struct<kFirstSize>(kName, given, &a));
    spec = spec_of(a);
    args = {view(a.x), view(a.weight), view(a.bias), view(a.y)};
    return Status();
  }
  Status run(void*, size_t, const Executor& executor) const {
    return pointwise_forward(spec, args, executor);
  }
};

template <typename Given, size_t kFirstSize>
struct BackwardCall {
  static constexpr bool kIsDyt = std::is_same_v<Given, norma_dyt_backward_args>;
  static constexpr const char* kName = kIsDyt ? "dyt_backward" : "derf_backward";
  PointwiseSpec spec;
  PointwiseBackward args;

  Status read_args(const Given* given) {
    Given a{};
    NORMA_RETURN_IF_ERROR(read_struct<kFirstSize>(kName, given, &a));
    spec = spec_of(a);
    args = {view(a.x),       view(a.dy),    view(a.weight), view(a.dx),
            view(a.dweight), view(a.dbias), a.dalpha,       dshift_of(a)};
    return Status();
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return pointwise_backward_workspace_size(spec, args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return pointwise_backward(spec, args, workspace, bytes, executor);
  }
};

using DytForwardCall = ForwardCall<norma_dyt_forward_args, kDytForwardFirstSize>;
using DytBackwardCall = BackwardCall<norma_dyt_backward_args, kDytBackwardFirstSize>;
using DerfForwardCall = ForwardCall<norma_derf_forward_args, kDerfForwardFirstSize>;
using DerfBackwardCall = BackwardCall<norma_derf_backward_args, kDerfBackwardFirstSize>;

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

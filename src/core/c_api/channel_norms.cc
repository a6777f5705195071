// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The C functions of the channel norms.

#include <cstddef>
#include <cstdint>

#include "base/executor.h"
#include "base/status.h"
#include "core/c_api/edge.h"
#include "core/channel_norm.h"
#include "core/plan/channel_norm.h"
#include "norma/norma.h"

namespace norma {
namespace {

static_assert(static_cast<int>(Layout::kNchw) == NORMA_NCHW);
static_assert(static_cast<int>(Layout::kNhwc) == NORMA_NHWC);

constexpr size_t kGroupForwardFirstSize = 176;
constexpr size_t kGroupBackwardFirstSize = 232;
constexpr size_t kBatchForwardFirstSize = 240;
constexpr size_t kBatchBackwardFirstSize = 240;
static_assert(sizeof(norma_batch_norm_forward_args) >= kBatchForwardFirstSize);
static_assert(sizeof(norma_batch_norm_backward_args) >= kBatchBackwardFirstSize);
static_assert(sizeof(norma_group_norm_forward_args) >= kGroupForwardFirstSize);
static_assert(sizeof(norma_group_norm_backward_args) >= kGroupBackwardFirstSize);

ConstImagesView images(const norma_const_images& v) {
  return {
      v.data,     static_cast<DType>(v.dtype), static_cast<Layout>(v.layout), v.samples, v.channels,
      v.positions};
}
ImagesView images(const norma_images& v) {
  return {
      v.data,     static_cast<DType>(v.dtype), static_cast<Layout>(v.layout), v.samples, v.channels,
      v.positions};
}

// A call as the core takes it.
struct GroupForwardCall {
  static constexpr const char* kName = "group_norm";
  GroupNormSpec spec;
  GroupNormForward args;

  Status read_args(const norma_group_norm_forward_args* given) {
    norma_group_norm_forward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kGroupForwardFirstSize>(kName, given, &a));
    spec = {a.groups, a.eps};
    args = {images(a.x), view(a.weight), view(a.bias), images(a.y), {a.mean_hi, a.mean_lo, a.rstd}};
    return Status();
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return group_norm_forward_workspace_size(spec, args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return group_norm_forward(spec, args, workspace, bytes, executor);
  }
};

struct GroupBackwardCall {
  static constexpr const char* kName = "group_norm_backward";
  GroupNormSpec spec;
  GroupNormBackward args;

  Status read_args(const norma_group_norm_backward_args* given) {
    norma_group_norm_backward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kGroupBackwardFirstSize>(kName, given, &a));
    spec.groups = a.groups;
    args = {images(a.x),  images(a.dy),    view(a.weight), {a.mean_hi, a.mean_lo, a.rstd},
            images(a.dx), view(a.dweight), view(a.dbias)};
    return Status();
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return group_norm_backward_workspace_size(spec, args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return group_norm_backward(spec, args, workspace, bytes, executor);
  }
};

struct BatchForwardCall {
  static constexpr const char* kName = "batch_norm";
  BatchNormSpec spec;
  BatchNormForward args;

  Status read_args(const norma_batch_norm_forward_args* given) {
    norma_batch_norm_forward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kBatchForwardFirstSize>(kName, given, &a));
    NORMA_RETURN_IF_ERROR(read_flag(kName, "training", a.training, &spec.training));
    spec.eps = a.eps;
    spec.momentum = a.momentum;
    args = {view(a.x),           a.mask,
            view(a.weight),      view(a.bias),
            view(a.y),           view(a.running_mean),
            view(a.running_var), {a.mean_hi, a.mean_lo, a.rstd}};
    return Status();
  }
  Status workspace_size(const Executor&, size_t* bytes) const {
    return batch_norm_forward_workspace_size(spec, args, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return batch_norm_forward(spec, args, workspace, bytes, executor);
  }
};

struct BatchBackwardCall {
  static constexpr const char* kName = "batch_norm_backward";
  BatchNormSpec spec;
  BatchNormBackward args;

  Status read_args(const norma_batch_norm_backward_args* given) {
    norma_batch_norm_backward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kBatchBackwardFirstSize>(kName, given, &a));
    NORMA_RETURN_IF_ERROR(read_flag(kName, "training", a.training, &spec.training));
    args = {
        view(a.x),  view(a.dy),      a.mask,       view(a.weight), {a.mean_hi, a.mean_lo, a.rstd},
        view(a.dx), view(a.dweight), view(a.dbias)};
    return Status();
  }
  Status workspace_size(const Executor&, size_t* bytes) const {
    return batch_norm_backward_workspace_size(spec, args, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return batch_norm_backward(spec, args, workspace, bytes, executor);
  }
};

}  // namespace
}  // namespace norma

extern "C" {

int norma_group_norm_forward_workspace_size(const norma_group_norm_forward_args* args,
                                            const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::GroupForwardCall>(args, executor, bytes);
}
int norma_group_norm_backward_workspace_size(const norma_group_norm_backward_args* args,
                                             const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::GroupBackwardCall>(args, executor, bytes);
}

int norma_group_norm_forward(const norma_group_norm_forward_args* args, void* workspace,
                             size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::GroupForwardCall>(args, workspace, workspace_bytes, executor);
}
int norma_group_norm_backward(const norma_group_norm_backward_args* args, void* workspace,
                              size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::GroupBackwardCall>(args, workspace, workspace_bytes, executor);
}

int norma_batch_norm_forward_workspace_size(const norma_batch_norm_forward_args* args,
                                            const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::BatchForwardCall>(args, executor, bytes);
}
int norma_batch_norm_backward_workspace_size(const norma_batch_norm_backward_args* args,
                                             const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::BatchBackwardCall>(args, executor, bytes);
}

int norma_batch_norm_forward(const norma_batch_norm_forward_args* args, void* workspace,
                             size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::BatchForwardCall>(args, workspace, workspace_bytes, executor);
}
int norma_batch_norm_backward(const norma_batch_norm_backward_args* args, void* workspace,
                              size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::BatchBackwardCall>(args, workspace, workspace_bytes, executor);
}

}  // extern "C"

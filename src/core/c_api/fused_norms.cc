// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The C functions of the row norms with what is fused to them.

#include "core/plan/fused_norm.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/executor.h"
#include "base/status.h"
#include "core/c_api/edge.h"
#include "core/c_api/row_norms.h"
#include "core/fused_norm.h"
#include "norma/norma.h"

namespace norma {
namespace {

static_assert(static_cast<int>(NormKind::kLayerNorm) == NORMA_LAYER_NORM);
static_assert(static_cast<int>(NormKind::kRmsNorm) == NORMA_RMS_NORM);
static_assert(static_cast<int>(NormKind::kL2Norm) == NORMA_L2_NORM);
static_assert(static_cast<int>(NormKind::kCrmsNorm) == NORMA_CRMS_NORM);
static_assert(static_cast<int>(RopePairs::kHalves) == NORMA_ROPE_HALVES);
static_assert(static_cast<int>(RopePairs::kInterleaved) == NORMA_ROPE_INTERLEAVED);
static_assert(static_cast<int>(QuantFormat::kInt8) == NORMA_QUANT_INT8);
static_assert(static_cast<int>(QuantFormat::kE4m3) == NORMA_QUANT_E4M3);

constexpr size_t kGatedForwardFirstSize = 64;
constexpr size_t kGatedBackwardFirstSize = 128;
constexpr size_t kRopeFirstSize = 136;
constexpr size_t kQuantizedFirstSize = 48;
static_assert(sizeof(norma_gated_norm_forward_args) >= kGatedForwardFirstSize);
static_assert(sizeof(norma_gated_norm_backward_args) >= kGatedBackwardFirstSize);
static_assert(sizeof(norma_rope_norm_forward_args) >= kRopeFirstSize);
static_assert(sizeof(norma_rope_norm_backward_args) >= kRopeFirstSize);
static_assert(sizeof(norma_quantized_norm_forward_args) >= kQuantizedFirstSize);

// The norm within a call.
template <typename Given, typename Args>
Status read_norm(const char* function, const Given& a, NormSpec* spec, Args* norm) {
  if (a.kind < NORMA_LAYER_NORM || a.kind > NORMA_CRMS_NORM) {
    return invalid_argument(std::string("[") + function +
                            "] kind must be 0 (layer_norm), 1 (rms_norm), 2 (l2_norm) or 3 "
                            "(crms_norm) but is " +
                            std::to_string(a.kind) + ".");
  }
  if (a.norm == nullptr) return null_pointer(function, "norm");
  return read(static_cast<NormKind>(a.kind), a.norm, spec, norm);
}

Rope rope_of(const norma_rope& r) {
  return {view(r.cos),         view(r.sin),
          r.positions,         r.position_count,
          r.rows_per_position, static_cast<RopePairs>(r.pairs)};
}

// Calls as the core takes them.
struct GatedForwardCall {
  static constexpr const char* kName = "gated_norm";
  NormSpec spec;
  GatedForward args;

  Status read_args(const norma_gated_norm_forward_args* given) {
    norma_gated_norm_forward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kGatedForwardFirstSize>(kName, given, &a));
    args.gate = view(a.gate);
    return read_norm(kName, a, &spec, &args.norm);
  }
  Status run(void*, size_t, const Executor& executor) const {
    return gated_norm_forward(spec, args, executor);
  }
};

struct GatedBackwardCall {
  static constexpr const char* kName = "gated_norm_backward";
  NormSpec spec;
  GatedBackward args;

  Status read_args(const norma_gated_norm_backward_args* given) {
    norma_gated_norm_backward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kGatedBackwardFirstSize>(kName, given, &a));
    args = {{}, view(a.bias), view(a.gate), view(a.dgate)};
    return read_norm(kName, a, &spec, &args.norm);
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return gated_norm_backward_workspace_size(spec, args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return gated_norm_backward(spec, args, workspace, bytes, executor);
  }
};

struct RopeForwardCall {
  static constexpr const char* kName = "rope_norm";
  NormSpec spec;
  RopeForward args;

  Status read_args(const norma_rope_norm_forward_args* given) {
    norma_rope_norm_forward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kRopeFirstSize>(kName, given, &a));
    args.rope = rope_of(a.rope);
    return read_norm(kName, a, &spec, &args.norm);
  }
  Status run(void*, size_t, const Executor& executor) const {
    return rope_norm_forward(spec, args, executor);
  }
};

struct RopeBackwardCall {
  static constexpr const char* kName = "rope_norm_backward";
  NormSpec spec;
  RopeBackward args;

  Status read_args(const norma_rope_norm_backward_args* given) {
    norma_rope_norm_backward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kRopeFirstSize>(kName, given, &a));
    args.rope = rope_of(a.rope);
    return read_norm(kName, a, &spec, &args.norm);
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return rope_norm_backward_workspace_size(spec, args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return rope_norm_backward(spec, args, workspace, bytes, executor);
  }
};

struct QuantizedCall {
  static constexpr const char* kName = "quantized_norm";
  NormSpec spec;
  QuantizedForward args;

  Status read_args(const norma_quantized_norm_forward_args* given) {
    norma_quantized_norm_forward_args a{};
    NORMA_RETURN_IF_ERROR(read_struct<kQuantizedFirstSize>(kName, given, &a));
    args = {{}, a.q, a.q_stride, a.scale, static_cast<QuantFormat>(a.format)};
    return read_norm(kName, a, &spec, &args.norm);
  }
  Status workspace_size(const Executor& executor, size_t* bytes) const {
    return quantized_norm_forward_workspace_size(spec, args, executor, bytes);
  }
  Status run(void* workspace, size_t bytes, const Executor& executor) const {
    return quantized_norm_forward(spec, args, workspace, bytes, executor);
  }
};

}  // namespace
}  // namespace norma

extern "C" {

int norma_gated_norm_forward(const norma_gated_norm_forward_args* args,
                             const norma_executor* executor) {
  return norma::run<norma::GatedForwardCall>(args, nullptr, 0, executor);
}
int norma_gated_norm_backward_workspace_size(const norma_gated_norm_backward_args* args,
                                             const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::GatedBackwardCall>(args, executor, bytes);
}
int norma_gated_norm_backward(const norma_gated_norm_backward_args* args, void* workspace,
                              size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::GatedBackwardCall>(args, workspace, workspace_bytes, executor);
}

int norma_rope_norm_forward(const norma_rope_norm_forward_args* args,
                            const norma_executor* executor) {
  return norma::run<norma::RopeForwardCall>(args, nullptr, 0, executor);
}
int norma_rope_norm_backward_workspace_size(const norma_rope_norm_backward_args* args,
                                            const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::RopeBackwardCall>(args, executor, bytes);
}
int norma_rope_norm_backward(const norma_rope_norm_backward_args* args, void* workspace,
                             size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::RopeBackwardCall>(args, workspace, workspace_bytes, executor);
}

int norma_quantized_norm_forward_workspace_size(const norma_quantized_norm_forward_args* args,
                                                const norma_executor* executor, size_t* bytes) {
  return norma::workspace_size<norma::QuantizedCall>(args, executor, bytes);
}
int norma_quantized_norm_forward(const norma_quantized_norm_forward_args* args, void* workspace,
                                 size_t workspace_bytes, const norma_executor* executor) {
  return norma::run<norma::QuantizedCall>(args, workspace, workspace_bytes, executor);
}

}  // extern "C"

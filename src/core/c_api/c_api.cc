// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The C functions of the row norms, and those about the library itself.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/executor.h"
#include "base/status.h"
#include "core/c_api/edge.h"
#include "core/c_api/row_norms.h"
#include "core/norm_spec.h"
#include "core/plan/plan.h"
#include "norma/norma.h"

namespace norma {
namespace {

static_assert(static_cast<int>(StatusCode::kInvalidArgument) == NORMA_INVALID_ARGUMENT);
static_assert(static_cast<int>(StatusCode::kUnsupported) == NORMA_UNSUPPORTED);
static_assert(static_cast<int>(StatusCode::kInternal) == NORMA_INTERNAL);
static_assert(static_cast<int>(DType::kF32) == NORMA_F32);
static_assert(static_cast<int>(DType::kBF16) == NORMA_BF16);
static_assert(static_cast<int>(DType::kF16) == NORMA_F16);
static_assert(static_cast<int>(DType::kF64) == NORMA_F64);
static_assert(static_cast<int>(EpsMode::kDefault) == NORMA_EPS_DEFAULT);
static_assert(static_cast<int>(EpsMode::kOutside) == NORMA_EPS_OUTSIDE);
static_assert(static_cast<int>(EpsMode::kClamp) == NORMA_EPS_CLAMP);
static_assert(static_cast<int>(EpsMode::kInside) == NORMA_EPS_INSIDE);

static_assert(std::string_view(kVersion) == NORMA_PROJECT_VERSION,
              "norma.h and CMakeLists.txt must name the same version");

constexpr size_t kForwardFirstSize = 168;
constexpr size_t kBackwardFirstSize = 224;
static_assert(sizeof(norma_row_norm_forward_args) >= kForwardFirstSize);
static_assert(sizeof(norma_row_norm_backward_args) >= kBackwardFirstSize);

// Args is NormForward or NormBackward.
template <typename Args>
const char* name_of_pass(NormKind kind) {
  if (std::is_same_v<Args, NormForward>) return name_of(kind);
  constexpr const char* kBackward[] = {"layer_norm_backward", "rms_norm_backward",
                                       "l2_norm_backward", "crms_norm_backward"};
  return kBackward[static_cast<size_t>(kind)];
}

// What a norm does not save must be null.
Status saved_alone(NormKind kind, const char* function, const void* mean_hi, const void* mean_lo) {
  const bool has_hi = mean_hi != nullptr && !saves_mean_hi(kind);
  if (!has_hi && (mean_lo == nullptr || saves_mean_lo(kind))) return Status();
  constexpr const char* kWhy[] = {"", "RMSNorm has no mean", "the L2 norm has no mean",
                                  "CRMSNorm saves mean_hi and rstd"};
  return invalid_argument(std::string("[") + function + "] " + (has_hi ? "mean_hi" : "mean_lo") +
                          " must be null: " + kWhy[static_cast<size_t>(kind)] + ".");
}

// What the structs of both passes say of the norm itself. Args is one of them.
template <typename Args>
Status read_spec(NormKind kind, const char* function, const Args& a, NormSpec* spec) {
  NORMA_RETURN_IF_ERROR(saved_alone(kind, function, a.mean_hi, a.mean_lo));
  *spec = {.kind = kind,
           .eps = a.eps,
           .eps_mode = static_cast<EpsMode>(a.eps_mode),
           .statistic_cols = a.statistic_cols};
  NORMA_RETURN_IF_ERROR(
      read_flag(function, "weight_plus_one", a.weight_plus_one, &spec->weight_plus_one));
  return read_flag(function, "round_before_weight", a.round_before_weight,
                   &spec->round_before_weight);
}

}  // namespace

Status read(NormKind kind, const norma_row_norm_forward_args* given, NormSpec* spec,
            NormForward* args) {
  const char* function = name_of_pass<NormForward>(kind);
  norma_row_norm_forward_args a{};
  NORMA_RETURN_IF_ERROR(read_struct<kForwardFirstSize>(function, given, &a));
  NORMA_RETURN_IF_ERROR(read_spec(kind, function, a, spec));
  *args = {
      view(a.x),        view(a.weight), view(a.bias),    view(a.y), {a.mean_hi, a.mean_lo, a.rstd},
      view(a.residual), view(a.sum),    a.residual_scale};
  return Status();
}

Status read(NormKind kind, const norma_row_norm_backward_args* given, NormSpec* spec,
            NormBackward* args) {
  const char* function = name_of_pass<NormBackward>(kind);
  norma_row_norm_backward_args a{};
  NORMA_RETURN_IF_ERROR(read_struct<kBackwardFirstSize>(function, given, &a));
  NORMA_RETURN_IF_ERROR(read_spec(kind, function, a, spec));
  *args = {view(a.x),         view(a.dy),      view(a.weight), {a.mean_hi, a.mean_lo, a.rstd},
           view(a.dx),        view(a.dweight), view(a.dbias),  view(a.dsum),
           view(a.dresidual), a.residual_scale};
  return Status();
}

namespace {

// Reads everything a call was given, then runs `body` on it. Args is NormForward or NormBackward.
template <typename Args, typename Given, typename Body>
int call(NormKind kind, const Given* given, const norma_executor* given_executor, Body&& body) {
  return guarded([&] {
    NormSpec spec;
    Args args;
    Executor executor;
    NORMA_RETURN_IF_ERROR(read(kind, given, &spec, &args));
    NORMA_RETURN_IF_ERROR(read(name_of_pass<Args>(kind), given_executor, &executor));
    return body(spec, args, executor);
  });
}

int forward(NormKind kind, const norma_row_norm_forward_args* args,
            const norma_executor* executor) {
  return call<NormForward>(kind, args, executor, norm_forward);
}

int backward_workspace_size(NormKind kind, const norma_row_norm_backward_args* given,
                            const norma_executor* given_executor, size_t* bytes) {
  return call<NormBackward>(
      kind, given, given_executor,
      [&](const NormSpec& spec, const NormBackward& args, const Executor& executor) {
        if (bytes == nullptr) return null_pointer(name_of_pass<NormBackward>(kind), "bytes");
        return norm_backward_workspace_size(spec, args, executor, bytes);
      });
}

int backward(NormKind kind, const norma_row_norm_backward_args* given, void* workspace,
             size_t workspace_bytes, const norma_executor* given_executor) {
  return call<NormBackward>(
      kind, given, given_executor,
      [&](const NormSpec& spec, const NormBackward& args, const Executor& executor) {
        return norm_backward(spec, args, workspace, workspace_bytes, executor);
      });
}

// Args is NormForward or NormBackward, `explained` the function of the plan that takes it.
template <typename Args, typename Given>
int explain(NormKind kind, const Given* given,
            std::string (*explained)(const NormSpec&, const Args&), char* text, size_t capacity,
            size_t* length) {
  return guarded([&] {
    NormSpec spec;
    Args args;
    NORMA_RETURN_IF_ERROR(read(kind, given, &spec, &args));
    if (text == nullptr && capacity > 0) return null_pointer(name_of_pass<Args>(kind), "text");
    const std::string full = explained(spec, args);
    if (capacity > 0) {
      const size_t n = std::min(full.size(), capacity - 1);
      std::memcpy(text, full.data(), n);
      text[n] = '\0';
    }
    if (length != nullptr) *length = full.size();
    return Status();
  });
}

}  // namespace
}  // namespace norma

extern "C" {

const norma_executor* norma_serial_executor(void) {
  static const norma_executor executor{norma::serial_executor().parallel_for,
                                       norma::serial_executor().threads, nullptr};
  return &executor;
}

int norma_layer_norm_forward(const norma_row_norm_forward_args* args,
                             const norma_executor* executor) {
  return norma::forward(norma::NormKind::kLayerNorm, args, executor);
}
int norma_rms_norm_forward(const norma_row_norm_forward_args* args,
                           const norma_executor* executor) {
  return norma::forward(norma::NormKind::kRmsNorm, args, executor);
}
int norma_l2_norm_forward(const norma_row_norm_forward_args* args, const norma_executor* executor) {
  return norma::forward(norma::NormKind::kL2Norm, args, executor);
}
int norma_crms_norm_forward(const norma_row_norm_forward_args* args,
                            const norma_executor* executor) {
  return norma::forward(norma::NormKind::kCrmsNorm, args, executor);
}

int norma_layer_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                             const norma_executor* executor, size_t* bytes) {
  return norma::backward_workspace_size(norma::NormKind::kLayerNorm, args, executor, bytes);
}
int norma_rms_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                           const norma_executor* executor, size_t* bytes) {
  return norma::backward_workspace_size(norma::NormKind::kRmsNorm, args, executor, bytes);
}
int norma_l2_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                          const norma_executor* executor, size_t* bytes) {
  return norma::backward_workspace_size(norma::NormKind::kL2Norm, args, executor, bytes);
}
int norma_crms_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                            const norma_executor* executor, size_t* bytes) {
  return norma::backward_workspace_size(norma::NormKind::kCrmsNorm, args, executor, bytes);
}

int norma_layer_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                              size_t workspace_bytes, const norma_executor* executor) {
  return norma::backward(norma::NormKind::kLayerNorm, args, workspace, workspace_bytes, executor);
}
int norma_rms_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                            size_t workspace_bytes, const norma_executor* executor) {
  return norma::backward(norma::NormKind::kRmsNorm, args, workspace, workspace_bytes, executor);
}
int norma_l2_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                           size_t workspace_bytes, const norma_executor* executor) {
  return norma::backward(norma::NormKind::kL2Norm, args, workspace, workspace_bytes, executor);
}
int norma_crms_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                             size_t workspace_bytes, const norma_executor* executor) {
  return norma::backward(norma::NormKind::kCrmsNorm, args, workspace, workspace_bytes, executor);
}

int norma_layer_norm_forward_explain(const norma_row_norm_forward_args* args, char* text,
                                     size_t capacity, size_t* length) {
  return norma::explain(norma::NormKind::kLayerNorm, args, norma::explain_forward, text, capacity,
                        length);
}
int norma_rms_norm_forward_explain(const norma_row_norm_forward_args* args, char* text,
                                   size_t capacity, size_t* length) {
  return norma::explain(norma::NormKind::kRmsNorm, args, norma::explain_forward, text, capacity,
                        length);
}
int norma_l2_norm_forward_explain(const norma_row_norm_forward_args* args, char* text,
                                  size_t capacity, size_t* length) {
  return norma::explain(norma::NormKind::kL2Norm, args, norma::explain_forward, text, capacity,
                        length);
}
int norma_crms_norm_forward_explain(const norma_row_norm_forward_args* args, char* text,
                                    size_t capacity, size_t* length) {
  return norma::explain(norma::NormKind::kCrmsNorm, args, norma::explain_forward, text, capacity,
                        length);
}
int norma_layer_norm_backward_explain(const norma_row_norm_backward_args* args, char* text,
                                      size_t capacity, size_t* length) {
  return norma::explain(norma::NormKind::kLayerNorm, args, norma::explain_backward, text, capacity,
                        length);
}
int norma_rms_norm_backward_explain(const norma_row_norm_backward_args* args, char* text,
                                    size_t capacity, size_t* length) {
  return norma::explain(norma::NormKind::kRmsNorm, args, norma::explain_backward, text, capacity,
                        length);
}
int norma_l2_norm_backward_explain(const norma_row_norm_backward_args* args, char* text,
                                   size_t capacity, size_t* length) {
  return norma::explain(norma::NormKind::kL2Norm, args, norma::explain_backward, text, capacity,
                        length);
}
int norma_crms_norm_backward_explain(const norma_row_norm_backward_args* args, char* text,
                                     size_t capacity, size_t* length) {
  return norma::explain(norma::NormKind::kCrmsNorm, args, norma::explain_backward, text, capacity,
                        length);
}

const char* norma_last_error(void) { return norma::last_error; }

const char* norma_cpu_target(void) { return norma::cpu_target(); }

const char* norma_version(void) { return norma::kVersion; }
int norma_abi_version(void) { return NORMA_ABI_VERSION; }

}  // extern "C"

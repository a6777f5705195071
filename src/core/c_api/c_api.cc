// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The only place where a Status becomes an int and a message, and where no exception gets past.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/executor.h"
#include "base/status.h"
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

#define NORMA_TEXT_(x) #x
#define NORMA_TEXT(x) NORMA_TEXT_(x)
constexpr char kVersion[] = NORMA_TEXT(NORMA_VERSION_MAJOR) "." NORMA_TEXT(
    NORMA_VERSION_MINOR) "." NORMA_TEXT(NORMA_VERSION_PATCH);
static_assert(std::string_view(kVersion) == NORMA_PROJECT_VERSION,
              "norma.h and CMakeLists.txt must name the same version");

// A struct longer than this is no struct of a later header but a struct_size that was never set.
constexpr size_t kLongestStruct = 4096;

// An array, not a string: nothing to allocate where memory has run out, nothing to destroy when a
// thread ends.
thread_local char last_error[512] = "";

int fail(int code, const char* message) {
  std::snprintf(last_error, sizeof last_error, "%s", message);
  return code;
}

// Runs `body`, which returns a Status, and lets only an int out.
template <typename Body>
int guarded(Body&& body) {
  try {
    const Status status = body();
    return status.ok() ? NORMA_OK : fail(static_cast<int>(status.code()), status.message().c_str());
  } catch (const std::exception& e) {
    std::snprintf(last_error, sizeof last_error, "[norma] stopped by an exception: %s", e.what());
    return NORMA_INTERNAL;
  } catch (...) {
    return fail(NORMA_INTERNAL, "[norma] stopped by an exception of unknown type.");
  }
}

Status null_pointer(const std::string& function, const char* name) {
  return invalid_argument("[" + function + "] " + name + " must not be null.");
}

// Copies what this library knows of the caller's struct (convention 9); what the caller does not
// have stays zero. kFirstSize is the size that the first header with this struct gave it.
template <size_t kFirstSize, typename Args>
Status read_struct(const char* function, const Args* given, Args* known) {
  if (given == nullptr) return null_pointer(function, "args");
  const size_t size = given->struct_size;
  if (size < kFirstSize || size > kLongestStruct) {
    return invalid_argument(
        std::string("[") + function + "] struct_size must be the struct's sizeof, " +
        std::to_string(sizeof(Args)) + " here, but is " + std::to_string(size) + ".");
  }
  std::memcpy(known, given, std::min(size, sizeof(Args)));
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  if (std::any_of(bytes + std::min(size, sizeof(Args)), bytes + size,
                  [](unsigned char byte) { return byte != 0; })) {
    return Status(StatusCode::kUnsupported,
                  std::string("[") + function + "] args uses a field that norma " + kVersion +
                      " does not know: leave it zero, or load a newer library.");
  }
  return Status();
}

constexpr size_t kForwardFirstSize = 168;
constexpr size_t kBackwardFirstSize = 224;
static_assert(sizeof(norma_row_norm_forward_args) >= kForwardFirstSize);
static_assert(sizeof(norma_row_norm_backward_args) >= kBackwardFirstSize);

ConstRowsView view(const norma_const_rows& v) {
  return {v.data, static_cast<DType>(v.dtype), v.rows, v.cols, v.stride};
}
RowsView view(const norma_rows& v) {
  return {v.data, static_cast<DType>(v.dtype), v.rows, v.cols, v.stride};
}
ConstVectorView view(const norma_const_vector& v) {
  return {v.data, static_cast<DType>(v.dtype), v.size};
}
VectorView view(const norma_vector& v) { return {v.data, static_cast<DType>(v.dtype), v.size}; }

// Args is NormForward or NormBackward.
template <typename Args>
const char* name_of_pass(NormKind kind) {
  if (std::is_same_v<Args, NormForward>) return name_of(kind);
  return kind == NormKind::kLayerNorm ? "layer_norm_backward" : "rms_norm_backward";
}

Status no_mean(NormKind kind, const char* function, const void* mean_hi, const void* mean_lo) {
  if (kind == NormKind::kLayerNorm || (mean_hi == nullptr && mean_lo == nullptr)) return Status();
  return invalid_argument(std::string("[") + function + "] " +
                          (mean_hi != nullptr ? "mean_hi" : "mean_lo") +
                          " must be null: RMSNorm has no mean.");
}

Status read_flag(const char* function, const char* name, int32_t value, bool* flag) {
  *flag = value == 1;
  if (value == 0 || value == 1) return Status();
  return invalid_argument(std::string("[") + function + "] " + name + " must be 0 or 1 but is " +
                          std::to_string(value) + ".");
}

Status read(NormKind kind, const norma_row_norm_forward_args* given, NormSpec* spec,
            NormForward* args) {
  const char* function = name_of_pass<NormForward>(kind);
  norma_row_norm_forward_args a{};
  NORMA_RETURN_IF_ERROR(read_struct<kForwardFirstSize>(function, given, &a));
  NORMA_RETURN_IF_ERROR(no_mean(kind, function, a.mean_hi, a.mean_lo));
  *spec = {kind, a.eps};
  NORMA_RETURN_IF_ERROR(
      read_flag(function, "weight_plus_one", a.weight_plus_one, &spec->weight_plus_one));
  NORMA_RETURN_IF_ERROR(read_flag(function, "round_before_weight", a.round_before_weight,
                                  &spec->round_before_weight));
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
  NORMA_RETURN_IF_ERROR(no_mean(kind, function, a.mean_hi, a.mean_lo));
  spec->kind = kind;
  NORMA_RETURN_IF_ERROR(
      read_flag(function, "weight_plus_one", a.weight_plus_one, &spec->weight_plus_one));
  NORMA_RETURN_IF_ERROR(read_flag(function, "round_before_weight", a.round_before_weight,
                                  &spec->round_before_weight));
  *args = {view(a.x),         view(a.dy),      view(a.weight), {a.mean_hi, a.mean_lo, a.rstd},
           view(a.dx),        view(a.dweight), view(a.dbias),  view(a.dsum),
           view(a.dresidual), a.residual_scale};
  return Status();
}

// The caller's executor behind the library's: one thread where it says less, and no more than any
// machine has, so that a workspace cannot overflow.
const norma_executor* callers(void* self) { return static_cast<const norma_executor*>(self); }
void callers_parallel_for(void* self, int64_t count, int64_t grain, Executor::Body body,
                          void* context) {
  callers(self)->parallel_for(callers(self)->self, count, grain, body, context);
}
int callers_threads(void* self) {
  return std::clamp(callers(self)->threads(callers(self)->self), 1, 4096);
}

Status read(const char* function, const norma_executor* given, Executor* executor) {
  if (given == nullptr) {
    *executor = default_executor();
    return Status();
  }
  if (given->parallel_for == nullptr) return null_pointer(function, "executor->parallel_for");
  if (given->threads == nullptr) return null_pointer(function, "executor->threads");
  *executor = {callers_parallel_for, callers_threads, const_cast<norma_executor*>(given)};
  return Status();
}

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

int norma_layer_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                             const norma_executor* executor, size_t* bytes) {
  return norma::backward_workspace_size(norma::NormKind::kLayerNorm, args, executor, bytes);
}
int norma_rms_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                           const norma_executor* executor, size_t* bytes) {
  return norma::backward_workspace_size(norma::NormKind::kRmsNorm, args, executor, bytes);
}

int norma_layer_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                              size_t workspace_bytes, const norma_executor* executor) {
  return norma::backward(norma::NormKind::kLayerNorm, args, workspace, workspace_bytes, executor);
}
int norma_rms_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                            size_t workspace_bytes, const norma_executor* executor) {
  return norma::backward(norma::NormKind::kRmsNorm, args, workspace, workspace_bytes, executor);
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

const char* norma_last_error(void) { return norma::last_error; }

const char* norma_cpu_target(void) { return norma::cpu_target(); }

const char* norma_version(void) { return norma::kVersion; }
int norma_abi_version(void) { return NORMA_ABI_VERSION; }

}  // extern "C"

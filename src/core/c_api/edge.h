// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The only place where a Status becomes an int and a message, and where no exception gets past;
// and how a caller's structs are read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "base/executor.h"
#include "base/rows_view.h"
#include "base/status.h"
#include "norma/norma.h"

namespace norma {

#define NORMA_TEXT_(x) #x
#define NORMA_TEXT(x) NORMA_TEXT_(x)
inline constexpr char kVersion[] = NORMA_TEXT(NORMA_VERSION_MAJOR) "." NORMA_TEXT(
    NORMA_VERSION_MINOR) "." NORMA_TEXT(NORMA_VERSION_PATCH);

// A struct longer than this is no struct of a later header but a struct_size that was never set.
constexpr size_t kLongestStruct = 4096;

// An array, not a string: nothing to allocate where memory has run out, nothing to destroy when a
// thread ends.
inline thread_local char last_error[512] = "";

inline int fail(int code, const char* message) {
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

inline Status null_pointer(const std::string& function, const char* name) {
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

inline Status read_flag(const char* function, const char* name, int32_t value, bool* flag) {
  *flag = value == 1;
  if (value == 0 || value == 1) return Status();
  return invalid_argument(std::string("[") + function + "] " + name + " must be 0 or 1 but is " +
                          std::to_string(value) + ".");
}

inline ConstRowsView view(const norma_const_rows& v) {
  return {v.data, static_cast<DType>(v.dtype), v.rows, v.cols, v.stride};
}
inline RowsView view(const norma_rows& v) {
  return {v.data, static_cast<DType>(v.dtype), v.rows, v.cols, v.stride};
}
inline ConstVectorView view(const norma_const_vector& v) {
  return {v.data, static_cast<DType>(v.dtype), v.size};
}
inline VectorView view(const norma_vector& v) {
  return {v.data, static_cast<DType>(v.dtype), v.size};
}

// The caller's executor behind the library's: one thread where it says less, and no more than any
// machine has, so that a workspace cannot overflow.
inline const norma_executor* callers(void* self) {
  return static_cast<const norma_executor*>(self);
}
inline void callers_parallel_for(void* self, int64_t count, int64_t grain, Executor::Body body,
                                 void* context) {
  callers(self)->parallel_for(callers(self)->self, count, grain, body, context);
}
inline int callers_threads(void* self) {
  return std::clamp(callers(self)->threads(callers(self)->self), 1, 4096);
}

inline Status read(const char* function, const norma_executor* given, Executor* executor) {
  if (given == nullptr) {
    *executor = default_executor();
    return Status();
  }
  if (given->parallel_for == nullptr) return null_pointer(function, "executor->parallel_for");
  if (given->threads == nullptr) return null_pointer(function, "executor->threads");
  *executor = {callers_parallel_for, callers_threads, const_cast<norma_executor*>(given)};
  return Status();
}

// A Call is what the core takes: kName, Status read_args(given), workspace_size(executor, bytes)
// and run(workspace, bytes, executor).
template <typename Call, typename Given>
int workspace_size(const Given* given, const norma_executor* given_executor, size_t* bytes) {
  return guarded([&] {
    Call call;
    Executor executor;
    NORMA_RETURN_IF_ERROR(call.read_args(given));
    NORMA_RETURN_IF_ERROR(read(Call::kName, given_executor, &executor));
    if (bytes == nullptr) return null_pointer(Call::kName, "bytes");
    return call.workspace_size(executor, bytes);
  });
}

template <typename Call, typename Given>
int run(const Given* given, void* workspace, size_t bytes, const norma_executor* given_executor) {
  return guarded([&] {
    Call call;
    Executor executor;
    NORMA_RETURN_IF_ERROR(call.read_args(given));
    NORMA_RETURN_IF_ERROR(read(Call::kName, given_executor, &executor));
    return call.run(workspace, bytes, executor);
  });
}

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How a function below the edges says that it failed: by value, with a message a user can act on.
// Messages name the function or the thing, the rule and the value:
// "[layer_norm] weight must have cols=768 elements but has 512." Nothing below an
// edge throws or prints.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace norma {

enum class StatusCode : int {
  kOk = 0,
  kInvalidArgument = 1,  // a request that cannot be meant: wrong shape, unknown name
  kUnsupported = 2,      // a meaningful request whose room is still empty
  kNotFound = 3,         // a file or a name is not there
  kDataLoss = 4,         // bytes that were read are not what they must be
  kIo = 5,               // the system refused to read or write
  kInterrupted = 6,      // the user asked to stop
  kInternal = 7,         // a promise of this library is broken
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// A value, or the reason why there is none. REQUIRES: value() only where ok().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}           // NOLINT: conversions are the point
  Result(Status status) : state_(std::move(status)) {}    // NOLINT

  bool ok() const { return state_.index() == 0; }
  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  Status status() const { return ok() ? Status() : std::get<1>(state_); }

 private:
  std::variant<T, Status> state_;
};

inline Status invalid_argument(std::string message) {
  return Status(StatusCode::kInvalidArgument, std::move(message));
}

}  // namespace norma

// By reference: most expressions are a success, which is then not copied.
#define NORMA_RETURN_IF_ERROR(expression)                \
  do {                                                   \
    const ::norma::Status& norma_status_ = (expression); \
    if (!norma_status_.ok()) return norma_status_;       \
  } while (false)

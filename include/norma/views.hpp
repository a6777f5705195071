// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// What the functions of norma.hpp and the headers beside it take and return: spans with a shape,
// and a Status. Include one of those.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "norma/norma.h"

namespace norma::abi {

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(int code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == NORMA_OK; }
  int code() const { return code_; }  // a norma_status
  const std::string& message() const { return message_; }

 private:
  int code_ = NORMA_OK;
  std::string message_;
};

// Storage of the 16-bit types: their bits.
enum class BF16 : std::uint16_t {};
enum class F16 : std::uint16_t {};

// The norma_dtype of an element type; a program may add its own type with the same bits.
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<float> : std::integral_constant<std::int32_t, NORMA_F32> {};
template <>
struct DTypeOf<double> : std::integral_constant<std::int32_t, NORMA_F64> {};
template <>
struct DTypeOf<BF16> : std::integral_constant<std::int32_t, NORMA_BF16> {};
template <>
struct DTypeOf<F16> : std::integral_constant<std::int32_t, NORMA_F16> {};

// A vector, array or span whose elements have a norma_dtype.
template <typename R>
concept Elements = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                   requires { DTypeOf<std::ranges::range_value_t<R>>::value; };
template <typename R>
concept MutableElements =
    Elements<R> && !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>;

// `rows` rows of `cols` elements, row r beginning at elements[r * stride]; stride >= 0. The matrix
// may end before the range does, never after it.
struct ConstRows {
  norma_const_rows view{};
  std::size_t size = 0;  // elements of the range

  ConstRows() = default;
  template <Elements R>
  ConstRows(const R& elements, std::int64_t rows, std::int64_t cols, std::int64_t stride)
      : view{std::ranges::data(elements), rows, cols, stride,
             DTypeOf<std::ranges::range_value_t<R>>::value},
        size(std::ranges::size(elements)) {}
  template <Elements R>
  ConstRows(const R& elements, std::int64_t rows, std::int64_t cols)
      : ConstRows(elements, rows, cols, cols) {}
};

struct Rows {
  norma_rows view{};
  std::size_t size = 0;

  Rows() = default;
  template <MutableElements R>
  Rows(R&& elements, std::int64_t rows, std::int64_t cols, std::int64_t stride)
      : view{std::ranges::data(elements), rows, cols, stride,
             DTypeOf<std::ranges::range_value_t<R>>::value},
        size(std::ranges::size(elements)) {}
  template <MutableElements R>
  Rows(R&& elements, std::int64_t rows, std::int64_t cols)
      : Rows(std::forward<R>(elements), rows, cols, cols) {}
};

// Absent where default-constructed.
struct ConstVector {
  norma_const_vector view{};

  ConstVector() = default;
  template <Elements R>
  ConstVector(const R& elements)  // NOLINT: a vector is meant where a vector is given
      : view{std::ranges::data(elements), static_cast<std::int64_t>(std::ranges::size(elements)),
             DTypeOf<std::ranges::range_value_t<R>>::value} {}
};

struct Vector {
  norma_vector view{};

  Vector() = default;
  template <MutableElements R>
  Vector(R&& elements)  // NOLINT
      : view{std::ranges::data(elements), static_cast<std::int64_t>(std::ranges::size(elements)),
             DTypeOf<std::ranges::range_value_t<R>>::value} {}
};

// Images of `layout` (a norma_layout), dense.
struct ConstImages {
  norma_const_images view{};
  std::size_t size = 0;

  ConstImages() = default;
  template <Elements R>
  ConstImages(const R& elements, std::int64_t samples, std::int64_t channels,
              std::int64_t positions, std::int32_t layout = NORMA_NCHW)
      : view{std::ranges::data(elements), samples, channels, positions, layout,
             DTypeOf<std::ranges::range_value_t<R>>::value},
        size(std::ranges::size(elements)) {}
};

struct Images {
  norma_images view{};
  std::size_t size = 0;

  Images() = default;
  template <MutableElements R>
  Images(R&& elements, std::int64_t samples, std::int64_t channels, std::int64_t positions,
         std::int32_t layout = NORMA_NCHW)
      : view{std::ranges::data(elements), samples, channels, positions, layout,
             DTypeOf<std::ranges::range_value_t<R>>::value},
        size(std::ranges::size(elements)) {}
};

namespace detail {

inline Status result(int code) {
  return code == NORMA_OK ? Status() : Status(code, norma_last_error());
}

// What a span knows and a pointer does not. The first complaint is kept.
struct Checker {
  std::string function;
  Status status;

  void refuse(const char* name, const std::string& rule) {
    if (!status.ok()) return;
    status = Status(NORMA_INVALID_ARGUMENT, "[" + function + "] " + name + " " + rule);
  }
  template <typename AnyRows>
  void rows(const char* name, const AnyRows& r) {
    const std::int64_t rows = r.view.rows, cols = r.view.cols, stride = r.view.stride;
    const auto size = static_cast<std::int64_t>(r.size);
    if (stride < 0) {
      refuse(name, "must have a stride >= 0 but has " + std::to_string(stride) + ".");
    } else if (rows > 0 && cols > 0 &&
               (cols > size || (stride > 0 && rows - 1 > (size - cols) / stride))) {
      refuse(name, "must hold rows=" + std::to_string(rows) + " of cols=" + std::to_string(cols) +
                       " at stride=" + std::to_string(stride) + " but has " +
                       std::to_string(size) + " elements.");
    }
  }
  void mask(std::span<const std::uint8_t> mask, std::int64_t rows) {
    if (mask.empty() || static_cast<std::int64_t>(mask.size()) == rows) return;
    refuse("mask", "must have rows=" + std::to_string(rows) + " elements but has " +
                       std::to_string(mask.size()) + ".");
  }
  // What does not fit the range is refused; nonsense, such as a negative size, by the library.
  template <typename AnyImages>
  void images(const char* name, const AnyImages& r) {
    const std::int64_t n = r.view.samples, c = r.view.channels, s = r.view.positions;
    const auto size = static_cast<std::int64_t>(r.size);
    if (n > 0 && c > 0 && s > 0 && (c > size / n || s > size / n / c)) {
      refuse(name, "must hold samples=" + std::to_string(n) + " of channels=" + std::to_string(c) +
                       " of positions=" + std::to_string(s) + " but has " + std::to_string(size) +
                       " elements.");
    }
  }
  template <typename AnyVector>
  void statistic(const char* name, const AnyVector& s, std::int64_t rows, std::int32_t x_dtype,
                 const char* what = "rows") {
    if (s.view.data == nullptr) return;
    const bool is_f64 = s.view.dtype == NORMA_F64;
    if (s.view.size != rows) {
      refuse(name, "must have " + std::string(what) + "=" + std::to_string(rows) +
                       " elements but has " + std::to_string(s.view.size) + ".");
    } else if (is_f64 != (x_dtype == NORMA_F64) || (!is_f64 && s.view.dtype != NORMA_F32)) {
      refuse(name, "must be f32, or f64 where x is f64.");
    }
  }
  template <typename AnyVector>
  void scalar(const char* name, const AnyVector& s, std::int32_t x_dtype) {
    if (s.view.data == nullptr) return;
    const std::int32_t wanted = x_dtype == NORMA_F64 ? NORMA_F64 : NORMA_F32;
    if (s.view.size != 1 || s.view.dtype != wanted) {
      refuse(name, "must have one element, f32, or f64 where dy is f64.");
    }
  }
};

// Reads what was given, with read() of its type, and calls the library with it.
template <typename Args, typename Given, typename Call>
Status call(const char* function, const Given& given, Call call_it) {
  Checker check{function, Status()};
  Args args{};
  read(check, given, &args);
  return check.status.ok() ? result(call_it(&args)) : check.status;
}

}  // namespace detail
}  // namespace norma::abi

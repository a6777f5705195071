// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// C++20 over norma.h, header-only: spans instead of pointers, a Status instead of an int, and the
// lengths of spans checked. Formulas, rules and conventions are those of norma.h.
//
//   std::vector<float> x(8 * 64), y(x.size()), weight(64, 1.0f);
//   norma::abi::Status status = norma::abi::layer_norm_forward(
//       {.x = {x, 8, 64}, .weight = weight, .eps = 1e-5, .y = {y, 8, 64}});
//   if (!status.ok()) std::cerr << status.message() << "\n";
//
// Everything is in norma::abi: Norma's own sources use norma:: for theirs, and a program that
// builds them may include both. Nothing throws but std::bad_alloc, for a message.
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

// Fields as in norma_row_norm_forward_args; statistics have x.rows elements.
struct Forward {
  ConstRows x = {};
  ConstVector weight = {};
  ConstVector bias = {};
  double eps = 1e-5;
  Rows y = {};
  Vector mean_hi = {};
  Vector mean_lo = {};
  Vector rstd = {};
  bool weight_plus_one = false;
  bool round_before_weight = false;
  ConstRows residual = {};
  Rows sum = {};
  float residual_scale = 1;
};

// Fields as in norma_row_norm_backward_args.
struct Backward {
  ConstRows x = {};
  ConstRows dy = {};
  ConstVector weight = {};
  ConstVector mean_hi = {};
  ConstVector mean_lo = {};
  ConstVector rstd = {};
  Rows dx = {};
  Vector dweight = {};
  Vector dbias = {};
  bool weight_plus_one = false;
  bool round_before_weight = false;
  ConstRows dsum = {};
  Rows dresidual = {};
  float residual_scale = 1;
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

// Fields as in norma_group_norm_forward_args; statistics have samples * groups elements.
struct GroupNormForward {
  ConstImages x = {};
  std::int64_t groups = 1;
  ConstVector weight = {};
  ConstVector bias = {};
  double eps = 1e-5;
  Images y = {};
  Vector mean_hi = {};
  Vector mean_lo = {};
  Vector rstd = {};
};

// Fields as in norma_group_norm_backward_args.
struct GroupNormBackward {
  ConstImages x = {};
  ConstImages dy = {};
  std::int64_t groups = 1;
  ConstVector weight = {};
  ConstVector mean_hi = {};
  ConstVector mean_lo = {};
  ConstVector rstd = {};
  Images dx = {};
  Vector dweight = {};
  Vector dbias = {};
};

// Fields as in norma_batch_norm_forward_args; mask and statistics have x.rows and x.cols elements.
struct BatchNormForward {
  ConstRows x = {};
  std::span<const std::uint8_t> mask = {};  // empty: every row counts
  bool training = true;
  double momentum = 0.1;
  ConstVector weight = {};
  ConstVector bias = {};
  double eps = 1e-5;
  Rows y = {};
  Vector running_mean = {};
  Vector running_var = {};
  Vector mean_hi = {};
  Vector mean_lo = {};
  Vector rstd = {};
};

// Fields as in norma_batch_norm_backward_args.
struct BatchNormBackward {
  ConstRows x = {};
  ConstRows dy = {};
  std::span<const std::uint8_t> mask = {};
  bool training = true;
  ConstVector weight = {};
  ConstVector mean_hi = {};
  ConstVector mean_lo = {};
  ConstVector rstd = {};
  Rows dx = {};
  Vector dweight = {};
  Vector dbias = {};
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
};

// Of statistics; the library refuses counts whose product is no number.
inline std::int64_t group_count(std::int64_t samples, std::int64_t groups) {
  std::int64_t count = 0;
  return __builtin_mul_overflow(samples, groups, &count) ? -1 : count;
}

inline Status read(const char* function, const GroupNormForward& f,
                   norma_group_norm_forward_args* args) {
  const std::int64_t rows = group_count(f.x.view.samples, f.groups);
  Checker check{function, Status()};
  check.images("x", f.x);
  check.images("y", f.y);
  check.statistic("mean_hi", f.mean_hi, rows, f.x.view.dtype, "samples*groups");
  check.statistic("mean_lo", f.mean_lo, rows, f.x.view.dtype, "samples*groups");
  check.statistic("rstd", f.rstd, rows, f.x.view.dtype, "samples*groups");
  *args = {sizeof *args, f.eps, f.groups, f.x.view, f.weight.view, f.bias.view, f.y.view,
           f.mean_hi.view.data, f.mean_lo.view.data, f.rstd.view.data};
  return check.status;
}

inline Status read(const char* function, const GroupNormBackward& b,
                   norma_group_norm_backward_args* args) {
  const std::int64_t rows = group_count(b.dy.view.samples, b.groups);
  Checker check{function, Status()};
  check.images("x", b.x);
  check.images("dy", b.dy);
  check.images("dx", b.dx);
  check.statistic("mean_hi", b.mean_hi, rows, b.dy.view.dtype, "samples*groups");
  check.statistic("mean_lo", b.mean_lo, rows, b.dy.view.dtype, "samples*groups");
  check.statistic("rstd", b.rstd, rows, b.dy.view.dtype, "samples*groups");
  *args = {sizeof *args, b.groups, b.x.view, b.dy.view, b.weight.view, b.mean_hi.view.data,
           b.mean_lo.view.data, b.rstd.view.data, b.dx.view, b.dweight.view, b.dbias.view};
  return check.status;
}

inline Status read(const char* function, const BatchNormForward& f,
                   norma_batch_norm_forward_args* args) {
  const std::int64_t cols = f.x.view.cols;
  Checker check{function, Status()};
  check.rows("x", f.x);
  check.rows("y", f.y);
  check.mask(f.mask, f.x.view.rows);
  check.statistic("mean_hi", f.mean_hi, cols, f.x.view.dtype, "cols");
  check.statistic("mean_lo", f.mean_lo, cols, f.x.view.dtype, "cols");
  check.statistic("rstd", f.rstd, cols, f.x.view.dtype, "cols");
  *args = {sizeof *args, f.eps, f.momentum, f.training, f.x.view, f.mask.data(), f.weight.view,
           f.bias.view, f.y.view, f.running_mean.view, f.running_var.view, f.mean_hi.view.data,
           f.mean_lo.view.data, f.rstd.view.data};
  return check.status;
}

inline Status read(const char* function, const BatchNormBackward& b,
                   norma_batch_norm_backward_args* args) {
  const std::int64_t cols = b.dy.view.cols;
  Checker check{function, Status()};
  check.rows("x", b.x);
  check.rows("dy", b.dy);
  check.rows("dx", b.dx);
  check.mask(b.mask, b.dy.view.rows);
  check.statistic("mean_hi", b.mean_hi, cols, b.dy.view.dtype, "cols");
  check.statistic("mean_lo", b.mean_lo, cols, b.dy.view.dtype, "cols");
  check.statistic("rstd", b.rstd, cols, b.dy.view.dtype, "cols");
  *args = {sizeof *args, b.training, b.x.view, b.dy.view, b.mask.data(), b.weight.view,
           b.mean_hi.view.data, b.mean_lo.view.data, b.rstd.view.data, b.dx.view, b.dweight.view,
           b.dbias.view};
  return check.status;
}

// Args is the C struct that `given` is read into.
template <typename Args, typename Given, typename Call>
Status call(const char* function, const Given& given, Call call_it) {
  Args args{};
  Status status = read(function, given, &args);
  return status.ok() ? result(call_it(&args)) : status;
}

inline Status read(const char* function, const Forward& f, norma_row_norm_forward_args* args) {
  Checker check{function, Status()};
  check.rows("x", f.x);
  check.rows("y", f.y);
  check.rows("residual", f.residual);
  check.rows("sum", f.sum);
  check.statistic("mean_hi", f.mean_hi, f.x.view.rows, f.x.view.dtype);
  check.statistic("mean_lo", f.mean_lo, f.x.view.rows, f.x.view.dtype);
  check.statistic("rstd", f.rstd, f.x.view.rows, f.x.view.dtype);
  *args = {sizeof *args,      f.eps,  f.x.view, f.weight.view, f.bias.view, f.y.view,
           f.mean_hi.view.data, f.mean_lo.view.data, f.rstd.view.data, f.weight_plus_one,
           f.round_before_weight, f.residual.view, f.sum.view, f.residual_scale};
  return check.status;
}

inline Status read(const char* function, const Backward& b, norma_row_norm_backward_args* args) {
  Checker check{function, Status()};
  check.rows("x", b.x);
  check.rows("dy", b.dy);
  check.rows("dx", b.dx);
  check.rows("dsum", b.dsum);
  check.rows("dresidual", b.dresidual);
  check.statistic("mean_hi", b.mean_hi, b.dy.view.rows, b.dy.view.dtype);
  check.statistic("mean_lo", b.mean_lo, b.dy.view.rows, b.dy.view.dtype);
  check.statistic("rstd", b.rstd, b.dy.view.rows, b.dy.view.dtype);
  *args = {sizeof *args,        b.x.view,         b.dy.view, b.weight.view,  b.mean_hi.view.data,
           b.mean_lo.view.data, b.rstd.view.data, b.dx.view, b.dweight.view, b.dbias.view,
           b.weight_plus_one,   b.round_before_weight,
           b.dsum.view,         b.dresidual.view, b.residual_scale};
  return check.status;
}

template <typename Call>
Status forward(const char* function, const Forward& f, Call call) {
  norma_row_norm_forward_args args{};
  Status status = read(function, f, &args);
  return status.ok() ? result(call(&args)) : status;
}
template <typename Call>
Status backward(const char* function, const Backward& b, Call call) {
  norma_row_norm_backward_args args{};
  Status status = read(function, b, &args);
  return status.ok() ? result(call(&args)) : status;
}

}  // namespace detail

// executor: nullptr for the default one.
inline Status layer_norm_forward(const Forward& f, const norma_executor* executor = nullptr) {
  return detail::forward("layer_norm", f, [=](const norma_row_norm_forward_args* args) {
    return norma_layer_norm_forward(args, executor);
  });
}
inline Status rms_norm_forward(const Forward& f, const norma_executor* executor = nullptr) {
  return detail::forward("rms_norm", f, [=](const norma_row_norm_forward_args* args) {
    return norma_rms_norm_forward(args, executor);
  });
}

// Stores in *bytes the least workspace for the backward pass.
inline Status layer_norm_backward_workspace_size(const Backward& b, std::size_t* bytes,
                                                 const norma_executor* executor = nullptr) {
  return detail::backward("layer_norm_backward", b, [=](const norma_row_norm_backward_args* args) {
    return norma_layer_norm_backward_workspace_size(args, executor, bytes);
  });
}
inline Status rms_norm_backward_workspace_size(const Backward& b, std::size_t* bytes,
                                               const norma_executor* executor = nullptr) {
  return detail::backward("rms_norm_backward", b, [=](const norma_row_norm_backward_args* args) {
    return norma_rms_norm_backward_workspace_size(args, executor, bytes);
  });
}

// workspace: aligned to 64 bytes, of at least the size asked for.
inline Status layer_norm_backward(const Backward& b, std::span<std::byte> workspace,
                                  const norma_executor* executor = nullptr) {
  return detail::backward("layer_norm_backward", b, [=](const norma_row_norm_backward_args* args) {
    return norma_layer_norm_backward(args, workspace.data(), workspace.size(), executor);
  });
}
inline Status rms_norm_backward(const Backward& b, std::span<std::byte> workspace,
                                const norma_executor* executor = nullptr) {
  return detail::backward("rms_norm_backward", b, [=](const norma_row_norm_backward_args* args) {
    return norma_rms_norm_backward(args, workspace.data(), workspace.size(), executor);
  });
}

// Stores in *bytes the least workspace for the pass.
inline Status group_norm_forward_workspace_size(const GroupNormForward& f, std::size_t* bytes,
                                                const norma_executor* executor = nullptr) {
  return detail::call<norma_group_norm_forward_args>("group_norm", f, [=](const auto* args) {
    return norma_group_norm_forward_workspace_size(args, executor, bytes);
  });
}
inline Status group_norm_backward_workspace_size(const GroupNormBackward& b, std::size_t* bytes,
                                                 const norma_executor* executor = nullptr) {
  return detail::call<norma_group_norm_backward_args>(
      "group_norm_backward", b, [=](const auto* args) {
        return norma_group_norm_backward_workspace_size(args, executor, bytes);
      });
}

inline Status group_norm_forward(const GroupNormForward& f, std::span<std::byte> workspace,
                                 const norma_executor* executor = nullptr) {
  return detail::call<norma_group_norm_forward_args>("group_norm", f, [=](const auto* args) {
    return norma_group_norm_forward(args, workspace.data(), workspace.size(), executor);
  });
}
inline Status group_norm_backward(const GroupNormBackward& b, std::span<std::byte> workspace,
                                  const norma_executor* executor = nullptr) {
  return detail::call<norma_group_norm_backward_args>(
      "group_norm_backward", b, [=](const auto* args) {
        return norma_group_norm_backward(args, workspace.data(), workspace.size(), executor);
      });
}

inline Status batch_norm_forward_workspace_size(const BatchNormForward& f, std::size_t* bytes) {
  return detail::call<norma_batch_norm_forward_args>("batch_norm", f, [=](const auto* args) {
    return norma_batch_norm_forward_workspace_size(args, nullptr, bytes);
  });
}
inline Status batch_norm_backward_workspace_size(const BatchNormBackward& b, std::size_t* bytes) {
  return detail::call<norma_batch_norm_backward_args>(
      "batch_norm_backward", b, [=](const auto* args) {
        return norma_batch_norm_backward_workspace_size(args, nullptr, bytes);
      });
}

inline Status batch_norm_forward(const BatchNormForward& f, std::span<std::byte> workspace,
                                 const norma_executor* executor = nullptr) {
  return detail::call<norma_batch_norm_forward_args>("batch_norm", f, [=](const auto* args) {
    return norma_batch_norm_forward(args, workspace.data(), workspace.size(), executor);
  });
}
inline Status batch_norm_backward(const BatchNormBackward& b, std::span<std::byte> workspace,
                                  const norma_executor* executor = nullptr) {
  return detail::call<norma_batch_norm_backward_args>(
      "batch_norm_backward", b, [=](const auto* args) {
        return norma_batch_norm_backward(args, workspace.data(), workspace.size(), executor);
      });
}

}  // namespace norma::abi

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/channel_checks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace norma {
namespace {

constexpr size_t kWorkspaceAlignment = 64;

std::string shape(const ConstImagesView& v) {
  return std::string("[") + std::to_string(v.samples) + ", " + std::to_string(v.channels) + ", " +
         std::to_string(v.positions) + "]";
}

std::string shape(const ConstRowsView& v) {
  return std::string("[") + std::to_string(v.rows) + ", " + std::to_string(v.cols) + "]";
}

const char* name_of(Layout layout) { return layout == Layout::kNchw ? "nchw" : "nhwc"; }

// What is absent has sizes that no check has seen.
int64_t elements(const ConstImagesView& v) {
  return v.data == nullptr ? 0 : v.samples * v.channels * v.positions;
}

}  // namespace

NamedMemory memory_of(const char* name, const ConstImagesView& v) {
  return {name, bytes_of(v.data, v.dtype, elements(v))};
}

NamedMemory memory_of(const char* name, const ConstRowsView& v) { return {name, bytes_of(v)}; }

NamedMemory memory_of_mask(const uint8_t* mask, int64_t rows) {
  return {"mask", {reinterpret_cast<int64_t>(mask), rows, mask == nullptr ? 0 : 1, 0}};
}

NamedMemory memory_of(const char* name, const ConstVectorView& v) {
  return {name, bytes_of(v.data, v.dtype, v.data == nullptr ? 0 : v.size)};
}

NamedMemory memory_of_statistic(const char* name, const void* data, DType dtype, int64_t size) {
  return {name, bytes_of(data, dtype_of_statistics(dtype), size)};
}

Status ChannelChecker::invalid(const std::string& text) const {
  return invalid_argument(std::string("[") + function_ + "] " + text);
}

Status ChannelChecker::unsupported(const std::string& text) const {
  return Status(StatusCode::kUnsupported, std::string("[") + function_ + "] " + text);
}

Status ChannelChecker::eps(double eps) const {
  if (std::isfinite(eps) && eps >= 0) return Status();
  char value[32];
  std::snprintf(value, sizeof value, "%g", eps);
  return invalid(std::string("eps must be finite and >= 0 but is ") + value + ".");
}

Status ChannelChecker::groups(int64_t groups, int64_t channels) const {
  if (groups >= 1 && groups <= std::max<int64_t>(channels, 1) && channels % groups == 0) {
    return Status();
  }
  return invalid("groups must be >= 1 and divide channels=" + std::to_string(channels) +
                 " but is " + std::to_string(groups) + ".");
}

Status ChannelChecker::images(const char* name, const ConstImagesView& v) const {
  NORMA_RETURN_IF_ERROR(dtype(name, v.dtype));
  if (v.layout != Layout::kNchw && v.layout != Layout::kNhwc) {
    return invalid(std::string(name) + " must have layout 0 (nchw) or 1 (nhwc) but has " +
                   std::to_string(static_cast<int32_t>(v.layout)) + ".");
  }
  if (v.samples < 0 || v.channels < 0 || v.positions < 0) {
    return invalid(std::string(name) +
                   " must have samples >= 0, channels >= 0 and positions >= 0 but is " + shape(v) +
                   ".");
  }
  // Also where one of them is 0: products of two of them are counted with.
  const auto at_least_1 = [](int64_t n) { return std::max<int64_t>(n, 1); };
  int64_t product;
  if (__builtin_mul_overflow(at_least_1(v.samples), at_least_1(v.channels), &product) ||
      __builtin_mul_overflow(product, at_least_1(v.positions), &product) ||
      __builtin_mul_overflow(product, static_cast<int64_t>(size_of(v.dtype)), &product)) {
    return invalid(std::string(name) + " must end below 2^63 bytes but is " + shape(v) + ".");
  }
  const bool is_empty = v.samples == 0 || v.channels == 0 || v.positions == 0;
  return is_empty ? Status() : present(name, v.data, v.dtype);
}

Status ChannelChecker::same_images(const char* name, const ConstImagesView& v, const char* as,
                                   const ConstImagesView& w) const {
  if (v.samples != w.samples || v.channels != w.channels || v.positions != w.positions) {
    return invalid(std::string(name) + " must have the shape of " + as + ", " + shape(w) +
                   ", but is " + shape(v) + ".");
  }
  if (v.layout != w.layout) {
    return invalid(std::string(name) + " must have the layout of " + as + ", " + name_of(w.layout) +
                   ", but has " + name_of(v.layout) + ".");
  }
  return same_dtype(name, v.dtype, as, w.dtype);
}

Status ChannelChecker::rows(const char* name, const ConstRowsView& v) const {
  NORMA_RETURN_IF_ERROR(dtype(name, v.dtype));
  if (v.rows < 0 || v.cols < 0) {
    return invalid(std::string(name) + " must have rows >= 0 and cols >= 0 but is " + shape(v) +
                   ".");
  }
  int64_t elements, reach, bytes;
  const auto size = static_cast<int64_t>(size_of(v.dtype));
  if (__builtin_mul_overflow(v.rows, v.cols, &elements) ||
      __builtin_mul_overflow(v.rows, v.stride, &reach) ||
      __builtin_add_overflow(reach < 0 ? ~reach : reach, v.cols, &reach) ||
      __builtin_mul_overflow(reach, size, &bytes)) {
    return invalid(std::string(name) + " must end below 2^63 bytes but is " + shape(v) +
                   " with stride " + std::to_string(v.stride) + ".");
  }
  return elements == 0 ? Status() : present(name, v.data, v.dtype);
}

Status ChannelChecker::output_rows(const char* name, const ConstRowsView& v) const {
  NORMA_RETURN_IF_ERROR(rows(name, v));
  if (v.rows <= 1 || v.stride >= v.cols || v.stride <= -v.cols) return Status();
  return invalid(
      std::string(name) + " must have a stride of at least cols=" + std::to_string(v.cols) +
      " elements but has " + std::to_string(v.stride) + ": its rows would overwrite each other.");
}

Status ChannelChecker::same_rows(const char* name, const ConstRowsView& v, const char* as,
                                 const ConstRowsView& w) const {
  if (v.rows != w.rows || v.cols != w.cols) {
    return invalid(std::string(name) + " must have the shape of " + as + ", " + shape(w) +
                   ", but is " + shape(v) + ".");
  }
  return same_dtype(name, v.dtype, as, w.dtype);
}

Status ChannelChecker::vector(const char* name, const ConstVectorView& v, const char* what,
                              int64_t size, const char* as, DType as_dtype) const {
  if (v.data == nullptr) return Status();
  NORMA_RETURN_IF_ERROR(vector_of(name, v, what, size));
  if (v.dtype == as_dtype || (v.dtype == DType::kF32 && as_dtype != DType::kF64)) return Status();
  const bool is_16_bit = as_dtype == DType::kBF16 || as_dtype == DType::kF16;
  return unsupported(std::string(name) + " has dtype " + norma::name_of(v.dtype) + " where " + as +
                     " has " + norma::name_of(as_dtype) + ": it must have that" +
                     (is_16_bit ? ", or f32." : "."));
}

Status ChannelChecker::same_parameters(const ConstVectorView& weight,
                                       const ConstVectorView& bias) const {
  if (weight.data == nullptr || bias.data == nullptr) return Status();
  return same_dtype("bias", bias.dtype, "weight", weight.dtype);
}

Status ChannelChecker::running_statistic(const char* name, const ConstVectorView& v, int64_t cols,
                                         DType x_dtype) const {
  if (v.data == nullptr) return Status();
  NORMA_RETURN_IF_ERROR(vector_of(name, v, "cols", cols));
  const DType wanted = dtype_of_statistics(x_dtype);
  if (v.dtype == wanted) return Status();
  return unsupported(std::string(name) + " has dtype " + norma::name_of(v.dtype) + " where x has " +
                     norma::name_of(x_dtype) + ": it must have " + norma::name_of(wanted) +
                     ", as saved statistics have.");
}

Status ChannelChecker::vector_of(const char* name, const ConstVectorView& v, const char* what,
                                 int64_t size) const {
  NORMA_RETURN_IF_ERROR(dtype(name, v.dtype));
  if (v.size != size) {
    return invalid(std::string(name) + " must have " + what + "=" + std::to_string(size) +
                   " elements but has " + std::to_string(v.size) + ".");
  }
  return present(name, v.data, v.dtype);
}

Status ChannelChecker::statistic(const char* name, const void* data, DType dtype,
                                 bool required) const {
  if (data == nullptr && required) {
    return invalid(std::string(name) +
                   " is missing: the backward needs the statistics that the forward saved.");
  }
  return data == nullptr ? Status() : present(name, data, dtype_of_statistics(dtype));
}

Status ChannelChecker::present(const char* name, const void* data, DType dtype) const {
  if (data == nullptr) return invalid(std::string(name) + " must not be null.");
  if ((reinterpret_cast<uintptr_t>(data) & (size_of(dtype) - 1)) != 0) {
    return invalid(std::string(name) + " must be aligned to its elements of " +
                   std::to_string(size_of(dtype)) + " bytes but is not.");
  }
  return Status();
}

Status ChannelChecker::dtype(const char* name, DType dtype) const {
  if (is_known(dtype)) return Status();
  return invalid(std::string(name) +
                 " must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has " +
                 std::to_string(static_cast<int32_t>(dtype)) + ".");
}

Status ChannelChecker::same_dtype(const char* name, DType dtype, const char* as,
                                  DType as_dtype) const {
  if (dtype == as_dtype) return Status();
  return unsupported(std::string(name) + " has dtype " + norma::name_of(dtype) + " where " + as +
                     " has " + norma::name_of(as_dtype) +
                     ": they must be the same, convert one of them.");
}

Status ChannelChecker::apart(std::initializer_list<NamedMemory> outputs,
                             std::initializer_list<NamedMemory> inputs, bool one,
                             const char* remedy) const {
  const auto refused = [&](const NamedMemory& a, const NamedMemory& b, const char* how) {
    return invalid(std::string(a.name) + " must not overlap " + b.name + ": " + how + ".");
  };
  constexpr const char* kOwn = "give it its own memory";
  for (const NamedMemory& output : outputs) {
    const bool first = &output == outputs.begin();
    for (const NamedMemory& input : inputs) {
      if (one && first && &input == inputs.begin()) continue;
      if (overlap(output.bytes, input.bytes)) return refused(output, input, first ? remedy : kOwn);
    }
    for (const NamedMemory* other = outputs.begin(); other != &output; ++other) {
      if (overlap(output.bytes, other->bytes)) return refused(output, *other, kOwn);
    }
  }
  return Status();
}

Status ChannelChecker::workspace(const void* workspace, size_t bytes, size_t needed,
                                 const char* size_function,
                                 std::initializer_list<NamedMemory> others) const {
  if (needed == 0) return Status();
  if (workspace == nullptr || bytes < needed) {
    return invalid("workspace must have " + std::to_string(needed) + " bytes but has " +
                   std::to_string(workspace == nullptr ? 0 : bytes) + ": ask " + size_function +
                   " with the same executor.");
  }
  if (reinterpret_cast<uintptr_t>(workspace) % kWorkspaceAlignment != 0) {
    return invalid("workspace must be aligned to 64 bytes but is not.");
  }
  // All of it may be written, not the least alone. No memory is as long as the cap, which keeps the
  // end of the workspace a number.
  const auto width = static_cast<int64_t>(std::min(bytes, size_t{1} << 62));
  const ByteRows scratch{reinterpret_cast<int64_t>(workspace), width, 1, 0};
  for (const NamedMemory& other : others) {
    if (overlap(scratch, other.bytes)) {
      return invalid(std::string("workspace must not overlap ") + other.name +
                     ": give it its own memory.");
    }
  }
  return Status();
}

}  // namespace norma

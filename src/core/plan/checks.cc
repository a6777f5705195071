// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/checks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "core/plan/overlap.h"

namespace norma {
namespace {

constexpr size_t kWorkspaceAlignment = 64;

// Says who complains: "[layer_norm] " or "[layer_norm_backward] ".
class Checker {
 public:
  Checker(const NormSpec& spec, const char* suffix) : kind_(spec.kind), suffix_(suffix) {}

  Status invalid(const std::string& text) const { return invalid_argument(prefix() + text); }
  Status unsupported(const std::string& text) const {
    return Status(StatusCode::kUnsupported, prefix() + text);
  }

  Status spec(const NormSpec& spec) const {
    if (spec.kind != NormKind::kLayerNorm && spec.kind != NormKind::kRmsNorm) {
      return invalid_argument("[norm] kind must be 0 (layer_norm) or 1 (rms_norm) but is " +
                              std::to_string(static_cast<int32_t>(spec.kind)) + ".");
    }
    if (!std::isfinite(spec.eps) || spec.eps < 0) {
      char value[32];
      std::snprintf(value, sizeof value, "%g", spec.eps);
      return invalid(std::string("eps must be finite and >= 0 but is ") + value + ".");
    }
    return Status();
  }

  Status rows(const char* name, const ConstRowsView& v) const {
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
    if (elements > 0) NORMA_RETURN_IF_ERROR(present(name, v.data, v.dtype));
    return Status();
  }

  Status output_rows(const char* name, const ConstRowsView& v) const {
    NORMA_RETURN_IF_ERROR(rows(name, v));
    if (v.rows > 1 && v.stride < v.cols && v.stride > -v.cols) {
      return invalid(std::string(name) + " must have a stride of at least cols=" +
                     std::to_string(v.cols) + " elements but has " + std::to_string(v.stride) +
                     ": its rows would overwrite each other.");
    }
    return Status();
  }

  Status same_shape(const char* name, const ConstRowsView& v, const char* as,
                    const ConstRowsView& w) const {
    if (v.rows != w.rows || v.cols != w.cols) {
      return invalid(std::string(name) + " must have the shape of " + as + ", " + shape(w) +
                     ", but is " + shape(v) + ".");
    }
    return same_dtype(name, v.dtype, as, w.dtype);
  }

  Status vector(const char* name, const ConstVectorView& v, const char* as, DType as_dtype,
                int64_t cols) const {
    if (v.data == nullptr) return Status();
    NORMA_RETURN_IF_ERROR(dtype(name, v.dtype));
    if (v.size != cols) {
      return invalid(std::string(name) + " must have cols=" + std::to_string(cols) +
                     " elements but has " + std::to_string(v.size) + ".");
    }
    NORMA_RETURN_IF_ERROR(present(name, v.data, v.dtype));
    return same_dtype(name, v.dtype, as, as_dtype);
  }

  Status statistic(const char* name, const void* data, DType dtype, bool required) const {
    if (data == nullptr && required) {
      return invalid(std::string(name) +
                     " is missing: the backward needs the statistics that the forward saved.");
    }
    return data == nullptr ? Status() : present(name, data, dtype);
  }

  Status apart(const char* output, const ByteRows& a, const char* other, const ByteRows& b,
               const char* remedy = "give it its own memory") const {
    if (!overlap(a, b)) return Status();
    return invalid(std::string(output) + " must not overlap " + other + ": " + remedy + ".");
  }

 private:
  std::string prefix() const { return std::string("[") + name_of(kind_) + suffix_ + "] "; }

  static std::string shape(const ConstRowsView& v) {
    return std::string("[") + std::to_string(v.rows) + ", " + std::to_string(v.cols) + "]";
  }

  Status dtype(const char* name, DType dtype) const {
    if (is_known(dtype)) return Status();
    return invalid(std::string(name) +
                   " must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has " +
                   std::to_string(static_cast<int32_t>(dtype)) + ".");
  }

  Status same_dtype(const char* name, DType dtype, const char* as, DType as_dtype) const {
    if (dtype == as_dtype) return Status();
    return unsupported(std::string(name) + " has dtype " + name_of(dtype) + " where " + as +
                       " has " + name_of(as_dtype) +
                       ": mixed dtypes are not supported yet, convert one of them.");
  }

  Status present(const char* name, const void* data, DType dtype) const {
    if (data == nullptr) return invalid(std::string(name) + " must not be null.");
    if (reinterpret_cast<uintptr_t>(data) % size_of(dtype) != 0) {
      return invalid(std::string(name) + " must be aligned to its elements of " +
                     std::to_string(size_of(dtype)) + " bytes but is not.");
    }
    return Status();
  }

  NormKind kind_;
  const char* suffix_;
};

bool in_place(const ConstRowsView& a, const ConstRowsView& b) {
  return a.data == b.data && (a.stride == b.stride || a.rows <= 1);
}

struct Named {
  const char* name;
  ByteRows bytes;
};

// Every output apart from every input and every other output. `alias` names the input that
// outputs[0] is, in place; null where it is none.
template <size_t kOutputs, size_t kInputs>
Status outputs_apart(const Checker& check, const Named (&outputs)[kOutputs],
                     const Named (&inputs)[kInputs], const char* alias, const char* remedy) {
  for (size_t o = 0; o < kOutputs; ++o) {
    for (const Named& input : inputs) {
      if (o == 0 && input.name == alias) continue;
      NORMA_RETURN_IF_ERROR(check.apart(outputs[o].name, outputs[o].bytes, input.name, input.bytes,
                                        o == 0 ? remedy : "give it its own memory"));
    }
    for (size_t p = 0; p < o; ++p) {
      NORMA_RETURN_IF_ERROR(
          check.apart(outputs[o].name, outputs[o].bytes, outputs[p].name, outputs[p].bytes));
    }
  }
  return Status();
}

}  // namespace

bool needs_x(const NormBackward& args) {
  return args.dx.data != nullptr || args.dweight.data != nullptr;
}

Status check_forward(const NormSpec& spec, const NormForward& args) {
  const Checker check(spec, "");
  const Statistics& s = args.statistics;
  const ConstRowsView &x = args.x, y = args.y;
  NORMA_RETURN_IF_ERROR(check.spec(spec));
  NORMA_RETURN_IF_ERROR(check.rows("x", x));
  NORMA_RETURN_IF_ERROR(check.output_rows("y", y));
  NORMA_RETURN_IF_ERROR(check.same_shape("y", y, "x", x));
  NORMA_RETURN_IF_ERROR(check.vector("weight", args.weight, "x", x.dtype, x.cols));
  NORMA_RETURN_IF_ERROR(check.vector("bias", args.bias, "x", x.dtype, x.cols));
  NORMA_RETURN_IF_ERROR(check.statistic("mean_hi", s.mean_hi, x.dtype, false));
  NORMA_RETURN_IF_ERROR(check.statistic("mean_lo", s.mean_lo, x.dtype, false));
  NORMA_RETURN_IF_ERROR(check.statistic("rstd", s.rstd, x.dtype, false));
  const Named outputs[] = {{"y", bytes_of(y)},
                           {"mean_hi", bytes_of(s.mean_hi, x.dtype, x.rows)},
                           {"mean_lo", bytes_of(s.mean_lo, x.dtype, x.rows)},
                           {"rstd", bytes_of(s.rstd, x.dtype, x.rows)}};
  const Named inputs[] = {{"x", bytes_of(x)},
                          {"weight", bytes_of(args.weight.data, x.dtype, x.cols)},
                          {"bias", bytes_of(args.bias.data, x.dtype, x.cols)}};
  return outputs_apart(check, outputs, inputs, in_place(x, y) ? inputs[0].name : nullptr,
                       "give it its own memory, or x's own data and stride for in-place");
}

Status check_backward(const NormSpec& spec, const NormBackward& args) {
  const Checker check(spec, "_backward");
  const ConstStatistics& s = args.statistics;
  const ConstRowsView &x = args.x, &dy = args.dy, dx = args.dx;
  const bool with_x = needs_x(args);
  NORMA_RETURN_IF_ERROR(check.spec(spec));
  NORMA_RETURN_IF_ERROR(check.rows("dy", dy));
  if (with_x) {
    NORMA_RETURN_IF_ERROR(check.rows("x", x));
    NORMA_RETURN_IF_ERROR(check.same_shape("x", x, "dy", dy));
    const bool layer_norm = spec.kind == NormKind::kLayerNorm, any = dy.rows > 0;
    NORMA_RETURN_IF_ERROR(check.statistic("mean_hi", s.mean_hi, dy.dtype, any && layer_norm));
    NORMA_RETURN_IF_ERROR(check.statistic("mean_lo", s.mean_lo, dy.dtype, any && layer_norm));
    NORMA_RETURN_IF_ERROR(check.statistic("rstd", s.rstd, dy.dtype, any));
  }
  if (dx.data != nullptr) {
    NORMA_RETURN_IF_ERROR(check.output_rows("dx", dx));
    NORMA_RETURN_IF_ERROR(check.same_shape("dx", dx, "dy", dy));
  }
  NORMA_RETURN_IF_ERROR(check.vector("weight", args.weight, "dy", dy.dtype, dy.cols));
  const VectorView &dw = args.dweight, &db = args.dbias;
  NORMA_RETURN_IF_ERROR(
      check.vector("dweight", {dw.data, dw.dtype, dw.size}, "dy", dy.dtype, dy.cols));
  NORMA_RETURN_IF_ERROR(
      check.vector("dbias", {db.data, db.dtype, db.size}, "dy", dy.dtype, dy.cols));
  const int64_t stats = with_x ? dy.rows : 0;
  const Named outputs[] = {{"dx", bytes_of(dx)},
                           {"dweight", bytes_of(dw.data, dy.dtype, dy.cols)},
                           {"dbias", bytes_of(db.data, dy.dtype, dy.cols)}};
  const Named inputs[] = {{"x", with_x ? bytes_of(x) : ByteRows()},
                          {"dy", bytes_of(dy)},
                          {"weight", bytes_of(args.weight.data, dy.dtype, dy.cols)},
                          {"mean_hi", bytes_of(s.mean_hi, dy.dtype, stats)},
                          {"mean_lo", bytes_of(s.mean_lo, dy.dtype, stats)},
                          {"rstd", bytes_of(s.rstd, dy.dtype, stats)}};
  return outputs_apart(check, outputs, inputs, in_place(dy, dx) ? inputs[1].name : nullptr,
                       "give it its own memory, or dy's own data and stride for in-place");
}

Status check_workspace(const NormSpec& spec, const NormBackward& args, const void* workspace,
                       size_t bytes, size_t needed) {
  if (needed == 0) return Status();
  const Checker check(spec, "_backward");
  if (workspace == nullptr || bytes < needed) {
    return check.invalid("workspace must have " + std::to_string(needed) + " bytes but has " +
                         std::to_string(workspace == nullptr ? 0 : bytes) +
                         ": ask norm_backward_workspace_size with the same executor.");
  }
  if (reinterpret_cast<uintptr_t>(workspace) % kWorkspaceAlignment != 0) {
    return check.invalid("workspace must be aligned to 64 bytes but is not.");
  }
  // All of it may be written, not the least alone. No memory is as long as the cap, which keeps the
  // end of the workspace a number.
  const auto width = static_cast<int64_t>(std::min(bytes, size_t{1} << 62));
  const ByteRows scratch{reinterpret_cast<int64_t>(workspace), width, 1, 0};
  const int64_t stats = needs_x(args) ? args.dy.rows : 0;
  const DType dtype = args.dy.dtype;
  const Named others[] = {
      {"x", needs_x(args) ? bytes_of(args.x) : ByteRows()},
      {"dy", bytes_of(args.dy)},
      {"weight", bytes_of(args.weight.data, dtype, args.dy.cols)},
      {"mean_hi", bytes_of(args.statistics.mean_hi, dtype, stats)},
      {"mean_lo", bytes_of(args.statistics.mean_lo, dtype, stats)},
      {"rstd", bytes_of(args.statistics.rstd, dtype, stats)},
      {"dx", bytes_of(args.dx)},
      {"dweight", bytes_of(args.dweight.data, dtype, args.dy.cols)},
      {"dbias", bytes_of(args.dbias.data, dtype, args.dy.cols)}};
  for (const Named& other : others) {
    NORMA_RETURN_IF_ERROR(check.apart("workspace", scratch, other.name, other.bytes));
  }
  return Status();
}

}  // namespace norma

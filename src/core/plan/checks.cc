// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/checks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "core/plan/overlap.h"

namespace norma {
namespace {

constexpr size_t kWorkspaceAlignment = 64;

struct Named {
  Named(const char* name_, const ByteRows& bytes_)
      : name(name_), bytes(bytes_), hull(hull_of(bytes_)) {}
  const char* name;
  ByteRows bytes;
  ByteHull hull;
};

// Each check says whether its rule is kept; the first that is not leaves its message, which says
// who complains: "[layer_norm] " or "[layer_norm_backward] ". One Status a call, not one a rule: on
// a short row the rules would take longer than the norm.
class Checker {
 public:
  Checker(const NormSpec& spec, const char* suffix) : kind_(spec.kind), suffix_(suffix) {}

  Status status() && { return std::move(status_); }

  bool spec(const NormSpec& spec) {
    if (spec.kind != NormKind::kLayerNorm && spec.kind != NormKind::kRmsNorm) {
      status_ = invalid_argument("[norm] kind must be 0 (layer_norm) or 1 (rms_norm) but is " +
                                 std::to_string(static_cast<int32_t>(spec.kind)) + ".");
      return false;
    }
    if (!std::isfinite(spec.eps) || spec.eps < 0) {
      char value[32];
      std::snprintf(value, sizeof value, "%g", spec.eps);
      return invalid(
          [&] { return std::string("eps must be finite and >= 0 but is ") + value + "."; });
    }
    return true;
  }

  bool rows(const char* name, const ConstRowsView& v) {
    if (!dtype(name, v.dtype)) return false;
    if (v.rows < 0 || v.cols < 0) {
      return invalid([&] {
        return std::string(name) + " must have rows >= 0 and cols >= 0 but is " + shape(v) + ".";
      });
    }
    int64_t elements, reach, bytes;
    const auto size = static_cast<int64_t>(size_of(v.dtype));
    if (__builtin_mul_overflow(v.rows, v.cols, &elements) ||
        __builtin_mul_overflow(v.rows, v.stride, &reach) ||
        __builtin_add_overflow(reach < 0 ? ~reach : reach, v.cols, &reach) ||
        __builtin_mul_overflow(reach, size, &bytes)) {
      return invalid([&] {
        return std::string(name) + " must end below 2^63 bytes but is " + shape(v) +
               " with stride " + std::to_string(v.stride) + ".";
      });
    }
    return elements == 0 || present(name, v.data, v.dtype);
  }

  bool output_rows(const char* name, const ConstRowsView& v) {
    if (!rows(name, v)) return false;
    if (v.rows > 1 && v.stride < v.cols && v.stride > -v.cols) {
      return invalid([&] {
        return std::string(name) +
               " must have a stride of at least cols=" + std::to_string(v.cols) +
               " elements but has " + std::to_string(v.stride) +
               ": its rows would overwrite each other.";
      });
    }
    return true;
  }

  bool same_shape(const char* name, const ConstRowsView& v, const char* as,
                  const ConstRowsView& w) {
    if (v.rows != w.rows || v.cols != w.cols) {
      return invalid([&] {
        return std::string(name) + " must have the shape of " + as + ", " + shape(w) + ", but is " +
               shape(v) + ".";
      });
    }
    return same_dtype(name, v.dtype, as, w.dtype);
  }

  bool vector(const char* name, const ConstVectorView& v, const char* as, DType as_dtype,
              int64_t cols) {
    if (v.data == nullptr) return true;
    if (!dtype(name, v.dtype)) return false;
    if (v.size != cols) {
      return invalid([&] {
        return std::string(name) + " must have cols=" + std::to_string(cols) +
               " elements but has " + std::to_string(v.size) + ".";
      });
    }
    if (!present(name, v.data, v.dtype)) return false;
    return same_dtype(name, v.dtype, as, as_dtype);
  }

  bool statistic(const char* name, const void* data, DType dtype, bool required) {
    if (data == nullptr && required) {
      return invalid([&] {
        return std::string(name) +
               " is missing: the backward needs the statistics that the forward saved.";
      });
    }
    return data == nullptr || present(name, data, dtype);
  }

  bool workspace(const void* workspace, size_t bytes, size_t needed) {
    if (workspace == nullptr || bytes < needed) {
      return invalid([&] {
        return "workspace must have " + std::to_string(needed) + " bytes but has " +
               std::to_string(workspace == nullptr ? 0 : bytes) +
               ": ask norm_backward_workspace_size with the same executor.";
      });
    }
    if (reinterpret_cast<uintptr_t>(workspace) % kWorkspaceAlignment != 0) {
      return invalid([&] { return "workspace must be aligned to 64 bytes but is not."; });
    }
    return true;
  }

  bool apart(const Named& output, const Named& other,
             const char* remedy = "give it its own memory") {
    if (!overlap(output.bytes, other.bytes)) return true;
    return invalid([&] {
      return std::string(output.name) + " must not overlap " + other.name + ": " + remedy + ".";
    });
  }

 private:
  // Out of line, so that the rules themselves are few enough instructions to be inlined.
  template <class Text>
  [[gnu::cold, gnu::noinline]] bool invalid(const Text& text) {
    status_ = invalid_argument(prefix() + text());
    return false;
  }
  template <class Text>
  [[gnu::cold, gnu::noinline]] bool unsupported(const Text& text) {
    status_ = Status(StatusCode::kUnsupported, prefix() + text());
    return false;
  }

  std::string prefix() const { return std::string("[") + name_of(kind_) + suffix_ + "] "; }

  static std::string shape(const ConstRowsView& v) {
    return std::string("[") + std::to_string(v.rows) + ", " + std::to_string(v.cols) + "]";
  }

  bool dtype(const char* name, DType dtype) {
    if (is_known(dtype)) return true;
    return invalid([&] {
      return std::string(name) + " must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has " +
             std::to_string(static_cast<int32_t>(dtype)) + ".";
    });
  }

  bool same_dtype(const char* name, DType dtype, const char* as, DType as_dtype) {
    if (dtype == as_dtype) return true;
    return unsupported([&] {
      return std::string(name) + " has dtype " + name_of(dtype) + " where " + as + " has " +
             name_of(as_dtype) + ": mixed dtypes are not supported yet, convert one of them.";
    });
  }

  bool present(const char* name, const void* data, DType dtype) {
    if (data == nullptr) return invalid([&] { return std::string(name) + " must not be null."; });
    if ((reinterpret_cast<uintptr_t>(data) & (size_of(dtype) - 1)) != 0) {
      return invalid([&] {
        return std::string(name) + " must be aligned to its elements of " +
               std::to_string(size_of(dtype)) + " bytes but is not.";
      });
    }
    return true;
  }

  NormKind kind_;
  const char* suffix_;
  Status status_;
};

bool in_place(const ConstRowsView& a, const ConstRowsView& b) {
  return a.data == b.data && (a.stride == b.stride || a.rows <= 1);
}

// Every output apart from every input and every other output; in_place: but for the first output
// and the first input, which are one.
template <size_t kOutputs, size_t kInputs>
bool outputs_apart(Checker& check, const Named (&outputs)[kOutputs], const Named (&inputs)[kInputs],
                   bool in_place, const char* remedy) {
  // Without a branch a pair: most calls end here.
  bool near = in_place;
  for (size_t o = 0; o < kOutputs; ++o) {
    for (const Named& input : inputs) near |= overlap(outputs[o].hull, input.hull);
    for (size_t p = 0; p < o; ++p) near |= overlap(outputs[o].hull, outputs[p].hull);
  }
  if (!near) return true;
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t i = in_place && o == 0 ? 1 : 0; i < kInputs; ++i) {
      if (!check.apart(outputs[o], inputs[i], o == 0 ? remedy : "give it its own memory")) {
        return false;
      }
    }
    for (size_t p = 0; p < o; ++p) {
      if (!check.apart(outputs[o], outputs[p])) return false;
    }
  }
  return true;
}

bool forward_is_valid(Checker& check, const NormSpec& spec, const NormForward& args) {
  const Statistics& s = args.statistics;
  const ConstRowsView &x = args.x, y = args.y;
  const bool each_is_valid = check.spec(spec) && check.rows("x", x) && check.output_rows("y", y) &&
                             check.same_shape("y", y, "x", x) &&
                             check.vector("weight", args.weight, "x", x.dtype, x.cols) &&
                             check.vector("bias", args.bias, "x", x.dtype, x.cols) &&
                             check.statistic("mean_hi", s.mean_hi, x.dtype, false) &&
                             check.statistic("mean_lo", s.mean_lo, x.dtype, false) &&
                             check.statistic("rstd", s.rstd, x.dtype, false);
  if (!each_is_valid) return false;
  const Named outputs[] = {{"y", bytes_of(y)},
                           {"mean_hi", bytes_of(s.mean_hi, x.dtype, x.rows)},
                           {"mean_lo", bytes_of(s.mean_lo, x.dtype, x.rows)},
                           {"rstd", bytes_of(s.rstd, x.dtype, x.rows)}};
  const Named inputs[] = {{"x", bytes_of(x)},
                          {"weight", bytes_of(args.weight.data, x.dtype, x.cols)},
                          {"bias", bytes_of(args.bias.data, x.dtype, x.cols)}};
  return outputs_apart(check, outputs, inputs, in_place(x, y),
                       "give it its own memory, or x's own data and stride for in-place");
}

bool backward_inputs_are_valid(Checker& check, const NormSpec& spec, const NormBackward& args) {
  const ConstStatistics& s = args.statistics;
  const ConstRowsView &x = args.x, &dy = args.dy;
  if (!check.spec(spec) || !check.rows("dy", dy)) return false;
  if (!needs_x(args)) return true;
  const bool layer_norm = spec.kind == NormKind::kLayerNorm, any = dy.rows > 0;
  return check.rows("x", x) && check.same_shape("x", x, "dy", dy) &&
         check.statistic("mean_hi", s.mean_hi, dy.dtype, any && layer_norm) &&
         check.statistic("mean_lo", s.mean_lo, dy.dtype, any && layer_norm) &&
         check.statistic("rstd", s.rstd, dy.dtype, any);
}

bool backward_is_valid(Checker& check, const NormSpec& spec, const NormBackward& args) {
  const ConstStatistics& s = args.statistics;
  const ConstRowsView &x = args.x, &dy = args.dy, dx = args.dx;
  const VectorView &dw = args.dweight, &db = args.dbias;
  if (!backward_inputs_are_valid(check, spec, args)) return false;
  if (dx.data != nullptr) {
    if (!check.output_rows("dx", dx) || !check.same_shape("dx", dx, "dy", dy)) return false;
  }
  const auto vector = [&](const char* name, const ConstVectorView& v) {
    return check.vector(name, v, "dy", dy.dtype, dy.cols);
  };
  if (!vector("weight", args.weight) || !vector("dweight", {dw.data, dw.dtype, dw.size}) ||
      !vector("dbias", {db.data, db.dtype, db.size})) {
    return false;
  }
  const bool with_x = needs_x(args);
  const int64_t stats = with_x ? dy.rows : 0;
  const Named outputs[] = {{"dx", bytes_of(dx)},
                           {"dweight", bytes_of(dw.data, dy.dtype, dy.cols)},
                           {"dbias", bytes_of(db.data, dy.dtype, dy.cols)}};
  const Named inputs[] = {{"dy", bytes_of(dy)},
                          {"x", with_x ? bytes_of(x) : ByteRows()},
                          {"weight", bytes_of(args.weight.data, dy.dtype, dy.cols)},
                          {"mean_hi", bytes_of(s.mean_hi, dy.dtype, stats)},
                          {"mean_lo", bytes_of(s.mean_lo, dy.dtype, stats)},
                          {"rstd", bytes_of(s.rstd, dy.dtype, stats)}};
  return outputs_apart(check, outputs, inputs, in_place(dy, dx),
                       "give it its own memory, or dy's own data and stride for in-place");
}

bool workspace_is_valid(Checker& check, const NormBackward& args, const void* workspace,
                        size_t bytes, size_t needed) {
  if (!check.workspace(workspace, bytes, needed)) return false;
  // All of it may be written, not the least alone. No memory is as long as the cap, which keeps the
  // end of the workspace a number.
  const auto width = static_cast<int64_t>(std::min(bytes, size_t{1} << 62));
  const Named scratch{"workspace", {reinterpret_cast<int64_t>(workspace), width, 1, 0}};
  const int64_t stats = needs_x(args) ? args.dy.rows : 0;
  const DType dtype = args.dy.dtype;
  const Named others[] = {{"x", needs_x(args) ? bytes_of(args.x) : ByteRows()},
                          {"dy", bytes_of(args.dy)},
                          {"weight", bytes_of(args.weight.data, dtype, args.dy.cols)},
                          {"mean_hi", bytes_of(args.statistics.mean_hi, dtype, stats)},
                          {"mean_lo", bytes_of(args.statistics.mean_lo, dtype, stats)},
                          {"rstd", bytes_of(args.statistics.rstd, dtype, stats)},
                          {"dx", bytes_of(args.dx)},
                          {"dweight", bytes_of(args.dweight.data, dtype, args.dy.cols)},
                          {"dbias", bytes_of(args.dbias.data, dtype, args.dy.cols)}};
  for (const Named& other : others) {
    if (!check.apart(scratch, other)) return false;
  }
  return true;
}

}  // namespace

bool needs_x(const NormBackward& args) {
  return args.dx.data != nullptr || args.dweight.data != nullptr;
}

Status check_forward(const NormSpec& spec, const NormForward& args) {
  Checker check(spec, "");
  forward_is_valid(check, spec, args);
  return std::move(check).status();
}

Status check_backward(const NormSpec& spec, const NormBackward& args) {
  Checker check(spec, "_backward");
  backward_is_valid(check, spec, args);
  return std::move(check).status();
}

Status check_workspace(const NormSpec& spec, const NormBackward& args, const void* workspace,
                       size_t bytes, size_t needed) {
  if (needed == 0) return Status();
  Checker check(spec, "_backward");
  workspace_is_valid(check, args, workspace, bytes, needed);
  return std::move(check).status();
}

}  // namespace norma

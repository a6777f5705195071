// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/checks.h"

#include <algorithm>
#include <array>
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
  const char* name;
  ByteRows bytes;
};

// What the operands below are made into: hulls first, which most calls end with, and names and
// bytes where two hulls meet.
struct MakeHull {
  template <class... Memory>
  ByteHull operator()(const char*, const Memory&... memory) const {
    return hull_of(memory...);
  }
};
struct MakeNamed {
  template <class... Memory>
  Named operator()(const char* name, const Memory&... memory) const {
    return {name, bytes_of(memory...)};
  }
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
          [=] { return std::string("eps must be finite and >= 0 but is ") + value + "."; });
    }
    return true;
  }

  bool rows(const char* name, const ConstRowsView& v) {
    if (!dtype(name, v.dtype)) return false;
    if (v.rows < 0 || v.cols < 0) {
      return invalid([=] {
        return std::string(name) + " must have rows >= 0 and cols >= 0 but is " + shape(v) + ".";
      });
    }
    int64_t elements, reach, bytes;
    const auto size = static_cast<int64_t>(size_of(v.dtype));
    if (__builtin_mul_overflow(v.rows, v.cols, &elements) ||
        __builtin_mul_overflow(v.rows, v.stride, &reach) ||
        __builtin_add_overflow(reach < 0 ? ~reach : reach, v.cols, &reach) ||
        __builtin_mul_overflow(reach, size, &bytes)) {
      return invalid([=] {
        return std::string(name) + " must end below 2^63 bytes but is " + shape(v) +
               " with stride " + std::to_string(v.stride) + ".";
      });
    }
    return elements == 0 || present(name, v.data, v.dtype);
  }

  bool output_rows(const char* name, const ConstRowsView& v) {
    if (!rows(name, v)) return false;
    if (v.rows > 1 && v.stride < v.cols && v.stride > -v.cols) {
      return invalid([=] {
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
      return invalid([=] {
        return std::string(name) + " must have the shape of " + as + ", " + shape(w) + ", but is " +
               shape(v) + ".";
      });
    }
    return same_dtype(name, v.dtype, as, w.dtype);
  }

  // A weight, a bias or the gradient of one.
  bool vector(const char* name, const ConstVectorView& v, const char* as, DType as_dtype,
              int64_t cols) {
    if (v.data == nullptr) return true;
    if (!dtype(name, v.dtype)) return false;
    if (v.size != cols) {
      return invalid([=] {
        return std::string(name) + " must have cols=" + std::to_string(cols) +
               " elements but has " + std::to_string(v.size) + ".";
      });
    }
    if (!present(name, v.data, v.dtype)) return false;
    if (v.dtype == as_dtype || (v.dtype == DType::kF32 && as_dtype != DType::kF64)) return true;
    return unsupported([=] {
      return std::string(name) + " has dtype " + name_of(v.dtype) + " where " + as + " has " +
             name_of(as_dtype) + ": it must have that" +
             (as_dtype == DType::kBF16 || as_dtype == DType::kF16 ? ", or f32." : ".");
    });
  }

  bool same_parameters(const ConstVectorView& weight, const ConstVectorView& bias) {
    if (weight.data == nullptr || bias.data == nullptr) return true;
    return same_dtype("bias", bias.dtype, "weight", weight.dtype);
  }

  bool statistic(const char* name, const void* data, DType rows_dtype, bool required) {
    const DType dtype = dtype_of_statistics(rows_dtype);
    if (data == nullptr && required) {
      return invalid([=] {
        return std::string(name) +
               " is missing: the backward needs the statistics that the forward saved.";
      });
    }
    return data == nullptr || present(name, data, dtype);
  }

  bool workspace(const void* workspace, size_t bytes, size_t needed) {
    if (workspace == nullptr || bytes < needed) {
      return invalid([=] {
        return "workspace must have " + std::to_string(needed) + " bytes but has " +
               std::to_string(workspace == nullptr ? 0 : bytes) +
               ": ask norm_backward_workspace_size with the same executor.";
      });
    }
    if (reinterpret_cast<uintptr_t>(workspace) % kWorkspaceAlignment != 0) {
      return invalid([=] { return "workspace must be aligned to 64 bytes but is not."; });
    }
    return true;
  }

  bool apart(const Named& output, const Named& other,
             const char* remedy = "give it its own memory") {
    if (!overlap(output.bytes, other.bytes)) return true;
    return invalid([=] {
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
    return invalid([=] {
      return std::string(name) + " must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has " +
             std::to_string(static_cast<int32_t>(dtype)) + ".";
    });
  }

  bool same_dtype(const char* name, DType dtype, const char* as, DType as_dtype) {
    if (dtype == as_dtype) return true;
    return unsupported([=] {
      return std::string(name) + " has dtype " + name_of(dtype) + " where " + as + " has " +
             name_of(as_dtype) + ": they must be the same, convert one of them.";
    });
  }

  bool present(const char* name, const void* data, DType dtype) {
    if (data == nullptr) return invalid([=] { return std::string(name) + " must not be null."; });
    if ((reinterpret_cast<uintptr_t>(data) & (size_of(dtype) - 1)) != 0) {
      return invalid([=] {
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

// Whether an output may overlap an input or another output, judged by hulls alone.
template <size_t kOutputs, size_t kInputs>
bool any_near(const std::array<ByteHull, kOutputs>& outputs,
              const std::array<ByteHull, kInputs>& inputs) {
  bool near = false;  // without a branch a pair
  for (size_t o = 0; o < kOutputs; ++o) {
    for (const ByteHull& input : inputs) near |= overlap(outputs[o], input);
    for (size_t p = 0; p < o; ++p) near |= overlap(outputs[o], outputs[p]);
  }
  return near;
}

// Every output apart from every input and every other output; in_place: but for the first output
// and the first input, which are one.
template <size_t kOutputs, size_t kInputs>
bool outputs_apart(Checker& check, const std::array<Named, kOutputs>& outputs,
                   const std::array<Named, kInputs>& inputs, bool in_place, const char* remedy) {
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

template <class Make>
auto outputs_of(const NormForward& args, const Make& make) {
  const Statistics& s = args.statistics;
  const ConstRowsView y = args.y;
  const DType dtype = dtype_of_statistics(y.dtype);
  return std::array{make("y", y), make("mean_hi", s.mean_hi, dtype, y.rows),
                    make("mean_lo", s.mean_lo, dtype, y.rows), make("rstd", s.rstd, dtype, y.rows)};
}
template <class Make>
auto inputs_of(const NormForward& args, const Make& make) {
  const ConstRowsView& x = args.x;
  return std::array{make("x", x), make("weight", args.weight.data, args.weight.dtype, x.cols),
                    make("bias", args.bias.data, args.bias.dtype, x.cols)};
}

template <class Make>
auto outputs_of(const NormBackward& args, const Make& make) {
  const ConstRowsView dx = args.dx, &dy = args.dy;
  return std::array{make("dx", dx), make("dweight", args.dweight.data, args.dweight.dtype, dy.cols),
                    make("dbias", args.dbias.data, args.dbias.dtype, dy.cols)};
}
template <class Make>
auto inputs_of(const NormBackward& args, const Make& make) {
  const ConstStatistics& s = args.statistics;
  const ConstRowsView& dy = args.dy;
  const bool with_x = needs_x(args);
  const int64_t stats = with_x ? dy.rows : 0;
  const DType dtype = dtype_of_statistics(dy.dtype);
  return std::array{make("dy", dy),
                    make("x", with_x ? args.x : ConstRowsView()),
                    make("weight", args.weight.data, args.weight.dtype, dy.cols),
                    make("mean_hi", s.mean_hi, dtype, stats),
                    make("mean_lo", s.mean_lo, dtype, stats),
                    make("rstd", s.rstd, dtype, stats)};
}

// first_in, first_out: what may be one.
template <class Args>
bool memory_is_apart(Checker& check, const Args& args, const ConstRowsView& first_in,
                     const ConstRowsView& first_out, const char* remedy) {
  const bool one = in_place(first_in, first_out);
  if (!one && !any_near(outputs_of(args, MakeHull()), inputs_of(args, MakeHull()))) return true;
  return outputs_apart(check, outputs_of(args, MakeNamed()), inputs_of(args, MakeNamed()), one,
                       remedy);
}

bool forward_is_valid(Checker& check, const NormSpec& spec, const NormForward& args) {
  const Statistics& s = args.statistics;
  const ConstRowsView &x = args.x, y = args.y;
  const bool each_is_valid = check.spec(spec) && check.rows("x", x) && check.output_rows("y", y) &&
                             check.same_shape("y", y, "x", x) &&
                             check.vector("weight", args.weight, "x", x.dtype, x.cols) &&
                             check.vector("bias", args.bias, "x", x.dtype, x.cols) &&
                             check.same_parameters(args.weight, args.bias) &&
                             check.statistic("mean_hi", s.mean_hi, x.dtype, false) &&
                             check.statistic("mean_lo", s.mean_lo, x.dtype, false) &&
                             check.statistic("rstd", s.rstd, x.dtype, false);
  if (!each_is_valid) return false;
  return memory_is_apart(check, args, x, y,
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
  const ConstRowsView &dy = args.dy, dx = args.dx;
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
  return memory_is_apart(check, args, dy, dx,
                         "give it its own memory, or dy's own data and stride for in-place");
}

bool workspace_is_valid(Checker& check, const NormBackward& args, const void* workspace,
                        size_t bytes, size_t needed) {
  if (!check.workspace(workspace, bytes, needed)) return false;
  // All of it may be written, not the least alone. No memory is as long as the cap, which keeps the
  // end of the workspace a number.
  const auto width = static_cast<int64_t>(std::min(bytes, size_t{1} << 62));
  const Named scratch{"workspace", {reinterpret_cast<int64_t>(workspace), width, 1, 0}};
  for (const Named& other : inputs_of(args, MakeNamed())) {
    if (!check.apart(scratch, other)) return false;
  }
  for (const Named& other : outputs_of(args, MakeNamed())) {
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

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The rules of one argument or of two, for checks.cc, which says what belongs to which call.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "base/status.h"
#include "core/norm_spec.h"
#include "core/plan/overlap.h"

namespace norma {

inline constexpr size_t kWorkspaceAlignment = 64;

struct Named {
  const char* name;
  ByteRows bytes;
  ConstRowsView rows;  // of a matrix
};

// Each check says whether its rule is kept; the first that is not leaves its message, which says
// who complains: "[layer_norm] " or "[layer_norm_backward] ". One Status a call, not one a rule: on
// a short row the rules would take longer than the norm.
class Checker {
 public:
  // name and suffix: "dyt" and "_backward".
  Checker(const char* name, const char* suffix) : name_(name), suffix_(suffix) {}
  Checker(const NormSpec& spec, const char* suffix) : Checker(name_of(spec.kind), suffix) {}

  Status status() && { return std::move(status_); }

  // A rule that one function alone has; text() says it, and what breaks it.
  template <class Text>
  bool rule(bool is_kept, const Text& text) {
    return is_kept || invalid(text);
  }

  bool spec(const NormSpec& spec) {
    if (spec.kind < NormKind::kLayerNorm || spec.kind > NormKind::kCrmsNorm) {
      status_ = invalid_argument(
          "[norm] kind must be 0 (layer_norm), 1 (rms_norm), 2 (l2_norm) or 3 (crms_norm) but is " +
          std::to_string(static_cast<int32_t>(spec.kind)) + ".");
      return false;
    }
    if (!std::isfinite(spec.eps) || spec.eps < 0) {
      char value[32];
      std::snprintf(value, sizeof value, "%g", spec.eps);
      return invalid(
          [=] { return std::string("eps must be finite and >= 0 but is ") + value + "."; });
    }
    if (spec.eps_mode < EpsMode::kDefault || spec.eps_mode > EpsMode::kInside) {
      return invalid([=] {
        return "eps_mode must be 0 (default), 1 (outside), 2 (clamp) or 3 (inside) but is " +
               std::to_string(static_cast<int32_t>(spec.eps_mode)) + ".";
      });
    }
    return true;
  }

  bool statistic_cols(const NormSpec& spec, int64_t cols) {
    const int64_t n = spec.statistic_cols;
    if (n == 0) return true;
    if (spec.kind != NormKind::kRmsNorm && spec.kind != NormKind::kL2Norm) {
      return invalid([=] {
        return "statistic_cols must be 0 but is " + std::to_string(n) +
               ": statistics of a part of the columns are RMSNorm's and the L2 norm's.";
      });
    }
    if (n >= 1 && n <= cols) return true;
    return invalid([=] {
      return "statistic_cols must be 0 or between 1 and cols=" + std::to_string(cols) + " but is " +
             std::to_string(n) + ".";
    });
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

  // A weight or its gradient, of which the L2 norm may have one for all columns.
  bool weight(NormKind kind, const char* name, const ConstVectorView& v, const char* as,
              DType as_dtype, int64_t cols) {
    if (kind != NormKind::kL2Norm || v.data == nullptr || v.size == cols) {
      return vector(name, v, as, as_dtype, cols);
    }
    if (v.size == 1) return vector(name, v, as, as_dtype, 1);
    return invalid([=] {
      return std::string(name) + " must have cols=" + std::to_string(cols) +
             " elements, or one, but has " + std::to_string(v.size) + ".";
    });
  }
  bool same_weights(const ConstVectorView& weight, const VectorView& dweight) {
    if (weight.data == nullptr || dweight.data == nullptr || weight.size == dweight.size) {
      return true;
    }
    return invalid([=] {
      return "dweight must have weight's size, " + std::to_string(weight.size) + ", but has " +
             std::to_string(dweight.size) + ".";
    });
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

  bool residual(const NormForward& args) {
    const ConstRowsView &r = args.residual, sum = args.sum;
    if (r.data == nullptr && sum.data == nullptr) return true;
    if (args.x.rows > 0 && args.x.cols > 0 && (r.data == nullptr || sum.data == nullptr)) {
      return missing_residual(r.data == nullptr);
    }
    return rows("residual", r) && same_shape("residual", r, "x", args.x) &&
           output_rows("sum", sum) && same_shape("sum", sum, "x", args.x) &&
           scale(args.residual_scale);
  }
  bool residual(const NormBackward& args) {
    const ConstRowsView &dsum = args.dsum, dresidual = args.dresidual;
    if (dsum.data == nullptr && dresidual.data == nullptr) return true;
    if (args.dx.data == nullptr) return missing_dx();
    if (dsum.data != nullptr && !(rows("dsum", dsum) && same_shape("dsum", dsum, "dy", args.dy))) {
      return false;
    }
    return dresidual.data == nullptr ||
           (output_rows("dresidual", dresidual) &&
            same_shape("dresidual", dresidual, "dy", args.dy) && scale(args.residual_scale));
  }

  bool same_parameters(const ConstVectorView& weight, const ConstVectorView& bias) {
    return same_type("bias", bias, "weight", weight);
  }
  // Of two vectors that are there.
  bool same_type(const char* name, const ConstVectorView& v, const char* as,
                 const ConstVectorView& w) {
    return v.data == nullptr || w.data == nullptr || same_dtype(name, v.dtype, as, w.dtype);
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

  // size_function: who says how large it must be.
  bool workspace(const void* workspace, size_t bytes, size_t needed,
                 const char* size_function = "norm_backward_workspace_size") {
    if (workspace == nullptr || bytes < needed) {
      return invalid([=] {
        return "workspace must have " + std::to_string(needed) + " bytes but has " +
               std::to_string(workspace == nullptr ? 0 : bytes) +
               ": ask " + size_function + " with the same executor.";
      });
    }
    if (reinterpret_cast<uintptr_t>(workspace) % kWorkspaceAlignment != 0) {
      return invalid([=] { return "workspace must be aligned to 64 bytes but is not."; });
    }
    return true;
  }

  bool f32_or_f64(const char* name, DType dtype) {
    if (dtype == DType::kF32 || dtype == DType::kF64) return true;
    return unsupported([=] {
      return std::string(name) + " must be f32 or f64 but is " + name_of(dtype) +
             ": convert it, 16-bit rows have no kernel here.";
    });
  }

  // in_place_of: the input whose memory it may have as a whole, or null.
  bool apart(const Named& output, const Named& other, const char* in_place_of) {
    if (!overlap(output.bytes, other.bytes)) return true;
    return invalid([=] {
      std::string text = std::string(output.name) + " must not overlap " + other.name +
                         ": give it its own memory";
      if (in_place_of != nullptr) {
        text += std::string(", or ") + in_place_of + "'s own data and stride for in-place";
      }
      return text + ".";
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

  std::string prefix() const { return std::string("[") + name_ + suffix_ + "] "; }

  static std::string shape(const ConstRowsView& v) {
    return std::string("[") + std::to_string(v.rows) + ", " + std::to_string(v.cols) + "]";
  }

  bool missing_residual(bool is_residual) {
    return invalid([=] {
      return std::string(is_residual ? "residual" : "sum") + " is missing: x + residual_scale * " +
             "residual needs the residual and memory for the sum.";
    });
  }
  bool missing_dx() {
    return invalid(
        [=] { return "dx is missing: dsum is added to it and dresidual is a share of it."; });
  }
  bool scale(float scale) {
    if (std::isfinite(scale) && scale != 0) return true;
    return invalid([=] {
      return "residual_scale must be finite and not 0 but is " + std::to_string(scale) + ".";
    });
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

  const char* name_;
  const char* suffix_;
  Status status_;
};

// Every output apart from every input and every other output, but for the first of each, which may
// be one.
template <size_t kOutputs, size_t kInputs>
bool apart_but_for_first(Checker& check, const std::array<Named, kOutputs>& outputs,
                         const std::array<Named, kInputs>& inputs) {
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t i = 0; i < kInputs; ++i) {
      if (o == 0 && i == 0 && in_place(inputs[0].rows, outputs[0].rows)) continue;
      if (!check.apart(outputs[o], inputs[i], o == 0 ? inputs[0].name : nullptr)) return false;
    }
    for (size_t p = 0; p < o; ++p) {
      if (!check.apart(outputs[o], outputs[p], nullptr)) return false;
    }
  }
  return true;
}

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The scalar specification of the row norm that a spec asks for.
#pragma once

#include "core/norm_spec.h"
#include "core/ref/crms_norm.h"
#include "core/ref/layer_norm.h"
#include "core/ref/rms_norm.h"

namespace norma::ref {

// REQUIRES, of both: arguments that the plan's checks accept.
inline void norm_forward(const NormSpec& spec, const NormForward& args) {
  switch (spec.kind) {
    case NormKind::kLayerNorm:
      return layer_norm_forward(spec, args);
    case NormKind::kRmsNorm:
    case NormKind::kL2Norm:
      return rms_norm_forward(spec, args);
    case NormKind::kCrmsNorm:
      return crms_norm_forward(spec, args);
  }
}

inline void norm_backward(const NormSpec& spec, const NormBackward& args) {
  switch (spec.kind) {
    case NormKind::kLayerNorm:
      return layer_norm_backward(spec, args);
    case NormKind::kRmsNorm:
    case NormKind::kL2Norm:
      return rms_norm_backward(spec, args);
    case NormKind::kCrmsNorm:
      return crms_norm_backward(spec, args);
  }
}

}  // namespace norma::ref

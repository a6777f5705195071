// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/implementations.h"

#include "core/cuda_norms.h"
#include "core/fp_environment.h"
#include "core/ref/layer_norm.h"
#include "core/ref/rms_norm.h"

namespace norma {
namespace {

size_t no_workspace(const NormSpec&, const NormBackward&, const Executor&) { return 0; }

void ref_forward(const NormSpec& spec, const NormForward& args, const Executor&) {
  const DefaultFpEnvironment environment;
  spec.kind == NormKind::kLayerNorm ? ref::layer_norm_forward(spec, args)
                                    : ref::rms_norm_forward(spec, args);
}

void ref_backward(const NormSpec& spec, const NormBackward& args, void*, size_t, const Executor&) {
  const DefaultFpEnvironment environment;
  spec.kind == NormKind::kLayerNorm ? ref::layer_norm_backward(args)
                                    : ref::rms_norm_backward(args);
}

const char* ref_refusal(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF64 ? nullptr : "takes f32 and f64 only";
}

constexpr Implementation kImplementations[] = {
    {[] { return "cuda"; }, [](DType) { return cuda::refusal(); }, nullptr, nullptr, nullptr},
    {[] { return "ref"; }, ref_refusal, ref_forward, no_workspace, ref_backward},
};

}  // namespace

std::span<const Implementation> implementations() { return kImplementations; }

}  // namespace norma

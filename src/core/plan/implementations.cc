// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/implementations.h"

#include "core/cpu/norms.h"
#include "core/cpu/targets.h"
#include "core/cuda_norms.h"
#include "core/fp_environment.h"
#include "core/ref/norms.h"

namespace norma {
namespace {

size_t no_workspace(const NormSpec&, const NormBackward&, const Executor&) { return 0; }

void ref_forward(const NormSpec& spec, const NormForward& args, const Executor&) {
  const DefaultFpEnvironment environment;
  ref::norm_forward(spec, args);
}

void ref_backward(const NormSpec& spec, const NormBackward& args, void*, size_t, const Executor&) {
  const DefaultFpEnvironment environment;
  ref::norm_backward(spec, args);
}

const char* ref_refusal(DType) { return nullptr; }

const char* cpu_name() {
  const cpu::Kernels* kernels = cpu::active_kernels();
  return kernels == nullptr ? "cpu" : kernels->plan_name;
}

const char* cpu_refusal(DType dtype) {
  if (cpu::active_kernels() == nullptr) return "this processor has none of the SIMD targets";
  return dtype == DType::kF64 ? "takes no f64" : nullptr;
}

void cpu_forward(const NormSpec& spec, const NormForward& args, const Executor& executor) {
  cpu::forward(*cpu::active_kernels(), spec, args, executor);
}

size_t cpu_workspace(const NormSpec& spec, const NormBackward& args, const Executor& executor) {
  return cpu::backward_workspace(spec, args, executor);
}

void cpu_backward(const NormSpec& spec, const NormBackward& args, void* workspace, size_t bytes,
                  const Executor& executor) {
  cpu::backward(*cpu::active_kernels(), spec, args, workspace, bytes, executor);
}

constexpr Implementation kImplementations[] = {
    {[] { return "cuda"; }, [](DType) { return cuda::refusal(); }, nullptr, nullptr, nullptr},
    {cpu_name, cpu_refusal, cpu_forward, cpu_workspace, cpu_backward},
    {[] { return "ref"; }, ref_refusal, ref_forward, no_workspace, ref_backward},
};

}  // namespace

std::span<const Implementation> implementations() { return kImplementations; }

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The one door to the kernels: checks the arguments, then takes the first row of a table of
// implementations (best first, reference last) that accepts them.
//
// Threads: every function may be called from several threads at once. Nothing is
// allocated in a forward call.
#pragma once

#include <cstddef>
#include <string>

#include "base/executor.h"
#include "base/status.h"
#include "core/norm_spec.h"

namespace norma {

Status norm_forward(const NormSpec& spec, const NormForward& args, const Executor& executor);

// Bytes of scratch that norm_backward needs for these arguments and this executor.
Status norm_backward_workspace_size(const NormSpec& spec, const NormBackward& args,
                                    const Executor& executor, size_t* bytes);

// REQUIRES: workspace is 64-byte aligned and has at least the bytes asked for above; null where
// that is 0.
Status norm_backward(const NormSpec& spec, const NormBackward& args, void* workspace,
                     size_t workspace_bytes, const Executor& executor);

// "layer_norm forward f32 [8, 64]: cpu:avx512 (4 lanes of ...)" and one line for each refusal with
// its reason.
std::string explain_forward(const NormSpec& spec, const NormForward& args);
std::string explain_backward(const NormSpec& spec, const NormBackward& args);

// The instruction set of the CPU kernels: "avx512"; "scalar" where only the reference is there;
// "none" where NORMA_TARGET asks for one that this machine lacks, so that every call is refused.
const char* cpu_target();

}  // namespace norma

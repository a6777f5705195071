// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/plan.h"

#include "core/cpu/targets.h"
#include "core/plan/checks.h"
#include "core/plan/implementations.h"
#include "core/plan/plain.h"

namespace norma {
namespace {

// The last of the table takes everything.
const Implementation& best_for(DType dtype) {
  const std::span<const Implementation> all = implementations();
  for (const Implementation& each : all) {
    if (each.refusal(dtype) == nullptr) return each;
  }
  return all.back();
}

// Whether there is a target: asked once more only where there is none.
Status target_is_there() {
  return cpu::active_kernels() != nullptr ? Status() : cpu::target_status();
}

std::string explain(const NormSpec& spec, const char* direction, const ConstRowsView& rows,
                    const Status& checks) {
  std::string text = std::string(name_of(spec.kind)) + " " + direction + " " + name_of(rows.dtype) +
                     " [" + std::to_string(rows.rows) + ", " + std::to_string(rows.cols) + "]: ";
  if (!checks.ok()) return text + "refused: " + checks.message();
  if (!cpu::target_status().ok()) return text + "refused: " + cpu::target_status().message();
  const Implementation& chosen = best_for(rows.dtype);
  text += chosen.name();
  for (const Implementation& each : implementations()) {
    if (&each == &chosen) break;
    text += std::string("\n  not ") + each.name() + ": " + each.refusal(rows.dtype);
  }
  return text;
}

}  // namespace

Status norm_forward(const NormSpec& spec, const NormForward& args, const Executor& executor) {
  if (!is_plain(spec, args)) NORMA_RETURN_IF_ERROR(check_forward(spec, args));
  NORMA_RETURN_IF_ERROR(target_is_there());
  best_for(args.x.dtype).forward(spec, args, executor);
  return Status();
}

Status norm_backward_workspace_size(const NormSpec& spec, const NormBackward& args,
                                    const Executor& executor, size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check_backward(spec, args));
  NORMA_RETURN_IF_ERROR(target_is_there());
  *bytes = best_for(args.dy.dtype).backward_workspace(spec, args, executor);
  return Status();
}

Status norm_backward(const NormSpec& spec, const NormBackward& args, void* workspace,
                     size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_backward(spec, args));
  NORMA_RETURN_IF_ERROR(target_is_there());
  const Implementation& chosen = best_for(args.dy.dtype);
  // An executor may have got more threads since the size was asked for; the least will do.
  const size_t least = chosen.backward_workspace(spec, args, serial_executor());
  NORMA_RETURN_IF_ERROR(check_workspace(spec, args, workspace, workspace_bytes, least));
  chosen.backward(spec, args, workspace, workspace_bytes, executor);
  return Status();
}

std::string explain_forward(const NormSpec& spec, const NormForward& args) {
  return explain(spec, "forward", args.x, check_forward(spec, args));
}

std::string explain_backward(const NormSpec& spec, const NormBackward& args) {
  return explain(spec, "backward", args.dy, check_backward(spec, args));
}

const char* cpu_target() {
  if (!cpu::target_status().ok()) return "none";
  const cpu::Kernels* kernels = cpu::active_kernels();
  return kernels == nullptr ? "scalar" : kernels->name;
}

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Compiled without the kernels' flags: this code asks the processor whether those may run.
#include "core/cpu/targets.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <array>
#include <cstdlib>

#include "core/cpu/cost.h"
#include "core/cpu/fused_kernels.h"
#include "core/cpu/norm_tables.h"

namespace norma::cpu {
namespace {

struct TargetTraits {
  Target target;
  const char* name;
  const char* plan_name;
  int lanes;
};

// Best first.
constexpr TargetTraits kAllTargets[] = {
    {Target::kAvx512Bf16, "avx512_bf16", "cpu:avx512_bf16", 16},
    {Target::kAvx512, "avx512", "cpu:avx512", 16},
    {Target::kAvx2, "avx2", "cpu:avx2", 8},
    {Target::kSse4, "sse4", "cpu:sse4", 4},
    {Target::kNeon, "neon", "cpu:neon", 4},
};

#if defined(__x86_64__)
// Not by the builtin: clang 14 does not know the name.
bool processor_has_f16c() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#endif

// Every extension that Highway lets the compiler use in the target's code.
bool processor_has(Target target) {
#if defined(__x86_64__)
  const bool sse4 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("aes") &&
                    __builtin_cpu_supports("pclmul");
  const bool avx2 = sse4 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                    processor_has_f16c();
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw");
  switch (target) {
    case Target::kSse4:
      return sse4;
    case Target::kAvx2:
      return avx2;
    case Target::kAvx512:
      return avx512;
    case Target::kAvx512Bf16:
      return avx512 && __builtin_cpu_supports("avx512bf16");
    case Target::kNeon:
      return false;
  }
  return false;
#else
  return target == Target::kNeon;
#endif
}

class Registry {
 public:
  Registry() {
    set_fetch_into_l1();
    for (const TargetTraits& traits : kAllTargets) {
      Kernels& k = all_[static_cast<size_t>(count_)];
      k.name = traits.name;
      k.plan_name = traits.plan_name;
      k.lanes = traits.lanes;
      FusedKernels& fused = fused_[static_cast<size_t>(count_)];
      k.fused = &fused;
      const Target target = traits.target;
      if (processor_has(target) && layer_norm_kernels(target, &k.layer_norm[0]) &&
          layer_norm_bf16_kernels(target, &k.layer_norm[1]) &&
          layer_norm_f16_kernels(target, &k.layer_norm[2]) &&
          rms_norm_kernels(target, &k.rms_norm[0]) &&
          rms_norm_bf16_kernels(target, &k.rms_norm[1]) &&
          rms_norm_f16_kernels(target, &k.rms_norm[2]) &&
          crms_norm_kernels(target, &k.crms_norm[0]) &&
          crms_norm_bf16_kernels(target, &k.crms_norm[1]) &&
          crms_norm_f16_kernels(target, &k.crms_norm[2]) && column_kernels(target, &k.columns) &&
          parameter_kernels(target, &k.parameters) && residual_kernels(target, &k.residual) &&
          group_norm_kernels(target, &k.group_norm) && batch_norm_kernels(target, &k.batch_norm) &&
          dyt_kernels(target, &k.dyt) && derf_kernels(target, &k.derf) &&
          lstm_kernels(target, &k.lstm) && gate_kernels(target, &fused.gate) &&
          rope_kernels(target, &fused.rope) && quant_kernels(target, &fused.quant) &&
          seed_norm_kernels(target, &fused.seed_norm)) {
        ++count_;
      }
    }
    const char* wanted = std::getenv("NORMA_TARGET");
    const bool any = wanted == nullptr || *wanted == '\0';
    const Kernels* found = any ? (count_ > 0 ? &all_[0] : nullptr) : find(wanted);
    if (!any && found == nullptr) status_ = unknown("NORMA_TARGET=", wanted);
    internal::active.store(found, std::memory_order_release);
  }

  const Kernels* find(std::string_view name) const {
    for (int i = 0; i < count_; ++i) {
      if (name == all_[static_cast<size_t>(i)].name) return &all_[static_cast<size_t>(i)];
    }
    return nullptr;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (int i = 0; i < count_; ++i) names.push_back(all_[static_cast<size_t>(i)].name);
    return names;
  }

  Status unknown(const char* who, std::string_view name) const {
    bool exists = false;
    for (const TargetTraits& traits : kAllTargets) exists = exists || name == traits.name;
    std::string here;
    for (const std::string& each : names()) here += (here.empty() ? "" : ", ") + each;
    return invalid_argument(who + std::string(name) +
                            (exists ? ": this machine has no such SIMD target"
                                    : " is not a SIMD target that Norma knows") +
                            "; use one of " + (here.empty() ? "none" : here) +
                            ", or leave it out.");
  }

  Status status_;

 private:
  std::array<Kernels, kTargets> all_{};
  std::array<FusedKernels, kTargets> fused_{};
  int count_ = 0;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

namespace internal {

constinit std::atomic<const Kernels*> active{nullptr};

const Kernels* find_active() {
  registry();
  return active.load(std::memory_order_acquire);
}

}  // namespace internal

const Status& target_status() { return registry().status_; }

std::vector<std::string> available_targets() { return registry().names(); }

Status force_target(std::string_view name) {
  const Kernels* kernels = registry().find(name);
  if (kernels == nullptr) return registry().unknown("target ", name);
  internal::active.store(kernels, std::memory_order_release);
  registry().status_ = Status();
  return Status();
}

}  // namespace norma::cpu

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/lstm.h"

#include <initializer_list>
#include <limits>
#include <span>
#include <utility>

#include "core/cpu/kernels.h"
#include "core/cpu/targets.h"
#include "core/fp_environment.h"
#include "core/plan/checker.h"
#include "core/plan/overlap.h"
#include "core/ref/lstm.h"

namespace norma {
namespace {

constexpr const char* kFourOf = "four of its states side by side";

struct Input {
  const char* name;
  ConstRowsView rows;
};
struct Output {
  const char* name;
  RowsView rows;
  const char* may_be[2];  // names of inputs; null: none
};

// States are [rows, units], matrices of gates four times as wide.
ConstRowsView gates_like(const ConstRowsView& state) {
  ConstRowsView wide = state;
  if (__builtin_mul_overflow(state.cols, kLstmGates, &wide.cols)) {
    wide.cols = std::numeric_limits<int64_t>::max();
  }
  return wide;
}

bool same_rows(const ConstRowsView& a, const ConstRowsView& b) {
  return a.data == b.data && (a.stride == b.stride || a.rows <= 1);
}

// What is known of one call: the first state settles type and shape.
class Call {
 public:
  Call(const char* name, const char* suffix, const char* state_name, const ConstRowsView& state)
      : check_(name, suffix), state_name_(state_name), state_(state) {
    ok_ = check_.rows(state_name, state) && check_.f32_or_f64(state_name, state.dtype);
  }

  void state(const char* name, const ConstRowsView& v) {
    ok_ = ok_ && check_.rows(name, v) && check_.same_shape(name, v, state_name_, state_);
  }
  void gates(const char* name, const ConstRowsView& v) {
    ok_ = ok_ && check_.rows(name, v) && check_.same_shape(name, v, kFourOf, gates_like(state_));
  }
  void bias(const ConstVectorView& v) {
    ok_ = ok_ && check_.vector("bias", v, state_name_, state_.dtype, gates_like(state_).cols);
  }
  void apart(std::span<const Output> outputs, std::initializer_list<Input> inputs,
             const ConstVectorView& bias = {}) {
    for (const Output& o : outputs) {
      ok_ = ok_ && check_.output_rows(o.name, o.rows);
      const Named output{o.name, bytes_of(o.rows), o.rows};
      for (const Input& i : inputs) {
        const bool may = i.name == o.may_be[0] || i.name == o.may_be[1];
        if (!ok_ || (may && same_rows(i.rows, o.rows))) continue;
        ok_ = check_.apart(output, {i.name, bytes_of(i.rows), i.rows}, o.may_be[0]);
      }
      const Named vector{"bias", bytes_of(bias.data, bias.dtype, bias.size), {}};
      ok_ = ok_ && check_.apart(output, vector, nullptr);
      for (const Output& p : outputs) {
        if (&p == &o) break;
        ok_ = ok_ && check_.apart(output, {p.name, bytes_of(p.rows), p.rows}, nullptr);
      }
    }
  }

  template <class Args>
  Status run(const Args& args, void (*cpu::LstmKernels::*kernel)(const Args&, cpu::Range),
             void (*reference)(const Args&)) && {
    Status status = std::move(check_).status();
    NORMA_RETURN_IF_ERROR(status);
    NORMA_RETURN_IF_ERROR(cpu::target_status());
    const DefaultFpEnvironment environment;
    const cpu::Kernels* kernels = cpu::active_kernels();
    if (state_.dtype == DType::kF64 || kernels == nullptr) {
      reference(args);
    } else if (state_.cols > 0) {
      (kernels->lstm.*kernel)(args, {0, state_.rows});
    }
    return Status();
  }

 private:
  Checker check_;
  const char* state_name_;
  const ConstRowsView state_;
  bool ok_;
};

constexpr const char *kX = "x", *kH = "h", *kC = "c", *kU = "u", *kT = "t", *kGates = "gates",
                     *kDy = "dy", *kDyLater = "dy_later", *kDc = "dc", *kDcLater = "dc_later";

}  // namespace

Status lstm_gates_forward(const LstmGatesForward& args) {
  Call call("lstm_gates", "", kC, args.c);
  call.gates(kX, args.x);
  if (args.h.data != nullptr) call.gates(kH, args.h);
  call.bias(args.bias);
  call.gates(kGates, args.gates);
  call.state("c_next", args.c_next);
  const Output outputs[] = {{kGates, args.gates, {kX, kH}}, {"c_next", args.c_next, {kC, nullptr}}};
  call.apart(outputs, {{kX, args.x}, {kH, args.h}, {kC, args.c}}, args.bias);
  return std::move(call).run(args, &cpu::LstmKernels::gates_forward, ref::lstm_gates_forward);
}

Status lstm_output_forward(const LstmOutputForward& args) {
  Call call("lstm_output", "", kU, args.u);
  call.gates(kGates, args.gates);
  call.state(kT, args.t);
  call.state("y", args.y);
  const Output outputs[] = {{kT, args.t, {kU, nullptr}}, {"y", args.y, {nullptr, nullptr}}};
  call.apart(outputs, {{kGates, args.gates}, {kU, args.u}});
  return std::move(call).run(args, &cpu::LstmKernels::output_forward, ref::lstm_output_forward);
}

Status lstm_output_backward(const LstmOutputBackward& args) {
  Call call("lstm_output", "_backward", kT, args.t);
  call.gates(kGates, args.gates);
  call.state(kDy, args.dy);
  if (args.dy_later.data != nullptr) call.state(kDyLater, args.dy_later);
  call.gates("dgates", args.dgates);
  call.state("du", args.du);
  const Output outputs[] = {{"dgates", args.dgates, {nullptr, nullptr}},
                            {"du", args.du, {kDy, kDyLater}}};
  call.apart(outputs,
             {{kGates, args.gates}, {kT, args.t}, {kDy, args.dy}, {kDyLater, args.dy_later}});
  return std::move(call).run(args, &cpu::LstmKernels::output_backward, ref::lstm_output_backward);
}

Status lstm_gates_backward(const LstmGatesBackward& args) {
  Call call("lstm_gates", "_backward", kC, args.c);
  call.gates(kGates, args.gates);
  call.state(kDc, args.dc);
  if (args.dc_later.data != nullptr) call.state(kDcLater, args.dc_later);
  call.gates("dgates", args.dgates);
  call.state("dc_before", args.dc_before);
  const Output outputs[] = {{"dgates", args.dgates, {nullptr, nullptr}},
                            {"dc_before", args.dc_before, {kDc, kDcLater}}};
  call.apart(outputs,
             {{kGates, args.gates}, {kC, args.c}, {kDc, args.dc}, {kDcLater, args.dc_later}});
  return std::move(call).run(args, &cpu::LstmKernels::gates_backward, ref::lstm_gates_backward);
}

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/checks.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "core/plan/checker.h"
#include "core/plan/overlap.h"

namespace norma {
namespace {

// What the operands below are made into: hulls first, which most calls end with, and names and
// bytes where two hulls meet.
struct MakeHull {
  template <class... Memory>
  ByteHull operator()(const char*, const Memory&... memory) const {
    return hull_of(memory...);
  }
};
struct MakeNamed {
  Named operator()(const char* name, const ConstRowsView& rows) const {
    return {name, bytes_of(rows), rows};
  }
  Named operator()(const char* name, const void* data, DType dtype, int64_t size) const {
    return {name, bytes_of(data, dtype, size), {}};
  }
};

// Whether one of the first outputs may overlap one of the first inputs or another of them, judged
// by hulls alone. Without a branch a pair, and with numbers that the compiler knows: of a short row
// this is a fifth of the time.
template <size_t kOutputs, size_t kInputs>
bool any_near(const ByteHull* outputs, const ByteHull* inputs) {
  bool near = false;
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t i = 0; i < kInputs; ++i) near |= overlap(outputs[o], inputs[i]);
    for (size_t p = 0; p < o; ++p) near |= overlap(outputs[o], outputs[p]);
  }
  return near;
}

// Every output apart from every input and every other output. may_share(o, i): whether output o
// may be input i itself, the same data and stride.
template <size_t kOutputs, size_t kInputs, class MayShare>
bool outputs_apart(Checker& check, const std::array<Named, kOutputs>& outputs,
                   const std::array<Named, kInputs>& inputs, const MayShare& may_share) {
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t i = 0; i < kInputs; ++i) {
      if (may_share(o, i) && in_place(inputs[i].rows, outputs[o].rows)) continue;
      if (!check.apart(outputs[o], inputs[i], may_share(o, 0) ? inputs[0].name : nullptr)) {
        return false;
      }
    }
    for (size_t p = 0; p < o; ++p) {
      if (!check.apart(outputs[o], outputs[p], nullptr)) return false;
    }
  }
  return true;
}

template <class Make>
auto outputs_of(const NormForward& args, const Make& make) {
  const Statistics& s = args.statistics;
  const ConstRowsView y = args.y, sum = args.sum;
  const int64_t rows = args.x.rows;
  const DType dtype = dtype_of_statistics(args.x.dtype);
  return std::array{make("y", y), make("mean_hi", s.mean_hi, dtype, rows),
                    make("mean_lo", s.mean_lo, dtype, rows), make("rstd", s.rstd, dtype, rows),
                    make("sum", sum)};
}
template <class Make>
auto inputs_of(const NormForward& args, const Make& make) {
  const ConstRowsView& x = args.x;
  return std::array{
      make("x", x), make("weight", args.weight.data, args.weight.dtype, args.weight.size),
      make("bias", args.bias.data, args.bias.dtype, x.cols), make("residual", args.residual)};
}
// y and sum may each be x or the residual; not both the same, as they are apart from each other.
bool may_share(const NormForward&, size_t output, size_t input) {
  return (output == 0 || output == 4) && (input == 0 || input == 3);
}
bool has_residual(const NormForward& args) {
  return args.residual.data != nullptr || args.sum.data != nullptr;
}

template <class Make>
auto outputs_of(const NormBackward& args, const Make& make) {
  const ConstRowsView dx = args.dx, dresidual = args.dresidual;
  const int64_t cols = args.dy.cols;
  return std::array{
      make("dx", dx), make("dweight", args.dweight.data, args.dweight.dtype, args.dweight.size),
      make("dbias", args.dbias.data, args.dbias.dtype, cols), make("dresidual", dresidual)};
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
                    make("weight", args.weight.data, args.weight.dtype, args.weight.size),
                    make("mean_hi", s.mean_hi, dtype, stats),
                    make("mean_lo", s.mean_lo, dtype, stats),
                    make("rstd", s.rstd, dtype, stats),
                    make("dsum", args.dsum)};
}
bool may_share(const NormBackward&, size_t output, size_t input) {
  return output == 0 && input == 0;
}
bool has_residual(const NormBackward& args) {
  return args.dsum.data != nullptr || args.dresidual.data != nullptr;
}

template <class Args>
bool memory_is_apart(Checker& check, const Args& args) {
  const auto outputs = outputs_of(args, MakeHull());
  const auto inputs = inputs_of(args, MakeHull());
  constexpr size_t kOutputs = outputs.size(), kInputs = inputs.size();
  // What belongs to the residual comes last, and most calls have none.
  if (!(has_residual(args) ? any_near<kOutputs, kInputs>(outputs.data(), inputs.data())
                           : any_near<kOutputs - 1, kInputs - 1>(outputs.data(), inputs.data()))) {
    return true;
  }
  return outputs_apart(check, outputs_of(args, MakeNamed()), inputs_of(args, MakeNamed()),
                       [&](size_t o, size_t i) { return may_share(args, o, i); });
}

template <class Args>
bool extras_are_apart(Checker& check, const Args& args, std::span<const Named> inputs,
                      std::span<const Named> outputs) {
  const auto norms_outputs = outputs_of(args, MakeNamed());
  const auto apart = [&](const Named& output, std::span<const Named> others) {
    return std::all_of(others.begin(), others.end(), [&](const Named& other) {
      return &other == &output || check.apart(output, other, nullptr);
    });
  };
  for (const Named& output : norms_outputs) {
    if (!apart(output, inputs)) return false;
  }
  for (const Named& output : outputs) {
    if (!apart(output, norms_outputs) || !apart(output, inputs_of(args, MakeNamed())) ||
        !apart(output, inputs) || !apart(output, outputs)) {
      return false;
    }
  }
  return true;
}

bool forward_is_valid(Checker& check, const NormSpec& spec, const NormForward& args,
                      bool with_y = true) {
  const Statistics& s = args.statistics;
  const ConstRowsView &x = args.x, y = args.y;
  const bool each_is_valid = check.spec(spec) && check.rows("x", x) &&
                             (!with_y || check.output_rows("y", y)) &&
                             check.statistic_cols(spec, x.cols) &&
                             (!with_y || check.same_shape("y", y, "x", x)) &&
                             check.residual(args) &&
                             check.weight(spec.kind, "weight", args.weight, "x", x.dtype, x.cols) &&
                             check.vector("bias", args.bias, "x", x.dtype, x.cols) &&
                             check.same_parameters(args.weight, args.bias) &&
                             check.statistic("mean_hi", s.mean_hi, x.dtype, false) &&
                             check.statistic("mean_lo", s.mean_lo, x.dtype, false) &&
                             check.statistic("rstd", s.rstd, x.dtype, false);
  if (!each_is_valid) return false;
  return memory_is_apart(check, args);
}

bool backward_inputs_are_valid(Checker& check, const NormSpec& spec, const NormBackward& args) {
  const ConstStatistics& s = args.statistics;
  const ConstRowsView &x = args.x, &dy = args.dy;
  if (!check.spec(spec) || !check.rows("dy", dy) || !check.statistic_cols(spec, dy.cols)) {
    return false;
  }
  if (!needs_x(args)) return true;
  const bool any = dy.rows > 0;
  return check.rows("x", x) && check.same_shape("x", x, "dy", dy) &&
         check.statistic("mean_hi", s.mean_hi, dy.dtype, any && saves_mean_hi(spec.kind)) &&
         check.statistic("mean_lo", s.mean_lo, dy.dtype, any && saves_mean_lo(spec.kind)) &&
         check.statistic("rstd", s.rstd, dy.dtype, any);
}

bool backward_is_valid(Checker& check, const NormSpec& spec, const NormBackward& args) {
  const ConstRowsView &dy = args.dy, dx = args.dx;
  const VectorView &dw = args.dweight, &db = args.dbias;
  if (!backward_inputs_are_valid(check, spec, args)) return false;
  if (dx.data != nullptr) {
    if (!check.output_rows("dx", dx) || !check.same_shape("dx", dx, "dy", dy)) return false;
  }
  if (!check.residual(args)) return false;
  if (!check.weight(spec.kind, "weight", args.weight, "dy", dy.dtype, dy.cols) ||
      !check.weight(spec.kind, "dweight", {dw.data, dw.dtype, dw.size}, "dy", dy.dtype, dy.cols) ||
      !check.same_weights(args.weight, dw) ||
      !check.vector("dbias", {db.data, db.dtype, db.size}, "dy", dy.dtype, dy.cols)) {
    return false;
  }
  return memory_is_apart(check, args);
}

bool workspace_is_valid(Checker& check, const NormBackward& args, const void* workspace,
                        size_t bytes, size_t needed) {
  if (!check.workspace(workspace, bytes, needed)) return false;
  // All of it may be written, not the least alone. No memory is as long as the cap, which keeps the
  // end of the workspace a number.
  const auto width = static_cast<int64_t>(std::min(bytes, size_t{1} << 62));
  const Named scratch{"workspace", {reinterpret_cast<int64_t>(workspace), width, 1, 0}, {}};
  for (const Named& other : inputs_of(args, MakeNamed())) {
    if (!check.apart(scratch, other, nullptr)) return false;
  }
  for (const Named& other : outputs_of(args, MakeNamed())) {
    if (!check.apart(scratch, other, nullptr)) return false;
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

Status check_forward_without_y(const NormSpec& spec, const NormForward& args) {
  Checker check(spec, "");
  if (check.rule(args.y.data == nullptr,
                 [] { return std::string("y must be absent: it is not stored."); })) {
    forward_is_valid(check, spec, args, false);
  }
  return std::move(check).status();
}

bool extras_apart(Checker& check, const NormForward& args, std::span<const Named> inputs,
                  std::span<const Named> outputs) {
  return extras_are_apart(check, args, inputs, outputs);
}
bool extras_apart(Checker& check, const NormBackward& args, std::span<const Named> inputs,
                  std::span<const Named> outputs) {
  return extras_are_apart(check, args, inputs, outputs);
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

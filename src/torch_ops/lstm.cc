// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/lstm.h"

#include <algorithm>

#include "core/lstm.h"
#include "torch_ops/lstm_pass.h"
#include "torch_ops/views.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr const char* kName = "lstm";

// In the order of the function's inputs, after x, h and c.
template <class Parameters, class Visit>
void visit_parameters(Parameters& p, const Visit& visit) {
  visit("weight", p.weight_GH);
  visit("bias", p.bias_G);
  visit("the weight of x's norm", p.x.weight);
  visit("the bias of x's norm", p.x.bias);
  visit("the weight of h's norm", p.h.weight);
  visit("the bias of h's norm", p.h.bias);
  visit("the weight of c's norm", p.c.weight);
  visit("the bias of c's norm", p.c.bias);
}

constexpr size_t kInputs = 11;  // x, h, c and visit_parameters()'s

// What the graph carries between the passes beside tensors: the kinds of the norms, and which
// inputs there are, for a graph knows no absent ones.
struct Specs : torch::CustomClassHolder {
  NormSpec x, h, c;
  bool present[kInputs] = {};
};

struct LstmFunction : torch::autograd::Function<LstmFunction> {
  // inputs: those that are present.
  static variable_list forward(AutogradContext* ctx, at::TensorList given,
                               const c10::intrusive_ptr<Specs>& specs) {
    const variable_list inputs = all_inputs(given, *specs);
    const LstmParameters p = parameters_of(at::TensorList(inputs).slice(3), *specs);
    LstmKept kept;
    const LstmOutput out = lstm_forward(inputs[0], inputs[1], inputs[2], p, &kept);
    variable_list saved(inputs.begin() + 1, inputs.end());
    for (Tensor* t : tensors_of(kept)) saved.push_back(*t);
    saved.push_back(out.h_TBH);
    ctx->save_for_backward(saved);
    ctx->saved_data["specs"] = c10::IValue::make_capsule(specs);
    ctx->set_materialize_grads(false);
    return {out.h_TBH, out.c_BH};
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const auto specs =
        c10::static_intrusive_pointer_cast<Specs>(ctx->saved_data["specs"].toCapsule());
    const LstmParameters p = parameters_of(at::TensorList(saved).slice(2, kParameters), *specs);
    LstmKept kept;
    auto next = saved.begin() + 2 + kParameters;
    for (Tensor* t : tensors_of(kept)) *t = *next++;
    LstmGradients g;
    {
      const torch::NoGradGuard no_grad;
      bool weights = false;
      size_t input = 0;
      for (size_t i = 0; i < kInputs; ++i) {
        if (specs->present[i] && ctx->needs_input_grad(input++) && i >= 3) weights = true;
      }
      g = lstm_backward(p, kept, *next, saved[0], gradients[0], gradients[1], weights);
    }
    const Tensor all[kInputs] = {g.x_TBG,  g.h_BH,     g.c_BH,   g.weight_GH, g.bias_G, g.weight_x,
                                 g.bias_x, g.weight_h, g.bias_h, g.weight_c,  g.bias_c};
    variable_list result;
    for (size_t i = 0; i < kInputs; ++i) {
      if (!specs->present[i]) continue;
      result.push_back(ctx->needs_input_grad(result.size()) ? all[i] : Tensor());
    }
    if (torch::GradMode::is_enabled()) {
      variable_list sources;
      for (const Tensor& t : gradients) if (t.defined()) sources.push_back(t);
      for (const Tensor& t : saved) if (t.defined()) sources.push_back(t);
      for (Tensor& t : result) if (t.defined()) t = first_derivative_only(t, kName, sources);
    }
    result.emplace_back();  // of the specs
    return result;
  }

 private:
  static constexpr size_t kParameters = kInputs - 3;

  static variable_list all_inputs(at::TensorList present, const Specs& specs) {
    variable_list all;
    for (size_t i = 0, k = 0; i < kInputs; ++i) {
      all.push_back(specs.present[i] ? present[k++] : Tensor());
    }
    return all;
  }

  static LstmParameters parameters_of(at::TensorList tensors, const Specs& specs) {
    LstmParameters p;
    size_t i = 0;
    visit_parameters(p, [&](const char*, Tensor& t) { t = tensors[i++]; });
    p.x.spec = specs.x;
    p.h.spec = specs.h;
    p.c.spec = specs.c;
    return p;
  }

  static std::vector<Tensor*> tensors_of(LstmKept& k) {
    return {&k.x_TBG, &k.r_TBG,        &k.gates_TBG,    &k.c_TBH,
            &k.t_TBH, &k.statistics_x, &k.statistics_h, &k.statistics_c};
  }
};

void check_shape(const char* name, const Tensor& t, at::IntArrayRef shape, const Tensor& x) {
  check_memory(kName, name, t);
  TORCH_CHECK(t.sizes() == shape, "[lstm] ", name, " must be ", shape, " but is ", t.sizes(), ".");
  TORCH_CHECK(t.scalar_type() == x.scalar_type(), "[lstm] ", name, " must have x's type, ",
              x.scalar_type(), ", but has ", t.scalar_type(), ": convert one of them.");
}

void check(const Tensor& x, const Tensor& h, const Tensor& c, const LstmParameters& p) {
  check_memory(kName, "x", x);
  TORCH_CHECK(x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kFloat64,
              "[lstm] x must be f32 or f64 but is ", x.scalar_type(), ": convert it.");
  TORCH_CHECK(x.dim() == 3 && x.size(0) >= 1 && x.size(2) >= 1 && x.size(2) % kLstmGates == 0,
              "[lstm] x must be (T, B, 4 H), T and H at least 1, but is ", x.sizes(), ".");
  const int64_t batch = x.size(1), gates = x.size(2), units = gates / kLstmGates;
  check_shape("h", h, {batch, units}, x);
  check_shape("c", c, {batch, units}, x);
  check_shape("weight", p.weight_GH, {gates, units}, x);
  const LstmNorm* norms[] = {&p.x, &p.h, &p.c};
  for (const LstmNorm* norm : norms) {
    TORCH_CHECK(norm->spec.kind == NormKind::kLayerNorm || norm->spec.kind == NormKind::kRmsNorm,
                "[lstm] a norm must be layer_norm or rms_norm but is ", name_of(norm->spec.kind),
                ": compose the step of torch's operations.");
    TORCH_CHECK(norm->weight.defined() || !norm->bias.defined(),
                "[lstm] a norm with a bias must have a weight.");
  }
  visit_parameters(p, [&](const char* name, const Tensor& t) {
    if (!t.defined() || t.dim() == 2) return;
    const bool of_c = t.is_same(p.c.weight) || t.is_same(p.c.bias);
    check_shape(name, t, {of_c ? units : gates}, x);
  });
}

}  // namespace

LstmOutput lstm(const Tensor& x_TBG, const Tensor& h_BH, const Tensor& c_BH,
                const LstmParameters& parameters) {
  check(x_TBG, h_BH, c_BH, parameters);
  variable_list inputs{x_TBG.contiguous(), h_BH.contiguous(), c_BH.contiguous()};
  auto specs = c10::make_intrusive<Specs>();
  std::fill_n(specs->present, 3, true);
  size_t input = 3;
  LstmParameters dense = parameters;
  bool differentiable = wants_gradient(x_TBG) || wants_gradient(h_BH) || wants_gradient(c_BH);
  visit_parameters(dense, [&](const char*, Tensor& t) {
    specs->present[input++] = t.defined();
    if (!t.defined()) return;
    t = t.contiguous();
    inputs.push_back(t);
    differentiable |= wants_gradient(t);
  });
  if (!differentiable || !torch::GradMode::is_enabled()) {
    const torch::NoGradGuard no_grad;
    return lstm_forward(inputs[0], inputs[1], inputs[2], dense, nullptr);
  }
  specs->x = dense.x.spec;
  specs->h = dense.h.spec;
  specs->c = dense.c.spec;
  const variable_list out = LstmFunction::apply(at::TensorList(inputs), specs);
  return {out[0], out[1]};
}

}  // namespace norma::torch_ops

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/recurrent_cell.h"

#include <vector>

#include "models/norm.h"
#include "torch_ops/lstm.h"
#include "torch_ops/modules.h"

namespace norma::models {
namespace {

int64_t gates_of(CellKind kind) {
  return kind == CellKind::kLstm ? 4 : kind == CellKind::kGru ? 3 : 1;
}

constexpr const char* kLstmGates[] = {"f", "i", "o", "g"};

bool is_fused(const torch::nn::Module& norm) {
  return dynamic_cast<const torch_ops::LayerNormImpl*>(&norm) != nullptr ||
         dynamic_cast<const torch_ops::RMSNormImpl*>(&norm) != nullptr;
}

torch_ops::LstmNorm fused(const std::map<std::string, torch::nn::AnyModule>& norms,
                          const char* name) {
  const auto found = norms.find(name);
  if (found == norms.end()) return {};
  const auto module = found->second.ptr();
  if (const auto* norm = dynamic_cast<const torch_ops::LayerNormImpl*>(module.get())) {
    return {{NormKind::kLayerNorm, norm->options.eps()}, norm->weight, norm->bias};
  }
  const auto& norm = dynamic_cast<const torch_ops::RMSNormImpl&>(*module);
  NormSpec spec{NormKind::kRmsNorm, norm.options.eps().value()};
  spec.statistic_cols = norm.options.statistic_cols();
  return {spec, norm.weight, {}};
}

}  // namespace

RecurrentCell::RecurrentCell(const CellOptions& options) : options_(options) {
  const bool lstm = options.kind == CellKind::kLstm;
  const std::string& placement = options.placement;
  TORCH_CHECK(placement == "none" || placement == "gates" ||
                  (lstm && (placement == "per_gate" || placement == "cell")),
              "[recurrent] placement \"", placement, "\" is not one of this cell.");
  TORCH_CHECK(!options.peephole || (lstm && (placement == "none" || placement == "per_gate")),
              "[recurrent] peepholes are an LSTM's with placement none or per_gate.");
  TORCH_CHECK(options.projection == 0 || lstm, "[recurrent] a projection is an LSTM's.");
  const int64_t hidden = options.hidden, gates = gates_of(options.kind);
  const int64_t out = options.projection ? options.projection : hidden;
  x_ = register_module("x", std::make_shared<Linear>(options.input, gates * hidden, false));
  h_ = register_module("h", std::make_shared<Linear>(out, gates * hidden, false));
  bias_ = register_parameter("bias", torch::zeros({gates * hidden}));
  if (options.peephole) peephole_ = register_parameter("peephole", torch::zeros({3, hidden}));
  if (options.projection) {
    projection_ = register_module("projection", std::make_shared<Linear>(hidden, out, false));
  }

  const bool batch_norm = options.norm == "batchnorm" && placement != "none";
  TORCH_CHECK(!batch_norm || (lstm && placement == "gates"),
              "[recurrent] norm batchnorm is an LSTM's with placement gates.");
  const auto add = [&](const char* name, int64_t width) {
    if (batch_norm) {
      // The gates' bias is the shift of the two whose sum they take.
      norms_.emplace(name, torch::nn::AnyModule(std::make_shared<StepBatchNorm>(
                               width, options.positions, options.norm_eps, name[0] == 'c')));
      return;
    }
    norms_.emplace(name, make_norm(options.norm, width, options.norm_eps));
  };
  if (placement == "gates" && lstm) {
    add("x", 4 * hidden);
    add("h", 4 * hidden);
    add("c", hidden);
  } else if (placement == "gates" && options.kind == CellKind::kGru) {
    add("x", 2 * hidden);
    add("h", 2 * hidden);
    add("x_n", hidden);
    add("h_n", hidden);
  } else if (placement == "gates") {
    add("sum", hidden);
  } else if (placement == "per_gate") {
    for (const char* gate : kLstmGates) add(gate, hidden);
  } else if (placement == "cell") {
    add("c", hidden);
  }
}

CellState RecurrentCell::zero_state(int64_t batch, const torch::TensorOptions& type) const {
  const int64_t out = options_.projection ? options_.projection : options_.hidden;
  CellState state{torch::zeros({batch, out}, type), {}};
  if (options_.kind == CellKind::kLstm) state.c_BH = torch::zeros({batch, options_.hidden}, type);
  return state;
}

torch::Tensor RecurrentCell::apply(const char* norm, const torch::Tensor& x, int64_t position) {
  const auto found = norms_.find(norm);
  if (found == norms_.end()) return x;
  return options_.norm == "batchnorm" ? found->second.forward(x, position)
                                      : found->second.forward(x);
}

torch::Tensor RecurrentCell::normed_input(const torch::Tensor& x_TBG, int64_t position) {
  if (options_.kind == CellKind::kGru) {
    const int64_t hidden = options_.hidden;
    return torch::cat({apply("x", x_TBG.narrow(-1, 0, 2 * hidden)),
                       apply("x_n", x_TBG.narrow(-1, 2 * hidden, hidden))},
                      -1);
  }
  if (options_.norm != "batchnorm" || norms_.empty()) return apply("x", x_TBG);
  std::vector<torch::Tensor> normed;
  for (const torch::Tensor& x_BG : x_TBG.unbind(0)) normed.push_back(apply("x", x_BG, position++));
  return torch::stack(normed);
}

std::string RecurrentCell::why_composed() const {
  if (!options_.fused) return "the cell was asked for it";
  if (options_.kind != CellKind::kLstm) return "only an LSTM is fused";
  if (options_.placement == "per_gate") return "norms stand on each gate";
  if (options_.peephole || options_.projection) return "it has peepholes or a projection";
  for (const auto& [name, norm] : norms_) {
    if (!is_fused(*norm.ptr())) return "norm " + options_.norm + " is not fused";
  }
  const torch::Tensor& weight = h_->weight;
  if (!weight.is_cpu()) return "it is not on the CPU";
  if (weight.scalar_type() != torch::kFloat32 && weight.scalar_type() != torch::kFloat64) {
    return "it is neither f32 nor f64";
  }
  return "";
}

torch::Tensor RecurrentCell::fused_lstm(const torch::Tensor& x_TBG, CellState* state) {
  const torch_ops::LstmOutput out =
      torch_ops::lstm(x_TBG, state->h_BP, state->c_BH,
                      {.weight_GH = h_->weight,
                       .bias_G = bias_,
                       .x = fused(norms_, "x"),
                       .h = fused(norms_, "h"),
                       .c = fused(norms_, "c")});
  *state = {out.h_TBH[-1], out.c_BH, state->position + x_TBG.size(0)};
  return out.h_TBH;
}

torch::Tensor RecurrentCell::forward(const torch::Tensor& x_TBI, CellState* state) {
  // The input's share of all positions is one product, and its norm one call.
  torch::Tensor x = x_->forward(x_TBI);
  if (why_composed().empty()) return fused_lstm(x, state);
  x = normed_input(x, state->position);
  const bool inside = norms_.contains("sum") || options_.placement == "per_gate";
  if (!inside) x = x + bias_;
  std::vector<torch::Tensor> outputs;
  outputs.reserve(static_cast<size_t>(x.size(0)));
  for (const torch::Tensor& x_B : x.unbind(0)) {
    switch (options_.kind) {
      case CellKind::kRnn:
        state->h_BP = rnn_step(x_B, state->h_BP);
        break;
      case CellKind::kGru:
        state->h_BP = gru_step(x_B, state->h_BP);
        break;
      case CellKind::kLstm:
        state->h_BP = lstm_step(x_B, state);
        break;
    }
    state->position += 1;
    outputs.push_back(state->h_BP);
  }
  return torch::stack(outputs);
}

torch::Tensor RecurrentCell::rnn_step(const torch::Tensor& x, const torch::Tensor& h) {
  const torch::Tensor sum = x + h_->forward(h);
  return (norms_.contains("sum") ? apply("sum", sum) + bias_ : sum).tanh();
}

torch::Tensor RecurrentCell::gru_step(const torch::Tensor& x, const torch::Tensor& h) {
  const int64_t hidden = options_.hidden;
  const torch::Tensor all = h_->forward(h);
  const torch::Tensor gates =
      x.narrow(-1, 0, 2 * hidden) + apply("h", all.narrow(-1, 0, 2 * hidden));
  const torch::Tensor z = gates.narrow(-1, 0, hidden).sigmoid();
  const torch::Tensor r = gates.narrow(-1, hidden, hidden).sigmoid();
  const torch::Tensor n = (x.narrow(-1, 2 * hidden, hidden) +
                           r * apply("h_n", all.narrow(-1, 2 * hidden, hidden)))
                              .tanh();
  return h + z * (n - h);
}

torch::Tensor RecurrentCell::lstm_step(const torch::Tensor& x, CellState* state) {
  const int64_t hidden = options_.hidden;
  const torch::Tensor& c = state->c_BH;
  const torch::Tensor sum = x + apply("h", h_->forward(state->h_BP), state->position);
  const auto gate = [&](int64_t k, const torch::Tensor& c_of_peephole) {
    torch::Tensor share = sum.narrow(-1, k * hidden, hidden);
    if (peephole_.defined() && k < 3) share = share + peephole_.select(0, k) * c_of_peephole;
    if (options_.placement != "per_gate") return share;
    return apply(kLstmGates[k], share) + bias_.narrow(0, k * hidden, hidden);
  };
  state->c_BH = gate(0, c).sigmoid() * c + gate(1, c).sigmoid() * gate(3, c).tanh();
  const torch::Tensor h = gate(2, state->c_BH).sigmoid() *
                          apply("c", state->c_BH, state->position).tanh();
  return projection_ ? projection_->forward(h) : h;
}

}  // namespace norma::models

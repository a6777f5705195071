// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/recurrent_cell.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/models/plain.h"
#include "tests/support/process.h"
#include "tests/support/shared_data.h"

namespace norma::models {
namespace {

using test::relative_error;
using torch::Tensor;

constexpr int64_t kInput = 3, kHidden = 5, kBatch = 2, kLength = 7;
const auto kF64 = torch::TensorOptions(torch::kFloat64);

// The cell with its norms below it, so that both turn into f64 and have names.
struct Owner : torch::nn::Module {
  std::shared_ptr<RecurrentCell> cell;
  explicit Owner(const CellOptions& options) {
    torch::manual_seed(7);
    cell = register_module("cell", std::make_shared<RecurrentCell>(options));
    auto norms = register_module("norms", std::make_shared<Module>());
    for (const auto& [name, norm] : cell->norms()) norms->register_module(name, norm.ptr());
    to(torch::kFloat64);
    test::jitter_parameters(*this, 5);
  }
};

CellOptions options_of(CellKind kind, const std::string& placement,
                       const std::string& norm = "layernorm") {
  CellOptions options;
  options.kind = kind;
  options.input = kInput;
  options.hidden = kHidden;
  options.placement = placement;
  options.norm = norm;
  return options;
}

// A state that is not zero, where a norm without eps inside its root has no derivative.
Tensor begin_state(int64_t batch) {
  return torch::linspace(-0.5, 0.7, batch * kHidden, kF64).view({batch, kHidden});
}

Tensor run_from(Owner& owner, const Tensor& x_TBI, const Tensor& begin) {
  CellState state{begin, begin};
  return owner.cell->forward(x_TBI, &state);
}

Tensor run(Owner& owner, const Tensor& x_TBI) {
  CellState state = owner.cell->zero_state(x_TBI.size(1), kF64);
  return owner.cell->forward(x_TBI, &state);
}

// Rows of gates of ours in the order of torch's, each times its sign.
Tensor reordered(const Tensor& weight, const std::vector<std::pair<int64_t, double>>& gates) {
  std::vector<Tensor> parts;
  for (const auto& [gate, sign] : gates) {
    parts.push_back(weight.narrow(0, gate * kHidden, kHidden) * sign);
  }
  return torch::cat(parts);
}

template <typename Net>
void expect_same_as(Net net, Owner& owner, const std::vector<std::pair<int64_t, double>>& gates) {
  net->to(torch::kFloat64);
  auto theirs = net->named_parameters();
  const auto ours = owner.named_parameters();
  {
    torch::NoGradGuard no_grad;
    theirs["weight_ih_l0"].copy_(reordered(ours["cell.x.weight"], gates));
    theirs["weight_hh_l0"].copy_(reordered(ours["cell.h.weight"], gates));
    theirs["bias_ih_l0"].copy_(reordered(ours["cell.bias"], gates));
    theirs["bias_hh_l0"].zero_();
  }
  const Tensor x = torch::randn({kLength, kBatch, kInput}, kF64);
  EXPECT_LT(relative_error(run(owner, x), std::get<0>(net->forward(x))), 1e-13);
}

// torch: LSTM i, f, g, o; GRU r, z, n with h' = (1 - z) n + z h, whose z is 1 - ours.
TEST(RecurrentCell, WithoutNormsIsTorchs) {
  Owner lstm(options_of(CellKind::kLstm, "none"));
  expect_same_as(torch::nn::LSTM(torch::nn::LSTMOptions(kInput, kHidden)), lstm,
                 {{1, 1}, {0, 1}, {3, 1}, {2, 1}});
  Owner gru(options_of(CellKind::kGru, "none"));
  expect_same_as(torch::nn::GRU(torch::nn::GRUOptions(kInput, kHidden)), gru,
                 {{1, 1}, {0, -1}, {2, 1}});
  Owner rnn(options_of(CellKind::kRnn, "none"));
  expect_same_as(torch::nn::RNN(torch::nn::RNNOptions(kInput, kHidden)), rnn, {{0, 1}});
}

// Ba, Kiros and Hinton 2016, equations 20 to 25, in plain operations.
Tensor plain_run(CellKind kind, const std::string& placement, const std::string& norm,
                 const test::Parameters& p, const Tensor& x_TBI) {
  const test::Plain plain{p, norm};
  const auto N = [&](const std::string& name, const Tensor& v) {
    return plain.normalize(v, "norms." + name);
  };
  const Tensor &wx = p.at("cell.x.weight"), &wh = p.at("cell.h.weight"), &b = p.at("cell.bias");
  const auto sigmoid = [](const Tensor& v) { return 1 / (1 + (-v).exp()); };
  Tensor h = begin_state(x_TBI.size(1)), c = h;
  std::vector<Tensor> outputs;
  for (int64_t t = 0; t < x_TBI.size(0); ++t) {
    const Tensor x = x_TBI[t].matmul(wx.t()), r = h.matmul(wh.t());
    if (kind == CellKind::kRnn) {
      h = (N("sum", x + r) + b).tanh();
    } else if (kind == CellKind::kLstm) {
      const Tensor sum = placement == "gates" ? N("x", x) + N("h", r) + b : x + r + b;
      const auto part = sum.chunk(4, 1);  // f, i, o, g
      c = sigmoid(part[0]) * c + sigmoid(part[1]) * part[3].tanh();
      h = sigmoid(part[2]) * N("c", c).tanh();
    } else {
      const auto gates = [&](const Tensor& v) { return v.slice(1, 0, 2 * kHidden); };
      const auto last = [&](const Tensor& v) { return v.slice(1, 2 * kHidden); };
      const Tensor zr = N("x", gates(x)) + N("h", gates(r)) + b.slice(0, 0, 2 * kHidden);
      const auto part = zr.chunk(2, 1);
      const Tensor n = (N("x_n", last(x)) + sigmoid(part[1]) * N("h_n", last(r)) +
                        b.slice(0, 2 * kHidden))
                           .tanh();
      h = (1 - sigmoid(part[0])) * h + sigmoid(part[0]) * n;
    }
    outputs.push_back(h);
  }
  return torch::stack(outputs);
}

// In f64 rounding alone, magnified by seven steps: 1e-10 leaves a factor of more than 100.
TEST(RecurrentCell, WithNormsIsItsEquations) {
  const std::pair<CellKind, const char*> cases[] = {{CellKind::kRnn, "gates"},
                                                    {CellKind::kGru, "gates"},
                                                    {CellKind::kLstm, "gates"},
                                                    {CellKind::kLstm, "cell"}};
  for (const auto& [kind, placement] : cases) {
    for (const char* norm : {"layernorm", "rmsnorm", "scalenorm", "dyt"}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(kind)) + " " + placement + " " + norm);
      Owner owner(options_of(kind, placement, norm));
      const test::Parameters copies = test::copies_of_parameters(owner);
      const Tensor x = torch::randn({kLength, kBatch, kInput}, kF64).requires_grad_();
      const Tensor x2 = x.detach().clone().requires_grad_();
      const Tensor y = run_from(owner, x, begin_state(kBatch));
      const Tensor want = plain_run(kind, placement, norm, copies, x2);
      EXPECT_LT(relative_error(y, want), 1e-10);
      const Tensor weight = torch::randn(y.sizes(), kF64);
      (y * weight).sum().backward();
      (want * weight).sum().backward();
      EXPECT_LT(relative_error(x.grad(), x2.grad()), 1e-10);
      for (const auto& item : owner.named_parameters()) {
        EXPECT_LT(relative_error(item.value().grad(), copies.at(item.key()).grad()), 1e-10)
            << item.key();
      }
    }
  }
}

// Cooijmans et al. 2016, equations 6 to 8, in plain operations: statistics of each position over
// the texts, the gates' bias the only shift of N(W_x x) + N(W_h h).
Tensor plain_batch_normalised(const test::Parameters& p, const Tensor& x_TBI, const Tensor& begin) {
  const auto N = [&](const std::string& name, const Tensor& v) {
    const Tensor centred = v - v.mean(0, true);
    const Tensor y = centred / (centred.pow(2).mean(0, true) + 1e-5).sqrt() *
                     p.at("norms." + name + ".weight");
    return name == "c" ? y + p.at("norms.c.bias") : y;
  };
  const auto sigmoid = [](const Tensor& v) { return 1 / (1 + (-v).exp()); };
  Tensor h = begin, c = begin;
  std::vector<Tensor> outputs;
  for (int64_t t = 0; t < x_TBI.size(0); ++t) {
    const Tensor gates = N("h", h.matmul(p.at("cell.h.weight").t())) +
                         N("x", x_TBI[t].matmul(p.at("cell.x.weight").t())) + p.at("cell.bias");
    const auto part = gates.chunk(4, 1);  // f, i, o, g
    c = sigmoid(part[0]) * c + sigmoid(part[1]) * part[3].tanh();
    h = sigmoid(part[2]) * N("c", c).tanh();
    outputs.push_back(h);
  }
  return torch::stack(outputs);
}

// As above; six texts, since two have a statistic of +1 and -1 whatever they are.
TEST(RecurrentCell, BatchNormalisedIsItsEquations) {
  constexpr int64_t kTexts = 6;
  CellOptions options = options_of(CellKind::kLstm, "gates", "batchnorm");
  options.positions = kLength;
  Owner owner(options);
  owner.train();
  const test::Parameters copies = test::copies_of_parameters(owner);
  EXPECT_EQ(copies.count("norms.x.bias") + copies.count("norms.h.bias"), 0u);
  for (const int64_t length : {int64_t{1}, kLength}) {
    for (auto& item : owner.named_parameters()) item.value().mutable_grad().reset();
    for (const auto& [name, value] : copies) value.mutable_grad().reset();
    const Tensor x = torch::randn({length, kTexts, kInput}, kF64).requires_grad_();
    const Tensor x2 = x.detach().clone().requires_grad_();
    const Tensor y = run_from(owner, x, begin_state(kTexts));
    const Tensor want = plain_batch_normalised(copies, x2, begin_state(kTexts));
    EXPECT_LT(relative_error(y, want), 1e-10);
    const Tensor weight = torch::randn(y.sizes(), kF64);
    (y * weight).sum().backward();
    (want * weight).sum().backward();
    EXPECT_LT(relative_error(x.grad(), x2.grad()), 1e-9);
    for (const auto& item : owner.named_parameters()) {
      EXPECT_LT(relative_error(item.value().grad(), copies.at(item.key()).grad()), 1e-9)
          << item.key();
    }
  }
}

TEST(RecurrentCell, BatchNormalisedBeginsAsThePaperDoes) {
  const RecurrentCell cell(options_of(CellKind::kLstm, "gates", "batchnorm"));
  for (const auto& [name, norm] : cell.norms()) {
    const auto parameters = norm.ptr()->named_parameters();
    EXPECT_TRUE(parameters["weight"].eq(0.1f).all().item<bool>()) << name;
    EXPECT_EQ(parameters.contains("bias"), name == "c");
  }
  EXPECT_THROW(RecurrentCell(options_of(CellKind::kLstm, "cell", "batchnorm")), c10::Error);
  EXPECT_THROW(RecurrentCell(options_of(CellKind::kGru, "gates", "batchnorm")), c10::Error);
}

// The fused LSTM and the composition in f32, of one cell. Both are the equations within rounding:
// each position adds about ten roundings of 2^-24 to numbers near 1, and what seven positions do to
// them is less than 2^4.
TEST(RecurrentCell, FusedIsTheComposition) {
  for (const char* placement : {"none", "gates", "cell"}) {
    for (const char* norm : {"layernorm", "rmsnorm", "prmsnorm"}) {
      CellOptions options = options_of(CellKind::kLstm, placement, norm);
      Owner fused(options);
      options.fused = false;
      Owner composed(options);
      EXPECT_EQ(fused.cell->why_composed(), "");
      EXPECT_EQ(composed.cell->why_composed(), "the cell was asked for it");
      fused.to(torch::kFloat32);
      composed.to(torch::kFloat32);
      const Tensor x = torch::randn({kLength, kBatch, kInput});
      const Tensor begin = begin_state(kBatch).to(torch::kFloat32);
      const Tensor got = run_from(fused, x, begin), want = run_from(composed, x, begin);
      EXPECT_LT(relative_error(got, want), 0x1p-16) << placement << " " << norm;
      got.square().sum().backward();
      want.square().sum().backward();
      const auto theirs = composed.named_parameters();
      for (const auto& item : fused.named_parameters()) {
        EXPECT_LT(relative_error(item.value().grad(), theirs[item.key()].grad()), 0x1p-16)
            << placement << " " << norm << " " << item.key();
      }
    }
  }
}

TEST(RecurrentCell, TellsWhyItIsNotFused) {
  const auto reason = [](const CellOptions& options) {
    return Owner(options).cell->why_composed();
  };
  EXPECT_EQ(reason(options_of(CellKind::kGru, "gates")), "only an LSTM is fused");
  EXPECT_EQ(reason(options_of(CellKind::kLstm, "per_gate")), "norms stand on each gate");
  EXPECT_EQ(reason(options_of(CellKind::kLstm, "gates", "dyt")), "norm dyt is not fused");
  EXPECT_EQ(reason(options_of(CellKind::kLstm, "gates", "torch_layernorm")),
            "norm torch_layernorm is not fused");
  CellOptions peephole = options_of(CellKind::kLstm, "none");
  peephole.peephole = true;
  EXPECT_EQ(reason(peephole), "it has peepholes or a projection");
  Owner half(options_of(CellKind::kLstm, "gates"));
  half.to(torch::kBFloat16);
  EXPECT_EQ(half.cell->why_composed(), "it is neither f32 nor f64");
}

// One position at a time, the state handed on, gives what all at once give.
TEST(RecurrentCell, TheStateIsAllThatStays) {
  for (const auto& [kind, placement] :
       {std::pair<CellKind, const char*>{CellKind::kLstm, "gates"}, {CellKind::kGru, "gates"},
        {CellKind::kLstm, "per_gate"}}) {
    Owner owner(options_of(kind, placement));
    const Tensor x = torch::randn({kLength, kBatch, kInput}, kF64);
    const Tensor all = run(owner, x);
    CellState state = owner.cell->zero_state(kBatch, kF64);
    for (int64_t t = 0; t < kLength; ++t) {
      const Tensor y = owner.cell->forward(x.slice(0, t, t + 1), &state);
      EXPECT_LT(relative_error(y[0], all[t]), 1e-13);
    }
  }
}

// What a text gives does not hang on the others of its batch.
TEST(RecurrentCell, CasesAreIndependent) {
  Owner owner(options_of(CellKind::kLstm, "gates"));
  const Tensor x = torch::randn({kLength, 3, kInput}, kF64);
  Tensor other = x.clone();
  other.select(1, 0).mul_(100);
  EXPECT_TRUE(torch::equal(run(owner, x).slice(1, 1), run(owner, other).slice(1, 1)));
}

// TensorFlow's published vectors: f32, per gate without a bias of the norm, peepholes, projection.
TEST(RecurrentCell, MatchesTensorFlow) {
  const std::string path = test::shared_data_path("ln-lstm-golden/layer_norm_lstm.json");
  NORMA_SKIP_IF_ABSENT(path);
  const nlohmann::json json = nlohmann::json::parse(test::read_text(path));
  const auto tensor = [&](const std::string& name) {
    const nlohmann::json& value = json.at(name);
    std::vector<float> flat;
    std::vector<int64_t> shape;
    for (const nlohmann::json* level = &value; level->is_array(); level = &(*level)[0]) {
      shape.push_back(static_cast<int64_t>(level->size()));
    }
    const std::function<void(const nlohmann::json&)> read = [&](const nlohmann::json& v) {
      if (!v.is_array()) return flat.push_back(v.get<float>());
      for (const auto& each : v) read(each);
    };
    read(value);
    return torch::tensor(flat).view(shape);
  };
  CellOptions options;
  options.input = 5;
  options.hidden = 4;
  options.projection = 3;
  options.peephole = true;
  options.placement = "per_gate";
  options.norm_eps = 1e-8;
  RecurrentCell cell(options);
  auto ours = cell.named_parameters();
  const char* order[] = {"forget", "input", "output", "cell"};
  torch::NoGradGuard no_grad;
  for (int64_t k = 0; k < 4; ++k) {
    const std::string gate = order[k];
    ours["x.weight"].narrow(0, 4 * k, 4).copy_(tensor("input_to_" + gate + "_weights"));
    ours["h.weight"].narrow(0, 4 * k, 4).copy_(tensor("recurrent_to_" + gate + "_weights"));
    ours["bias"].narrow(0, 4 * k, 4).copy_(tensor(gate + "_gate_bias"));
    if (k < 3) ours["peephole"].select(0, k).copy_(tensor("cell_to_" + gate + "_weights"));
    const char* norm = k == 0 ? "f" : k == 1 ? "i" : k == 2 ? "o" : "g";
    auto parameters = cell.norms().at(norm).ptr()->named_parameters();
    parameters["weight"].copy_(tensor(gate + "_layer_norm_weights"));
  }
  ours["projection.weight"].copy_(tensor("projection_weights"));
  CellState state = cell.zero_state(2, torch::kFloat32);
  const Tensor y = cell.forward(tensor("input").transpose(0, 1), &state).transpose(0, 1);
  EXPECT_LT((y - tensor("expected")).abs().max().item<double>(), 1e-5);
}

TEST(RecurrentCell, WhatACellLacksIsRefused) {
  const auto refused = [](CellOptions options) {
    try {
      RecurrentCell cell(options);
    } catch (const c10::Error&) {
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refused(options_of(CellKind::kGru, "cell")));
  EXPECT_TRUE(refused(options_of(CellKind::kRnn, "per_gate")));
  EXPECT_TRUE(refused(options_of(CellKind::kLstm, "pre")));
  CellOptions peephole = options_of(CellKind::kLstm, "gates");
  peephole.peephole = true;
  EXPECT_TRUE(refused(peephole));
}

}  // namespace
}  // namespace norma::models

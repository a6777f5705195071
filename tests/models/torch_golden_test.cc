// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// PyTorch's encoder and decoder layers, its LSTM, LSTMs with layer norms out of its operations, and
// its loss, made with another version of it: outputs and every gradient, in float64 and float32.
// Spans: models/stack.cc, models/recurrent_cell.cc, models/model.cc
#include <gtest/gtest.h>

#include <functional>
#include <tuple>

#include "models/model.h"
#include "models/recurrent_cell.h"
#include "models/stack.h"
#include "tests/models/plain.h"
#include "tests/support/torch_golden.h"

namespace norma::models {
namespace {

using test::TorchGolden;
using torch::Tensor;

class Golden : public testing::TestWithParam<std::tuple<const char*, torch::ScalarType>> {
 protected:
  std::string name() const { return std::get<0>(GetParam()); }
  torch::ScalarType type() const { return std::get<1>(GetParam()); }
  void expect_near(const Tensor& ours, const Tensor& theirs, const std::string& what) const {
    EXPECT_LT(test::relative_error(ours, theirs), test::golden_tolerance(type())) << what;
  }
};

std::string shown(const testing::TestParamInfo<Golden::ParamType>& info) {
  const bool f64 = std::get<1>(info.param) == torch::kFloat64;
  return std::string(std::get<0>(info.param)) + (f64 ? "_f64" : "_f32");
}
const auto kTypes = testing::Values(torch::kFloat64, torch::kFloat32);

// Our name for a part of PyTorch's layer, and the third of a packed matrix that it is (-1: whole).
struct GoldenName {
  std::string ours, theirs;
  int third;
};

std::vector<GoldenName> golden_names(bool decoder) {
  std::vector<GoldenName> names = {{"0.ffn.w1", "linear1", -1}, {"0.ffn.w2", "linear2", -1}};
  const auto attention = [&](const std::string& ours, const std::string& theirs) {
    int third = 0;
    for (const char* matrix : {"q", "k", "v"}) {
      names.push_back({"0." + ours + "." + matrix, theirs + ".in_proj", third++});
    }
    names.push_back({"0." + ours + ".o", theirs + ".out_proj", -1});
  };
  attention("self", "self_attn");
  if (decoder) attention("cross", "multihead_attn");
  int norm = 1;
  for (const char* sublayer : {"self", "cross", "ffn"}) {
    if (!decoder && std::string(sublayer) == "cross") continue;
    names.push_back({std::string("norms.0.") + sublayer, "norm" + std::to_string(norm++), -1});
  }
  return names;
}

Tensor golden_part(const TorchGolden& golden, const std::string& kind, const GoldenName& name,
                   const std::string& leaf) {
  const std::string separator = name.third < 0 ? "." : "_";
  const Tensor whole = golden(kind + "." + name.theirs + separator + leaf);
  return name.third < 0 ? whole : whole.chunk(3)[name.third];
}

class GoldenLayer : public Golden {};

TEST_P(GoldenLayer, IsPyTorchs) {
  NORMA_SKIP_IF_ABSENT(test::torch_golden_path(name()));
  const TorchGolden golden(name(), type());
  const bool decoder = name().starts_with("dec");
  ModelConfig config;
  config.placement = name().find("pre") != std::string::npos ? "pre" : "post";
  config.norm = "layernorm";
  config.d_model = 24;
  config.heads = 4;
  config.ffn = 48;
  config.encoder_layers = config.decoder_layers = 1;
  StackOptions options;
  options.layers = 1;
  options.cross = decoder;
  options.attention = {24, 4, 4, true};
  options.ffn = {24, 48, name().ends_with("gelu") ? Activation::kGelu : Activation::kRelu, true};
  const auto stack = make_stack(config, decoder ? "decoder" : "encoder", options);
  stack->to(type());
  auto parameters = stack->named_parameters();
  for (const GoldenName& part : golden_names(decoder)) {
    for (const char* leaf : {"weight", "bias"}) {
      torch::NoGradGuard no_grad;
      parameters[part.ours + "." + leaf].copy_(golden_part(golden, "param", part, leaf));
    }
  }
  const Tensor x = golden("in0").requires_grad_();
  const Tensor memory =
      decoder ? golden("in1").requires_grad_() : torch::zeros({0, 0, 24}, type());
  AttentionContext self, cross;
  self.layout = cross.layout = Layout::dense(x.size(0), x.size(1));
  self.causal = decoder;
  cross.cross = true;
  cross.memory_NC = memory.flatten(0, 1);
  cross.memory_layout = Layout::dense(memory.size(0), memory.size(1));
  Tensor out;  // their layer ends before the final norm
  stack->forward(x.flatten(0, 1), self, cross, nullptr, [&](int64_t layer, const Tensor& stream) {
    if (layer == 1) out = stream.view(x.sizes());
  });
  expect_near(out, golden("out"), "out");
  out.backward(golden("grad_out"));
  expect_near(x.grad(), golden("in0.grad"), "x");
  if (decoder) expect_near(memory.grad(), golden("in1.grad"), "memory");
  for (const GoldenName& part : golden_names(decoder)) {
    for (const char* leaf : {"weight", "bias"}) {
      const Tensor ours = parameters[part.ours + "." + leaf].grad();
      const Tensor theirs = golden_part(golden, "grad", part, leaf);
      if (part.ours.ends_with(".k") && std::string(leaf) == "bias") {
        // Zero but for rounding: beside gradients of about 1.
        const double most = type() == torch::kFloat64 ? 1e-12 : 1e-5;
        EXPECT_LT((ours - theirs).abs().max().item<double>(), most);
      } else {
        expect_near(ours, theirs, part.ours + "." + leaf);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layers, GoldenLayer,
    testing::Combine(testing::Values("enc_postln_relu", "enc_preln_relu", "enc_postln_gelu",
                                     "enc_preln_gelu", "dec_postln_relu", "dec_preln_relu"),
                     kTypes),
    shown);

// Their gates are i, f, g, o; ours f, i, o, g.
Tensor our_gates(const Tensor& theirs) {
  const std::vector<Tensor> gates = theirs.chunk(4);
  return torch::cat({gates[1], gates[0], gates[3], gates[2]});
}

struct OurCell {
  OurCell(const std::string& placement, int64_t input, torch::ScalarType type) {
    CellOptions options;
    options.input = input;
    options.hidden = 8;
    options.placement = placement;
    cell = std::make_shared<RecurrentCell>(options);
    cell->to(type);
    for (const auto& [name, norm] : cell->norms()) norm.ptr()->to(type);
  }
  Tensor at(const std::string& name) const { return cell->named_parameters()[name]; }
  Tensor norm(const std::string& of, const std::string& leaf) const {
    return cell->norms().at(of).ptr()->named_parameters()[leaf];
  }

  std::shared_ptr<RecurrentCell> cell;
};

void put(Tensor ours, const Tensor& theirs) {
  torch::NoGradGuard no_grad;
  ours.copy_(theirs);
}

class GoldenLstm : public Golden {};

TEST_P(GoldenLstm, IsPyTorchs) {
  NORMA_SKIP_IF_ABSENT(test::torch_golden_path(name()));
  const TorchGolden golden(name(), type());
  const bool per_gate = name() == "lnlstm_pergate", two_layers = name() == "lstm_2layer";
  std::vector<OurCell> cells;
  // Ours, theirs, and how theirs turn into ours.
  struct Pair {
    Tensor ours;
    std::string theirs;
    std::function<Tensor(const Tensor&)> turned;
  };
  std::vector<Pair> pairs;
  const auto same = [](const Tensor& t) { return t; };
  if (two_layers) {
    for (const std::string layer : {"l0", "l1"}) {
      cells.emplace_back("none", layer == "l0" ? 6 : 8, type());
      OurCell& cell = cells.back();
      pairs.push_back({cell.at("x.weight"), "weight_ih_" + layer, our_gates});
      pairs.push_back({cell.at("h.weight"), "weight_hh_" + layer, our_gates});
      // Two of theirs are added up to one of ours, whose gradient both have.
      put(cell.at("bias"),
          our_gates(golden("param.bias_ih_" + layer) + golden("param.bias_hh_" + layer)));
    }
  } else if (per_gate) {
    OurCell& cell = cells.emplace_back("per_gate", 6, type());
    pairs.push_back({cell.at("x.weight"), "w.weight",
                     [](const Tensor& t) { return our_gates(t.narrow(1, 0, 6)); }});
    pairs.push_back({cell.at("h.weight"), "w.weight",
                     [](const Tensor& t) { return our_gates(t.narrow(1, 6, 8)); }});
    put(cell.at("bias"), torch::zeros({32}));  // beside the norms' own
    const char* order[] = {"i", "f", "g", "o"};
    for (int k = 0; k < 4; ++k) {
      for (const std::string leaf : {"weight", "bias"}) {
        pairs.push_back(
            {cell.norm(order[k], leaf), "ln." + std::to_string(k) + "." + leaf, same});
      }
    }
  } else {
    OurCell& cell = cells.emplace_back("gates", 6, type());
    pairs.push_back({cell.at("x.weight"), "wx.weight", our_gates});
    pairs.push_back({cell.at("h.weight"), "wh.weight", our_gates});
    pairs.push_back({cell.at("bias"), "b", our_gates});
    for (const std::string leaf : {"weight", "bias"}) {
      pairs.push_back({cell.norm("x", leaf), "lx." + leaf, our_gates});
      pairs.push_back({cell.norm("h", leaf), "lh." + leaf, our_gates});
      pairs.push_back({cell.norm("c", leaf), "lc." + leaf, same});
    }
  }
  for (const Pair& pair : pairs) put(pair.ours, pair.turned(golden("param." + pair.theirs)));

  const Tensor x = golden("in0").requires_grad_();
  Tensor h = torch::zeros({3, 8}, type()), c = h;
  if (!two_layers) h = golden("in1").requires_grad_(), c = golden("in2").requires_grad_();
  Tensor out = x.transpose(0, 1);
  for (OurCell& each : cells) {
    CellState state{h, c};
    out = each.cell->forward(out, &state);
  }
  out = out.transpose(0, 1);
  expect_near(out, golden("out"), "out");
  out.backward(golden("grad_out"));
  expect_near(x.grad(), golden("in0.grad"), "x");
  if (!two_layers) {
    expect_near(h.grad(), golden("in1.grad"), "h");
    expect_near(c.grad(), golden("in2.grad"), "c");
  }
  for (const Pair& pair : pairs) {
    expect_near(pair.ours.grad(), pair.turned(golden("grad." + pair.theirs)), pair.theirs);
  }
  for (size_t layer = 0; two_layers && layer < 2; ++layer) {
    const std::string theirs = "bias_ih_l" + std::to_string(layer);
    expect_near(cells[layer].at("bias").grad(), our_gates(golden("grad." + theirs)), theirs);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cells, GoldenLstm,
    testing::Combine(testing::Values("lnlstm_ba2016", "lnlstm_pergate", "lstm_2layer"), kTypes),
    shown);

class GoldenLoss : public Golden {};

TEST_P(GoldenLoss, WithLabelSmoothingIsPyTorchs) {
  NORMA_SKIP_IF_ABSENT(test::torch_golden_path(name()));
  const TorchGolden golden(name(), type());
  const Tensor x = golden("x").requires_grad_();
  const Tensor value = loss(x.unsqueeze(0), golden("target").unsqueeze(0), 0.1);
  value.backward();
  expect_near(value, golden("loss"), "loss");
  expect_near(x.grad(), golden("grad"), "x");
}

INSTANTIATE_TEST_SUITE_P(Losses, GoldenLoss,
                         testing::Combine(testing::Values("xent_ls01"), kTypes), shown);

}  // namespace
}  // namespace norma::models

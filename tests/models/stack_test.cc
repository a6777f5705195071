// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/stack.h"

#include <gtest/gtest.h>

#include "tests/models/plain.h"
#include "tests/models/plain_placements.h"

namespace norma::models {
namespace {

using test::Parameters;
using test::Plain;
using test::relative_error;

ModelConfig stack_config(const std::string& placement, const std::string& norm) {
  ModelConfig config;
  config.placement = placement;
  config.norm = norm;
  config.d_model = 12;
  config.heads = 3;
  config.ffn = 20;
  config.encoder_layers = config.decoder_layers = 4;  // the fewest that every placement takes
  return config;
}

std::shared_ptr<Stack> make_f64_stack(const ModelConfig& config, bool decoder) {
  StackOptions options;
  options.layers = decoder ? config.decoder_layers : config.encoder_layers;
  options.cross = decoder && config.family == "encdec";
  const bool llama = config.family == "llama";
  options.attention = {config.d_model, config.heads, llama ? config.kv_heads : config.heads,
                       !llama};
  options.ffn = {config.d_model, config.ffn, llama ? Activation::kSwiGlu : Activation::kRelu,
                 !llama};
  auto stack = make_stack(config, decoder ? "decoder" : "encoder", options);
  stack->to(torch::kFloat64);
  test::jitter_parameters(*stack, 5);
  return stack;
}

// Four blocks, forward and every gradient, against the equations. In float64 the two differ by
// rounding alone: some hundred operations of relative error 2^-53 each, magnified by sums of terms
// of either sign and by what the blocks without a norm do to their streams;
// the worst is 1.4e-10, and 1e-9 is far from what a wrong equation gives.
void expect_its_equations(const ModelConfig& config, bool decoder) {
  constexpr double kMost = 1e-9;
  const auto f64 = torch::TensorOptions(torch::kFloat64);
  const int64_t width = config.d_model;
  const auto stack = make_f64_stack(config, decoder);
  const Parameters copies = test::copies_of_parameters(*stack);
  const torch::Tensor x = torch::randn({2, 5, width}, f64).requires_grad_();
  const torch::Tensor memory = torch::randn({2, 7, width}, f64).requires_grad_();
  const torch::Tensor x2 = x.detach().clone().requires_grad_();
  const torch::Tensor memory2 = memory.detach().clone().requires_grad_();
  AttentionContext self, cross;
  self.layout = cross.layout = Layout::dense(2, 5);
  self.causal = decoder;
  if (config.family == "llama") {
    self.turns_TE = rotary_turns(5, width / config.heads, RotaryOptions());
  }
  cross.cross = true;
  cross.memory_NC = memory.flatten(0, 1);
  cross.memory_layout = Layout::dense(2, 7);
  const torch::Tensor out =
      stack->forward(x.flatten(0, 1), self, cross, nullptr, {}).view({2, 5, width});
  const torch::Tensor expected = test::PlainStack(config, copies, decoder, memory2).run(x2);
  EXPECT_LT(relative_error(out, expected), kMost);
  const torch::Tensor weight = torch::randn(out.sizes(), f64);
  (out * weight).sum().backward();
  (expected * weight).sum().backward();
  EXPECT_LT(relative_error(x.grad(), x2.grad()), kMost);
  if (decoder && config.family == "encdec") {
    EXPECT_LT(relative_error(memory.grad(), memory2.grad()), kMost);
  }
  const bool keys_are_normed =
      config.qk_norm != "none" || config.placement.starts_with("hybrid") ||
      config.placement == "ngpt";
  // Batch statistics take the shift of a bias away, and leave its gradient rounding; so does the
  // end of a tanh or an erf, where 1 - y^2 is next to nothing, and a norm of what GPAS has made
  // smaller. They are measured by the largest.
  const bool leaves_rounding = config.norm == "batchnorm" || config.norm == "dyt" ||
                               config.norm == "derf" || config.placement == "gpas";
  double largest = 0;
  for (const auto& [name, copy] : copies) {
    if (!leaves_rounding || !copy.grad().defined()) continue;
    largest = std::max(largest, copy.grad().abs().max().item<double>());
  }
  for (const auto& item : stack->named_parameters()) {
    if (item.key() == "norms.logits") continue;  // of the model, behind the stack
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    const torch::Tensor& theirs = copies.at(item.key()).grad();
    // A shift of all keys moves no attention weight: that gradient is zero but for rounding.
    const bool shifts_keys = (item.key().ends_with(".k.bias") && !keys_are_normed) ||
                             item.key().ends_with("_k.bias");
    if (shifts_keys) {
      const double scale = 1 + out.abs().max().item<double>();
      EXPECT_LT(item.value().grad().abs().max().item<double>(), kMost * scale) << item.key();
    } else if (largest > 0) {
      EXPECT_LT((item.value().grad() - theirs).abs().max().item<double>(), kMost * largest)
          << item.key();
    } else {
      EXPECT_LT(relative_error(item.value().grad(), theirs), kMost) << item.key();
    }
  }
}

TEST(Stack, IsItsEquations) {
  torch::manual_seed(3);
  for (const bool decoder : {false, true}) {
    for (const std::string& placement : stack_placements()) {
      for (const std::string& norm : known_norms()) {
        // Of 12 columns it looks at one: what is divided by that has no bound.
        if (norm == "prmsnorm") continue;
        if (norm == "batchnorm" && decoder) continue;  // no decoder has it
        SCOPED_TRACE(placement + " " + norm + (decoder ? " decoder" : " encoder"));
        expect_its_equations(stack_config(placement, norm), decoder);
      }
    }
  }
}

// A decoder without an encoder, whose constants are others (DeepNorm, Sub-LN, KEEL).
TEST(Stack, AloneIsItsEquations) {
  torch::manual_seed(5);
  for (const std::string& placement : stack_placements()) {
    SCOPED_TRACE(placement);
    ModelConfig config = stack_config(placement, "layernorm");
    config.family = "gpt";
    expect_its_equations(config, true);
  }
}

// LLaMA's blocks: rotation after what stands on queries and keys, grouped queries, SwiGLU.
TEST(Stack, OfLlamaIsItsEquations) {
  torch::manual_seed(6);
  for (const std::string& placement : stack_placements()) {
    for (const std::string& qk_norm : known_qk_norms()) {
      SCOPED_TRACE(placement + " qk_norm " + qk_norm);
      ModelConfig config = stack_config(placement, "rmsnorm");
      config.family = "llama";
      config.d_model = 16;
      config.heads = 4;
      config.kv_heads = 2;
      config.qk_norm = qk_norm;
      config.vocab_size = 10;
      if (validate(config).ok()) expect_its_equations(config, true);
    }
  }
}

TEST(Stack, QkNormIsItsEquationInAnyPlacement) {
  torch::manual_seed(4);
  for (const bool decoder : {false, true}) {
    for (const std::string& placement : stack_placements()) {
      for (const char* qk_norm : {"head", "full"}) {
        SCOPED_TRACE(placement + " qk_norm " + qk_norm + (decoder ? " decoder" : " encoder"));
        ModelConfig config = stack_config(placement, "rmsnorm");
        config.qk_norm = qk_norm;
        config.vocab_size = 10;
        if (!validate(config).ok()) {
          EXPECT_TRUE(placement.starts_with("hybrid") || placement == "ngpt");
          continue;
        }
        expect_its_equations(config, decoder);
      }
    }
  }
}

// x = x + W_o N(attention(N(x))); x = x + W_2 N(act(W_1 N(x))), the scheme of Magneto, and a scale
// on the start of W_v: what a placement of issue size can reach.
class NormsInside : public Placement {
 public:
  explicit NormsInside(const PlacementOptions& options)
      : Placement(options, true), entry_(add_norm_per_sublayer()) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      heads_.push_back(add_norm(layer, "heads", options.d_model));
      hidden_.push_back(add_norm(layer, "hidden", options.ffn));
    }
  }
  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      stream.x = stream.x + sublayers[i].f(entry_[layer][i].forward(stream.x));
    }
  }
  InnerNorms inner_norms(int64_t layer, std::string_view sublayer) override {
    InnerNorms inner;
    if (sublayer == "ffn") {
      inner.hidden = [n = hidden_[layer]](const torch::Tensor& x) mutable { return n.forward(x); };
    } else {
      inner.heads = [n = heads_[layer]](const torch::Tensor& x) mutable { return n.forward(x); };
      inner.query = [](const torch::Tensor& x_NHD) { return x_NHD * 2.0; };
    }
    return inner;
  }

 private:
  std::vector<std::vector<torch::nn::AnyModule>> entry_;
  std::vector<torch::nn::AnyModule> heads_, hidden_;
};

TEST(Stack, APlacementReachesInsideTheSublayers) {
  torch::manual_seed(4);
  const ModelConfig config = stack_config("pre", "layernorm");
  PlacementOptions placement;
  placement.layers = 1;
  placement.sublayers = {"self", "ffn"};
  placement.d_model = config.d_model;
  placement.ffn = config.ffn;
  placement.norm = config.norm;
  placement.norm_eps = config.norm_eps;
  StackOptions options;
  options.layers = 1;
  options.attention = {config.d_model, config.heads, config.heads, true};
  options.ffn = {config.d_model, config.ffn, Activation::kRelu, true};
  Stack stack(options, std::make_shared<NormsInside>(placement));
  stack.to(torch::kFloat64);
  test::jitter_parameters(stack, 5);
  EXPECT_EQ(stack.placement().norm_calls(), 5);

  const Parameters copies = test::copies_of_parameters(stack);
  const Plain plain{copies};
  const torch::Tensor x = torch::randn({2, 5, 12}, torch::kFloat64);
  Parameters doubled = copies;
  doubled["0.self.q.weight"] = copies.at("0.self.q.weight") * 2;
  doubled["0.self.q.bias"] = copies.at("0.self.q.bias") * 2;
  doubled["0.self.o.weight"] = torch::eye(12, torch::kFloat64);
  doubled["0.self.o.bias"] = torch::zeros({12}, torch::kFloat64);
  const torch::Tensor entry = plain.normalize(x, "norms.0.self");
  const torch::Tensor heads =
      Plain{doubled}.attention(entry, entry, "0.self", config.heads, torch::Tensor());
  torch::Tensor expected = x + plain.linear(plain.normalize(heads, "norms.0.heads"), "0.self.o");
  const torch::Tensor hidden =
      plain.linear(plain.normalize(expected, "norms.0.ffn"), "0.ffn.w1").clamp_min(0);
  expected = expected + plain.linear(plain.normalize(hidden, "norms.0.hidden"), "0.ffn.w2");
  expected = plain.normalize(expected, "norms.final");
  AttentionContext self;
  self.layout = Layout::dense(2, 5);
  const torch::Tensor out = stack.forward(x.flatten(0, 1), self, {}, nullptr, {});
  EXPECT_LT(relative_error(out, expected.flatten(0, 1)), 1e-11);
}

}  // namespace
}  // namespace norma::models

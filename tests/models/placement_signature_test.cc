// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What each placement does to stream and gradients with depth before any training.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "models/init.h"
#include "models/model.h"
#include "models/placement.h"
#include "models/stack.h"

namespace norma::models {
namespace {

// Of a decoder alone; of a decoder with cross-attention to one vector a sentence; of an encoder
// whose decoder is as deep.
enum class Side { kDecoder, kCross, kEncoder };

// A stack with the start of a model, alone.
struct Alone : torch::nn::Module {
  std::shared_ptr<Stack> stack;
  ModelConfig config;
  const Side side;
  torch::Tensor memory_BC;  // of kCross

  Alone(const std::string& placement, int64_t layers, const std::string& qk_norm = "none",
        uint64_t seed = 1, Side of = Side::kDecoder, const torch::Tensor& memory = {})
      : side(of), memory_BC(memory) {
    config.qk_norm = qk_norm;
    config.family = side == Side::kDecoder ? "gpt" : "encdec";
    config.placement = placement;
    config.vocab_size = 64;
    config.d_model = 64;
    config.heads = 4;
    config.ffn = 256;
    config.encoder_layers = config.decoder_layers = layers;
    StackOptions options;
    options.layers = layers;
    options.cross = side == Side::kCross;
    options.attention = {64, 4, 4, false};
    options.ffn = {64, 256, Activation::kRelu, true};
    const std::string name = side == Side::kEncoder ? "encoder" : "decoder";
    stack = register_module(name, make_stack(config, name, options));
    init_parameters(*this, config, seed,
                    [this](std::string_view, int64_t layer, std::string_view sublayer,
                           std::string_view matrix) {
                      return stack->placement().init_scale(layer, sublayer, matrix);
                    });
  }

  torch::Tensor forward(const torch::Tensor& x_NC, int64_t batch, const StreamTap& tap) {
    AttentionContext self;
    self.layout = Layout::dense(batch, x_NC.size(0) / batch);
    self.causal = side != Side::kEncoder;
    AttentionContext cross;
    if (side == Side::kCross) {
      cross.cross = true;
      cross.memory_NC = memory_BC;
      cross.memory_layout = Layout::dense(batch, 1);
      cross.layout = self.layout;
    }
    return stack->forward(x_NC, self, cross, nullptr, [&](int64_t layer, const torch::Tensor& x) {
      if (tap) tap("decoder", layer, x);
    });
  }
};

struct AtStart {  // means of the seeds
  double stream;    // RMS after the last block
  double gradient;  // last block's second matrix over the first's, Frobenius
  double last = 0;  // that of the last block's
};

enum class Attention { kUniform, kSoftmax };

// What make_model() and profile() do before the first step.
void prepare(Alone& model, const torch::Tensor& x, int64_t batch) {
  const torch::NoGradGuard no_grad;
  Placement& placement = model.stack->placement();
  placement.constrain(model);
  if (!placement.needs_profile()) return;
  placement.begin_profile();
  model.forward(x, batch, {});
  placement.end_profile();
}

AtStart at_start(const std::string& placement, int64_t layers,
                 Attention attention = Attention::kUniform, const std::string& qk_norm = "none",
                 Side side = Side::kDecoder) {
  constexpr int64_t kBatch = 2, kLength = 32, kWidth = 64, kSeeds = 5;
  double stream = 0, first = 0, last = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    torch::manual_seed(seed);
    const torch::Tensor memory =
        side == Side::kCross ? torch::randn({kBatch, kWidth}) : torch::Tensor();
    Alone model(placement, layers, qk_norm, seed, side, memory);
    if (attention == Attention::kUniform) {
      torch::NoGradGuard no_grad;
      for (auto& item : model.named_parameters()) {
        if (item.key().ends_with(".self.q.weight")) item.value().zero_();
      }
    }
    const torch::Tensor x = torch::randn({kBatch * kLength, kWidth});
    prepare(model, x, kBatch);
    const torch::Tensor readout = torch::randn({kWidth, 64}) / std::sqrt(1.0 * kWidth);
    const torch::Tensor target = torch::randint(64, {kBatch * kLength});
    const torch::Tensor out =
        model.forward(x, kBatch, [&](const std::string&, int64_t layer, const torch::Tensor& s) {
          if (layer == layers) stream += s.detach().square().mean().sqrt().item<double>() / kSeeds;
        });
    loss(out.matmul(readout), target, 0).backward();
    const auto gradient = [&](int64_t layer) {
      return model.stack->ffn_output_weight(layer).grad().norm().item<double>();
    };
    first += gradient(0);
    last += gradient(layers - 1);
  }
  return {stream, last / first, last / kSeeds};
}

// What each does with depth before any training, at 6 and at 48 blocks. The figures are those of an
// independent program in double: uniform attention, five seeds. Other seeds, batches and targets
// leave a factor of 1.5, and for the gradients of streams that a norm stands on, which wander with
// depth, of 4 (that program's own single stacks had 0.4 to 1.6). It tells the placements from each
// other: over eight times the depth Post-LN's stream stays at 1 where Pre-LN's grows 3.4 times, and
// KEEL's last gradient is a hundredth.
TEST(Placements, HaveTheirSignatureAtTheStart) {
  const struct {
    const char* placement;
    double stream_6, stream_48, gradient_6, gradient_48;
  } cases[] = {
      {"post", 1, 1, 1.1, 1.49},        {"pre", 2.18, 7.33, 0.53, 0.155},
      {"deepnorm", 1, 1, 0.99, 0.99},   {"mix", 2.15, 7.14, 0.51, 0.16},
      {"lns", 1.52, 1.99, 0.32, 0.087}, {"peri", 3.35, 9.83, 0.49, 0.18},
      {"olmo2", 3.38, 9.79, 0.49, 0.18}, {"sub_ln", 6.06, 24, 0.34, 0.10},
      {"normformer", 3.92, 11.2, 0.39, 0.10}, {"b2t", 1, 1, 0.88, 1.27},
      {"residual", 2.34, 7.65, 0.83, 0.82},   {"keel", 1, 1, 0.10, 0.012},
      {"hybrid", 1.12, 1.12, 1.17, 1.1}, {"siamese", 4.33, 15, 0.47, 0.15},
  };
  for (const auto& c : cases) {
    const AtStart few = at_start(c.placement, 6), many = at_start(c.placement, 48);
    std::printf("%-11s stream %.3g %.3g, gradient last/first %.3g %.3g\n", c.placement, few.stream,
                many.stream, few.gradient, many.gradient);
    const auto near = [&](const char* what, double got, double want, double factor) {
      EXPECT_GT(got, want / factor) << c.placement << " " << what;
      EXPECT_LT(got, want * factor) << c.placement << " " << what;
    };
    const double factor = c.stream_48 == 1 && c.gradient_48 > 0.5 ? 4 : 1.5;
    near("stream, 6 blocks", few.stream, c.stream_6, 1.5);
    near("stream, 48 blocks", many.stream, c.stream_48, 1.5);
    near("gradient, 6 blocks", few.gradient, c.gradient_6, factor);
    near("gradient, 48 blocks", many.gradient, c.gradient_48, factor);
  }
}

// The gradient of the last block's matrix over eight times the depth: by Xiong et al. 2020, theorem
// 1, it stays with Post-LN and falls as the root of the depth with Pre-LN. The figures are those of
// the independent program above; a norm on the stream leaves a factor of 2 and the others 1.5, so
// that what stays and what falls are told from each other.
TEST(Placements, TheLastGradientFallsWithDepthAsItsEquationSays) {
  const struct {
    const char* placement;
    double last_6, last_48, within;
  } cases[] = {
      {"post", 1.26, 1.41, 2},       {"pre", 0.618, 0.208, 1.5},   {"deepnorm", 0.250, 0.092, 1.2},
      {"mix", 0.635, 0.26, 1.5},     {"lns", 0.353, 0.097, 1.5},   {"peri", 0.709, 0.278, 1.5},
      {"olmo2", 0.697, 0.284, 1.5},  {"sub_ln", 0.505, 0.137, 1.5}, {"b2t", 0.63, 0.90, 2},
      {"normformer", 0.758, 0.29, 1.5}, {"keel", 0.103, 0.0132, 1.5},
      {"hybrid", 1.28, 1.55, 2},
  };
  for (const auto& c : cases) {
    const double few = at_start(c.placement, 6).last, many = at_start(c.placement, 48).last;
    std::printf("%-11s last gradient %.3g at 6 blocks, %.3g at 48\n", c.placement, few, many);
    const double want = c.last_48 / c.last_6;
    EXPECT_GT(many / few, want / c.within) << c.placement;
    EXPECT_LT(many / few, want * c.within) << c.placement;
  }
}

void print(const char* placement, int64_t layers, const AtStart& got) {
  std::printf("%-11s %2d blocks: stream %.4g, gradient last/first %.3g\n", placement,
              static_cast<int>(layers), got.stream, got.gradient);
}

// Those whose figures follow from their equations, by the rule that a branch's output is
// uncorrelated with the stream that it is added to. v is the variance that a block's branches give
// to what reads a normalised stream, v = (RMS^2 - 1) / blocks of Pre-LN above: 0.625 at 6 blocks,
// 1.1 at 48, where attention over positions that have become alike averages less away. A gradient
// grows going down as the stream shrinks, so that of block l's matrix is as 1 / RMS_l.
//   parallel, parallel_two: as Pre-LN; what the branches of a block read does not change how much
//     they add.
//   peri_embedding: as peri, x's RMS being 1 already.
//   hybrid_star: as hybrid but for the first block, over whose attention no norm stands, so that
//     one norm less divides its gradient, by sqrt(1.13): last over first 1.06 to 1.2 times; and a
//     factor of 4 as above, for a norm stands on the stream.
//   admin: w_i is the RMS that Pre-LN's stream has before f_i, so that N(w x + f) is Pre-LN's
//     stream, normalised: Pre-LN's gradients, and 1.
//   layerscale: 6 branches add 0.1^2 v, RMS sqrt(1 + 0.01 * 3.75) = 1.019, last over first
//     sqrt(1 + 0.01 v) / 1.019 = 0.985; with 1e-6 nothing moves, and all blocks are alike.
//   ngpt: |h| = 1, an RMS of 1/8. A step of 0.05 leaves h mostly what it was, 0.87 of x after 48
//     blocks, and of equal length: all blocks are alike.
// stream_within: x's own RMS is 1 within 0.5%, one standard deviation of five times 4096 numbers;
// nGPT and Admin divide it out.
TEST(Placements, HaveTheSignatureOfTheirEquationAtTheStart) {
  const struct {
    const char* placement;
    AtStart want_6, want_48;
    double stream_within, gradient_within;  // factors
  } cases[] = {
      {"parallel", {2.18, 0.53}, {7.33, 0.155}, 1.5, 1.5},
      {"parallel_two", {2.18, 0.53}, {7.33, 0.155}, 1.5, 1.5},
      {"peri_embedding", {3.35, 0.49}, {9.83, 0.18}, 1.5, 1.5},
      {"hybrid_star", {1.12, 1.3}, {1.12, 1.2}, 1.5, 4},
      {"admin", {1, 0.53}, {1, 0.155}, 1 + 1e-4, 1.5},
      {"layerscale", {1.019, 0.985}, {1, 1}, 1.02, 1.15},
      {"ngpt", {0.125, 1}, {0.125, 1}, 1 + 1e-5, 1.5},
  };
  for (const auto& c : cases) {
    for (const int64_t layers : {6, 48}) {
      const AtStart got = at_start(c.placement, layers), want = layers == 6 ? c.want_6 : c.want_48;
      print(c.placement, layers, got);
      EXPECT_GT(got.stream, want.stream / c.stream_within) << c.placement << layers;
      EXPECT_LT(got.stream, want.stream * c.stream_within) << c.placement << layers;
      EXPECT_GT(got.gradient, want.gradient / c.gradient_within) << c.placement << layers;
      EXPECT_LT(got.gradient, want.gradient * c.gradient_within) << c.placement << layers;
    }
  }
}

// With g = 0 nothing is taken off.
TEST(Placements, GpasStartsAsPreLayerNorm) {
  const AtStart gpas = at_start("gpas", 6), pre = at_start("pre", 6);
  EXPECT_EQ(gpas.stream, pre.stream);
  EXPECT_EQ(gpas.gradient, pre.gradient);
}

// The stream is SiLU(g) of it smaller, its gradient is what it was: with one g a sub-layer, and no
// norm at the end that would take the factor off again.
TEST(Placements, GpasShrinksTheStreamAndNotItsGradient) {
  const torch::Tensor x = torch::tensor({0.5, -2.0, 3.0, 1.0}).unsqueeze(0);
  PlacementOptions options;
  options.stack = "decoder";
  options.layers = options.decoder_layers = 1;
  options.sublayers = {"ffn"};
  options.d_model = 4;
  options.norm = "rmsnorm";
  const auto placement = make_placement("gpas", options);
  placement->named_parameters()["0.ffn_scale"].data().fill_(1.5);
  Stream stream{x.clone().requires_grad_(), {}};
  const torch::Tensor in = stream.x;
  const Sublayer nothing[] = {{"ffn", [](const torch::Tensor& v) { return 0 * v; }}};
  placement->block(0, stream, nothing);
  const double silu = 1.5 / (1 + std::exp(-1.5));
  EXPECT_TRUE(torch::allclose(stream.x, (1 - silu) * x, 1e-6));
  stream.x.sum().backward();
  EXPECT_TRUE(torch::equal(in.grad(), torch::ones({1, 4})));
}

// DLCL's figures by the same rule: block l reads the mean e_l of l normalised vectors and gives
// y_l = e_l + what it adds, of variance v. The recursion over l runs in the basis of what each
// block adds; the gradient's downwards, in the basis of what comes through each block's branches.
AtStart dlcl(int64_t layers, double v) {
  const auto n = static_cast<size_t>(layers);
  using Vector = std::vector<double>;  // coefficients of x_0 and of what block l = 1..L adds
  const auto dot = [](const Vector& a, const Vector& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const auto add = [](Vector& to, const Vector& from, double factor) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
  };
  std::vector<Vector> normed(n + 1, Vector(n + 1));
  Vector read(n + 1), written(n + 1);  // |e_l|^2, |y_l|^2
  normed[0][0] = 1;
  for (size_t l = 1; l <= n; ++l) {
    Vector y(n + 1);
    for (size_t k = 0; k < l; ++k) add(y, normed[k], 1.0 / static_cast<double>(l));
    read[l] = dot(y, y);
    y[l] += std::sqrt(v);
    written[l] = dot(y, y);
    add(normed[l], y, 1 / std::sqrt(written[l]));
  }
  // Downwards: of e_l, where the gradient of y_l and what comes through the branches meet.
  std::vector<Vector> gradient(n + 2, Vector(n + 2));
  gradient[n + 1][0] = 1;  // of the last mixture
  Vector length(n + 1);
  for (size_t l = n; l >= 1; --l) {
    for (size_t m = l + 1; m <= n + 1; ++m) {
      add(gradient[l], gradient[m], 1 / (static_cast<double>(m) * std::sqrt(written[l])));
    }
    length[l] = std::sqrt(dot(gradient[l], gradient[l]));
    gradient[l][l] += std::sqrt(v / read[l]) * length[l];
  }
  return {std::sqrt(written[n]), length[n] / length[1]};
}

// v is 0.127 + 0.32 where positions are independent, of attention (1 + 1/2 + .. + 1/32) / 32 and of
// Xavier's ReLU network, and 1 + 0.32 where they are alike: between the two, and a factor of 1.3.
TEST(Placements, DlclHasTheSignatureOfItsRecursionAtTheStart) {
  for (const int64_t layers : {6, 48}) {
    const AtStart got = at_start("dlcl", layers);
    const AtStart apart = dlcl(layers, 0.447), alike = dlcl(layers, 1.32);
    print("dlcl", layers, got);
    EXPECT_GT(got.stream, apart.stream / 1.3) << layers;
    EXPECT_LT(got.stream, alike.stream * 1.3) << layers;
    EXPECT_GT(got.gradient, apart.gradient / 1.3) << layers;
    EXPECT_LT(got.gradient, alike.gradient * 1.3) << layers;
  }
}

// A decoder's six blocks, whose cross-attention reads one vector a sentence: it adds a variance of
// 1 to every position, alike, and gives nothing of the gradient back, where self-attention and the
// feed-forward network give back on the way down what a norm over their sum takes. By the rule
// above, v_s being self-attention's variance, from 0.13 where positions differ to 1 where they are
// alike:
//   post: the norm after cross-attention halves the square of the gradient, 2^(5/2) = 5.7 over
//     five blocks: the growth that needs warm-up, and that a decoder without cross-attention has
//     not.
//   hybrid: one norm a block takes 1 of 2.32 + v_s, 2.5 to 3.7.
//   b2t: past the norms goes 1 of 2.32, through them half of 1.32: (2.32 / 1.66)^(5/2) = 2.3.
//   residual: what post leaves of it, and the other stream's 1 / 3.5: 1 / sqrt(2^-5 + 1 / 12) =
//     2.95.
//   deepnorm: of alpha^2 = 4.2 a branch of variance beta^4 = 0.014 takes next to nothing.
//   pre, admin, parallel: the stream gains 1.32 + v_s a block, a root of 9.7 to 14.9; the gradient
//     falls with 1 / stream as far as branches give back, 0.84 to 0.6.
//   peri, olmo2: 3 a block, sqrt(19) = 4.36; 0.59 to 0.77.
//   lns: its own branches are divided by the block's number, cross-attention, whose memory has no
//     norm here, is not: sqrt(1 + 6 + 2.45 (0.32 + v_s)), 2.9 to 3.2; what w2 reads is 1 /
//     sqrt(6).
//   keel, layerscale, ngpt: as without cross-attention, whose branch is scaled as the others are.
// Of the rest what stays is that cross-attention does not make the gradient grow.
TEST(Placements, HaveTheirSignatureUnderCrossAttention) {
  const struct {
    const char* placement;
    AtStart want;
    double stream_within, gradient_within;  // factors
  } cases[] = {
      {"post", {1, 5.66}, 1 + 1e-3, 1.5},    {"hybrid", {1.18, 3}, 1.1, 1.5},
      {"b2t", {1, 2.3}, 1 + 1e-3, 1.5},      {"residual", {3.5, 2.95}, 1.2, 1.5},
      {"deepnorm", {1, 1}, 1 + 1e-3, 1.1},   {"pre", {3.5, 0.7}, 1.2, 1.4},
      {"admin", {1, 0.7}, 1 + 1e-3, 1.4},    {"parallel", {3.5, 0.7}, 1.2, 1.4},
      {"peri", {4.36, 0.68}, 1.1, 1.3},      {"olmo2", {4.36, 0.68}, 1.1, 1.3},
      {"lns", {3.05, 0.38}, 1.2, 1.4},       {"keel", {1, 0.1}, 1 + 1e-3, 1.5},
      {"gpas", {3.5, 0.7}, 1.2, 1.4},        {"parallel_two", {3.5, 0.7}, 1.2, 1.4},
      {"peri_embedding", {4.36, 0.68}, 1.1, 1.3}, {"hybrid_star", {1.18, 3}, 1.1, 1.9},
      {"layerscale", {1.03, 1}, 1.03, 1.05}, {"ngpt", {0.125, 1}, 1 + 1e-5, 1.1},
      {"mix", {3.5, 0.7}, 1.2, 1.4},         {"sub_ln", {7.5, 0.5}, 1.5, 1.9},
      {"normformer", {4.5, 0.5}, 1.5, 1.9},  {"siamese", {5.5, 0.6}, 1.5, 1.6},
      {"dlcl", {1.4, 0.5}, 1.5, 1.9},
  };
  for (const auto& c : cases) {
    const AtStart got = at_start(c.placement, 6, Attention::kUniform, "none", Side::kCross);
    print(c.placement, 6, got);
    EXPECT_GT(got.stream, c.want.stream / c.stream_within) << c.placement;
    EXPECT_LT(got.stream, c.want.stream * c.stream_within) << c.placement;
    EXPECT_GT(got.gradient, c.want.gradient / c.gradient_within) << c.placement;
    EXPECT_LT(got.gradient, c.want.gradient * c.gradient_within) << c.placement;
  }
}

// An encoder's six blocks. Its positions average over all 32 where a decoder's do over those before
// them, 4 / 32 of the variance in the mean: the first blocks add 0.32 + 1 / 32 where a decoder's
// add 0.32 + 0.13, and the later ones, whose positions are alike by then, the same. So the figures
// are a decoder's, with a stream that is up to 1.2 times less and a gradient that falls less by as
// much, but for those with a norm on the stream, whose gradients wander: a factor of 2.5, not 1.5.
// DeepNorm's and Sub-LN's constants are others: 0.81 (N^4 M)^(1/16) and sqrt(ln 3M ln 2N / 3).
TEST(Placements, HaveTheirSignatureInAnEncoder) {
  const struct {
    const char* placement;
    AtStart want;
    double gradient_within;  // a factor
  } cases[] = {
      {"post", {1, 1.1}, 2.5},       {"pre", {2.18, 0.53}, 1.5},     {"deepnorm", {1, 0.99}, 1.1},
      {"mix", {2.15, 0.51}, 1.5},    {"lns", {1.52, 0.32}, 1.5},     {"peri", {3.35, 0.49}, 1.5},
      {"olmo2", {3.38, 0.49}, 1.5},  {"sub_ln", {6.06, 0.34}, 1.5},  {"b2t", {1, 0.88}, 1.5},
      {"normformer", {3.92, 0.39}, 1.5},     {"residual", {2.34, 0.83}, 2.5},
      {"keel", {1, 0.10}, 1.5},      {"hybrid", {1.12, 1.17}, 2.5},  {"siamese", {4.33, 0.47}, 1.5},
      {"parallel", {2.18, 0.53}, 1.5},       {"parallel_two", {2.18, 0.53}, 1.5},
      {"admin", {1, 0.53}, 1.5},     {"dlcl", {1.14, 0.323}, 1.5},   {"gpas", {2.18, 0.53}, 1.5},
      {"layerscale", {1.019, 0.985}, 1.15},  {"ngpt", {0.125, 1}, 1.2},
      {"peri_embedding", {3.35, 0.49}, 1.5}, {"hybrid_star", {1.12, 1.3}, 2.5},
  };
  for (const auto& c : cases) {
    const AtStart got = at_start(c.placement, 6, Attention::kUniform, "none", Side::kEncoder);
    print(c.placement, 6, got);
    EXPECT_GT(got.stream, c.want.stream / 1.5) << c.placement;
    EXPECT_LT(got.stream, c.want.stream * 1.05) << c.placement;
    EXPECT_GT(got.gradient, c.want.gradient / c.gradient_within) << c.placement;
    EXPECT_LT(got.gradient, c.want.gradient * c.gradient_within) << c.placement;
  }
}

// Attention that reads a stream without a norm has scores that grow with its square: at depth they
// choose one position, and what lies before them is no longer reached. That is what QK-norm is for.
TEST(Placements, Olmo2NeedsItsQkNormAtDepth) {
  const double without = at_start("olmo2", 48, Attention::kSoftmax).gradient;
  const double with = at_start("olmo2", 48, Attention::kSoftmax, "full").gradient;
  std::printf("olmo2, softmax, 48 blocks: gradient last/first %.3g, with QK-norm %.3g\n", without,
              with);
  EXPECT_LT(without, 0.01);
  EXPECT_GT(with, 0.1);
}

// Without a norm the stream explodes; a branch that begins as nothing leaves it as it came.
TEST(Placements, WithoutANormOnlyReZeroKeepsTheStream) {
  EXPECT_GT(at_start("none", 48).stream, 1e6);
  torch::manual_seed(2);
  Alone model("rezero", 48);
  const torch::Tensor x = torch::randn({12, 64});
  EXPECT_TRUE(torch::equal(model.forward(x, 2, {}), x));
}

}  // namespace
}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/inspect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "models/parameter_names.h"
#include "models/stack.h"

namespace norma::models {
namespace {

constexpr double kOutlierDistance = 6;
constexpr int64_t kBefore = -2;  // the first block

double median_of(std::vector<double> values) {
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(middle), values.end());
  if (values.size() % 2 == 1) return values[middle];
  const double low = *std::max_element(values.begin(),
                                       values.begin() + static_cast<int64_t>(middle));
  return (low + values[middle]) / 2;
}

GainSummary summary_of(const std::string& name, const torch::Tensor& gain) {
  const torch::Tensor flat = gain.detach().to(torch::kFloat64).flatten().contiguous();
  const double* begin = flat.data_ptr<double>();
  const std::vector<double> values(begin, begin + flat.numel());
  GainSummary out{name, flat.numel(), *std::min_element(values.begin(), values.end()),
                  median_of(values), *std::max_element(values.begin(), values.end()), {}};
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - out.median));
  const double typical = median_of(distances);
  for (size_t c = 0; c < values.size(); ++c) {
    if (typical > 0 && distances[c] > kOutlierDistance * typical) {
      out.outliers.push_back(static_cast<int64_t>(c));
    }
  }
  std::stable_sort(out.outliers.begin(), out.outliers.end(), [&](int64_t a, int64_t b) {
    return distances[static_cast<size_t>(a)] > distances[static_cast<size_t>(b)];
  });
  return out;
}

bool is_stack(const std::string& name) {
  return name == "encoder" || name == "decoder" || name == "layers";
}

// What comes after all blocks is shown after them.
std::pair<std::string, int64_t> place_of(const std::string& stack, int64_t layer) {
  return {stack, layer == -1 ? std::numeric_limits<int64_t>::max() : layer};
}

}  // namespace

std::vector<BlockSummary> inspect_blocks(const Model& model) {
  std::map<std::pair<std::string, int64_t>, BlockSummary> blocks;
  const auto block = [&](const std::string& stack, int64_t layer) -> BlockSummary& {
    BlockSummary& found = blocks[place_of(stack, layer)];
    found.stack = stack;
    found.layer = layer;
    return found;
  };
  for (const auto& item : model.named_parameters()) {
    const std::vector<std::string> part = split_name(item.key());
    if (part.size() < 3 || !is_stack(part[0])) continue;
    const torch::Tensor& value = item.value();
    if (part[1] != "norms") {
      BlockSummary& b = block(part[0], std::stoll(part[1]));
      b.parameters += value.numel();
      b.length += value.detach().to(torch::kFloat64).square().sum().item<double>();
      continue;
    }
    const bool outside = part[2] == "final" || part[2] == "embedding";
    if (part.size() == 4 && !outside) {
      // The placement's own: scales, mixtures.
      block(part[0], std::stoll(part[2])).gains.push_back(summary_of(part[3], value));
    } else if (part.back() == "weight") {
      const int64_t layer = !outside ? std::stoll(part[2]) : part[2] == "final" ? -1 : kBefore;
      block(part[0], layer).gains.push_back(summary_of(outside ? part[2] : part[3], value));
    }
  }
  std::vector<BlockSummary> out;
  for (auto& [place, summary] : blocks) {
    summary.length = std::sqrt(summary.length);
    out.push_back(std::move(summary));
  }
  return out;
}

std::vector<DepthSummary> inspect_depths(Model& model, const std::vector<Batch>& batches,
                                         const std::function<void(const Batch&)>& read) {
  struct Sums {
    double squares = 0, elements = 0, most = 0, logit = -std::numeric_limits<double>::infinity();
  };
  std::map<std::pair<std::string, int64_t>, Sums> sums;
  const torch::NoGradGuard no_grad;
  const bool was_training = model.is_training();
  model.eval();
  model.set_stream_tap([&](const std::string& stack, int64_t layer, const torch::Tensor& x) {
    Sums& s = sums[place_of(stack, layer)];
    const torch::Tensor wide = x.to(torch::kFloat64);
    s.squares += wide.square().sum().item<double>();
    s.elements += static_cast<double>(wide.numel());
    s.most = std::max(s.most, wide.abs().max().item<double>());
  });
  for (const auto& module : model.modules(/*include_self=*/false)) {
    const auto stack = std::dynamic_pointer_cast<Stack>(module);
    if (!stack) continue;
    stack->set_attention_tap([&sums, name = stack->placement().stack()](
                                 int64_t layer, const torch::Tensor& query,
                                 const torch::Tensor& key, bool causal) {
      torch::Tensor scores = query.matmul(key.transpose(-1, -2)) /
                             std::sqrt(static_cast<double>(query.size(-1)));
      if (causal) {
        scores = scores.masked_fill(
            torch::ones({query.size(-2), key.size(-2)}, torch::kBool).triu(1),
            -std::numeric_limits<double>::infinity());
      }
      Sums& s = sums[place_of(name, layer + 1)];
      s.logit = std::max(s.logit, scores.max().item<double>());
    });
  }
  for (const Batch& batch : batches) {
    if (read) {
      read(batch);
    } else {
      model.logits_BTV(batch);
    }
  }
  model.set_stream_tap({});
  for (const auto& module : model.modules(/*include_self=*/false)) {
    if (const auto stack = std::dynamic_pointer_cast<Stack>(module)) stack->set_attention_tap({});
  }
  model.train(was_training);

  std::vector<DepthSummary> out;
  for (const auto& [place, s] : sums) {
    const double rms = std::sqrt(s.squares / s.elements);
    out.push_back({place.first,
                   place.second == std::numeric_limits<int64_t>::max() ? -1 : place.second, rms,
                   s.most / rms, std::isfinite(s.logit) ? s.logit : std::nan("")});
  }
  return out;
}

}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/evaluate.h"

#include <algorithm>
#include <numeric>

#include "models/decode.h"
#include "text/bleu.h"

namespace norma::lab {
namespace {

constexpr int64_t kTranslatedTogether = 32;

}  // namespace

Evaluation evaluate(models::Model& model, const std::vector<CountedBatch>& batches) {
  torch::NoGradGuard no_grad;
  const bool training = model.is_training();
  model.eval();
  double nats = 0, tokens = 0, right = 0;
  bool classifies = false;
  for (const CountedBatch& b : batches) {
    torch::Tensor mean;
    classifies = b.batch.features_BF.defined();
    if (classifies) {
      const torch::Tensor logits_B1V = model.logits_BTV(b.batch);
      const torch::Tensor& target_B1 = b.batch.target_out_BT;
      mean = models::loss(logits_B1V, target_B1, 0.0);
      right += logits_B1V.argmax(-1).eq(target_B1).sum().item<double>();
    } else {
      mean = model.loss(b.batch, 0.0);
    }
    nats += mean.item<double>() * static_cast<double>(b.tokens);
    tokens += static_cast<double>(b.tokens);
  }
  model.train(training);
  return {nats / tokens, classifies ? std::optional<double>(right / tokens) : std::nullopt};
}

std::vector<std::string> translate_lines(models::Model& model, const text::Tokenizer& tokenizer,
                                         const std::vector<std::string>& lines,
                                         const BleuRecipe& options) {
  std::vector<std::vector<int32_t>> encoded;
  for (const std::string& line : lines) encoded.push_back(tokenizer.encode(line));
  std::vector<size_t> order(lines.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&encoded](size_t a, size_t b) {
    return encoded[a].size() < encoded[b].size();
  });

  const models::BeamOptions beam = {options.beam, options.max_length, options.length_penalty};
  std::vector<std::string> out(lines.size());
  for (size_t begin = 0; begin < order.size(); begin += kTranslatedTogether) {
    const size_t end = std::min(order.size(), begin + kTranslatedTogether);
    std::vector<std::vector<int32_t>> rows;
    for (size_t i = begin; i < end; ++i) rows.push_back(encoded[order[i]]);
    const auto ids = models::translate(model, source_tensor(rows), beam);
    for (size_t i = begin; i < end; ++i) out[order[i]] = tokenizer.decode(ids[i - begin]);
  }
  return out;
}

Result<Translations> translate_held_out(models::Model& model, const Task& task,
                                        const BleuRecipe& options,
                                        const std::function<bool()>& stop) {
  const bool training = model.is_training();
  model.eval();
  const int64_t size = std::ssize(task.valid_pairs);
  const int64_t count = std::min(size, options.sentences);
  std::vector<std::string> sources, references, hypotheses;
  for (int64_t i = 0; i < count; ++i) {
    sources.push_back(task.valid_pairs[i * size / count].source);
    references.push_back(task.valid_pairs[i * size / count].target);
  }
  for (int64_t begin = 0; begin < count; begin += 4 * kTranslatedTogether) {
    if (stop()) return Status(StatusCode::kInterrupted, "interrupted while translating");
    const auto first = sources.begin() + begin;
    const auto last = sources.begin() + std::min(count, begin + 4 * kTranslatedTogether);
    const auto texts = translate_lines(model, *task.tokenizer, {first, last}, options);
    hypotheses.insert(hypotheses.end(), texts.begin(), texts.end());
  }
  model.train(training);
  Translations result;
  result.bleu = text::corpus_bleu(hypotheses, references).score;
  const int64_t kept = std::min(count, options.samples);
  for (int64_t i = 0; i < kept; ++i) {
    const int64_t at = i * count / kept;
    result.samples.push_back({sources[at], references[at], hypotheses[at]});
  }
  return result;
}

}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/decode.h"

#include <ATen/Parallel.h>

#include "models/beam_search.h"
#include "models/encoder_decoder.h"
#include "models/llama2c_sampling.h"
#include "models/sampling.h"
#include "text/special_tokens.h"

namespace norma::models {
namespace {

class EvaluationMode {
 public:
  explicit EvaluationMode(Model& model) : model_(model), was_training_(model.is_training()) {
    model.eval();
  }
  ~EvaluationMode() { model_.train(was_training_); }

 private:
  c10::InferenceMode inference_;
  Model& model_;
  const bool was_training_;
};

void select_rows(StackCache& cache, const torch::Tensor& rows) {
  for (std::vector<KeyValues>* list : {&cache.self, &cache.cross}) {
    for (KeyValues& entry : *list) entry.select_rows(rows);
  }
}

// Whether each row stays where it is, as most do in greedy search.
bool keeps_rows(const torch::Tensor& rows, int64_t count) {
  return rows.equal(torch::arange(count, torch::kInt64));
}

// A token of a small model is done before a second thread has heard of it, and on a busy machine
// each waits for the other.
class OneThreadIfSmall {
 public:
  explicit OneThreadIfSmall(const Model& model) {
    constexpr int64_t kSmall = 1 << 22;
    int64_t parameters = 0;
    for (const torch::Tensor& parameter : model.parameters()) parameters += parameter.numel();
    if (parameters < kSmall) at::set_num_threads(1);
  }
  ~OneThreadIfSmall() { at::set_num_threads(before_); }

 private:
  const int before_ = at::get_num_threads();
};

void forbid(const torch::Tensor& logits_RV, const std::vector<int32_t>& tokens) {
  for (const int64_t token : tokens) {
    logits_RV.select(1, token).fill_(-std::numeric_limits<double>::infinity());
  }
}

class TokenSampler {
 public:
  explicit TokenSampler(const SampleOptions& options)
      : options_(options), random_(options.seed), llama2c_random_(options.seed) {
    TORCH_CHECK(options.temperature >= 0, "[generate] temperature must not be negative but is ",
                options.temperature, ".");
    TORCH_CHECK(options.sampler != Sampler::kLlama2c || options.seed != 0,
                "[generate] the seed of llama2.c's generator must not be 0.");
  }
  int32_t operator()(std::span<const float> logits) {
    if (options_.sampler == Sampler::kLlama2c) {
      return sample_token_llama2c(logits, static_cast<float>(options_.temperature),
                                  static_cast<float>(options_.top_p), llama2c_random_);
    }
    return sample_token(logits, options_.temperature, options_.top_p, random_);
  }

 private:
  const SampleOptions& options_;
  SplitMix64 random_;
  XorshiftStar llama2c_random_;
};

}  // namespace

std::vector<std::vector<int32_t>> translate(Model& model, const torch::Tensor& source_BS,
                                            const BeamOptions& options) {
  auto* encdec = dynamic_cast<EncoderDecoder*>(&model);
  TORCH_CHECK(encdec, "[translate] needs an encoder-decoder, not family \"", model.config().family,
              "\".");
  const EvaluationMode evaluation(model);
  EncoderDecoder::Memory memory = encdec->encode(source_BS);
  StackCache cache = encdec->empty_cache();
  int64_t rows = 0;  // of the cache
  const auto next = [&](const torch::Tensor& parents, const torch::Tensor& tokens) {
    if (parents.defined() && !keeps_rows(parents, rows)) {
      select_rows(cache, parents);
      std::optional<torch::Tensor>& key_bias = memory.layout.key_bias_B11T;
      if (key_bias) key_bias = key_bias->index_select(0, parents);
    }
    rows = tokens.size(0);
    const torch::Tensor logits_RV = encdec->decode(tokens.unsqueeze(1), memory, &cache);
    forbid(logits_RV, {text::kPadId, text::kBosId});
    return logits_RV.log_softmax(1);
  };
  BeamOptions bounded = options;
  bounded.max_length = std::min(options.max_length, model.config().max_length);
  return beam_search(next, source_BS.size(0), bounded);
}

std::vector<int32_t> generate(Model& model, const std::vector<int32_t>& prompt,
                              const SampleOptions& options,
                              const std::function<bool(int32_t)>& on_token) {
  auto* decoder = dynamic_cast<LanguageModel*>(&model);
  TORCH_CHECK(decoder, "[generate] needs a model of a language, not family \"",
              model.config().family, "\".");
  TokenSampler sample(options);
  const EvaluationMode evaluation(model);
  const OneThreadIfSmall threads(model);
  const int64_t window = decoder->window();
  std::vector<int32_t> text = prompt.empty() ? std::vector<int32_t>{text::kBosId} : prompt;
  const size_t start = text.size();
  std::unique_ptr<LanguageModel::State> state = decoder->fresh_state(1);
  int64_t fresh = static_cast<int64_t>(text.size());  // tokens at the end that the state lacks
  int64_t cached = 0;
  for (int64_t step = 0; step < options.steps; ++step) {
    if (cached + fresh > window) {
      // The window is full: read its younger half again and go on.
      fresh = std::max<int64_t>(window / 2, 1);
      cached = 0;
      state = decoder->fresh_state(1);
    }
    const std::vector<int64_t> input(text.end() - fresh, text.end());
    const torch::Tensor logits =
        decoder->next_logits(torch::tensor(input, torch::kInt64).unsqueeze(0), state.get());
    cached += fresh;
    fresh = 1;
    const torch::Tensor last = logits.select(1, -1).to(torch::kFloat32).contiguous();
    forbid(last, options.never);
    const int32_t token = sample({last.data_ptr<float>(), static_cast<size_t>(last.numel())});
    if (std::count(options.ends.begin(), options.ends.end(), token) > 0) break;
    text.push_back(token);
    if (!on_token(token)) break;
  }
  return {text.begin() + static_cast<int64_t>(start), text.end()};
}

}  // namespace norma::models

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/nearest.h"
#include "json/json.h"
#include "models/norm_info.h"
#include "models/placement_info.h"

namespace norma::models {
namespace {

template <typename Config, typename Visit>
void for_each_field(Config& config, Visit visit) {
  visit("family", config.family);
  visit("norm", config.norm);
  visit("placement", config.placement);
  visit("qk_norm", config.qk_norm);
  visit("init", config.init);
  visit("vocab_size", config.vocab_size);
  visit("inputs", config.inputs);
  visit("d_model", config.d_model);
  visit("heads", config.heads);
  visit("kv_heads", config.kv_heads);
  visit("ffn", config.ffn);
  visit("encoder_layers", config.encoder_layers);
  visit("decoder_layers", config.decoder_layers);
  visit("max_length", config.max_length);
  visit("dropout", config.dropout);
  visit("norm_eps", config.norm_eps);
  visit("tie_embeddings", config.tie_embeddings);
  visit("output_bias", config.output_bias);
  visit("centered_positions", config.centered_positions);
}

Status check_name(const char* what, const std::string& word,
                  const std::vector<std::string>& known) {
  for (const std::string& name : known) {
    if (word == name) return {};
  }
  return invalid_argument(unknown_name(what, word, known));
}

Status check_range(const char* name, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return invalid_argument("[model] " + std::string(name) + " must be from " + std::to_string(low) +
                          " to " + std::to_string(high) + " but is " + std::to_string(value) + ".");
}

Status check_divides(const char* what, int64_t divisor, const char* of, int64_t value) {
  if (value % divisor == 0) return {};
  return invalid_argument("[model] " + std::string(what) + "=" + std::to_string(divisor) +
                          " must divide " + of + "=" + std::to_string(value) + ".");
}

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (size_t i = 0; i < names.size(); ++i) {
    all += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return all;
}

Status validate_converted(const ModelConfig& config) {
  const bool has_output =
      config.family == "encdec" || config.family == "gpt" || config.family == "llama";
  if (config.output_bias && (config.tie_embeddings || !has_output)) {
    return invalid_argument("[model] output_bias needs an output matrix of its own: an encdec, a "
                            "gpt or a llama without tie_embeddings.");
  }
  if (config.centered_positions && config.family != "encdec") {
    return invalid_argument("[model] centered_positions is for the sines of an encdec, not for a " +
                            config.family + ".");
  }
  return {};
}

Status validate_recurrent(const ModelConfig& config) {
  std::vector<std::string> takes = {"none", "gates"};
  if (config.family == "lstm") takes = {"none", "gates", "per_gate", "cell"};
  if (std::find(takes.begin(), takes.end(), config.placement) == takes.end()) {
    return invalid_argument("[model] placement must be " + listed(takes) + " in the family \"" +
                            config.family + "\" but is \"" + config.placement + "\".");
  }
  if (config.qk_norm != "none") {
    return invalid_argument("[model] qk_norm must be \"none\" in the family \"" + config.family +
                            "\": it has no queries and keys.");
  }
  return {};
}

Status validate_mlp(const ModelConfig& config) {
  const std::string& placement = config.placement;
  if (placement != "none" && placement != "pre" && placement != "post") {
    return invalid_argument("[model] placement must be none, pre (before the activation) or post "
                            "(after it) in the family \"mlp\" but is \"" + placement + "\".");
  }
  if (config.qk_norm != "none") {
    return invalid_argument("[model] qk_norm must be \"none\" in the family \"mlp\": it has no "
                            "queries and keys.");
  }
  if (config.init == "packed-xavier" || config.init == "small") {
    return invalid_argument("[model] init must be xavier, gpt2, normal or truncated in the family "
                            "\"mlp\" but is \"" + config.init + "\", which is about attention.");
  }
  return check_range("inputs", config.inputs, 1, 1 << 24);
}

// Where the statistics of a batch would say what they must not, or are no part of the model.
Status validate_batch_norm(const ModelConfig& config) {
  const std::string& family = config.family;
  const bool lstm = family == "lstm" && config.placement == "gates";
  if (family == "mlp" || lstm || !applies_norm(config)) return {};
  const std::string refused =
      "[model] norm must not be \"batchnorm\" in the family \"" + family + "\"";
  if (is_recurrent(family)) {
    return invalid_argument(refused + " with placement \"" + config.placement +
                            "\": the one recurrent net with statistics of its own for each "
                            "position (Cooijmans et al. 2016) is lstm with placement gates. Take "
                            "that, or another norm.");
  }
  if (family != "bert") {
    return invalid_argument(
        refused +
        ": its statistics are those of all texts and positions of a batch, so that a decoder "
        "would be told of the positions it is to predict. Use layernorm or rmsnorm, or the "
        "encoder bert.");
  }
  if (config.placement == "admin") {
    return invalid_argument(
        refused + " with placement \"admin\", whose start is measured in a model that evaluates: "
        "it has no running statistics yet. Use another placement.");
  }
  return {};
}

}  // namespace

bool is_recurrent(const std::string& family) {
  return family == "rnn" || family == "gru" || family == "lstm";
}

Status validate(const ModelConfig& config) {
  NORMA_RETURN_IF_ERROR(check_name("model", config.family, known_families()));
  if (const auto& known = known_norms();
      std::find(known.begin(), known.end(), config.norm) == known.end()) {
    return invalid_argument(unknown_norm(config.norm));
  }
  if (find_placement(config.placement) == nullptr) {
    return invalid_argument(unknown_placement(config.placement));
  }
  NORMA_RETURN_IF_ERROR(check_name("qk_norm", config.qk_norm, known_qk_norms()));
  NORMA_RETURN_IF_ERROR(check_name("init", config.init, known_inits()));
  constexpr int64_t kMost = 1 << 24;
  NORMA_RETURN_IF_ERROR(check_range("vocab_size", config.vocab_size, 1, kMost));
  NORMA_RETURN_IF_ERROR(check_range("d_model", config.d_model, 1, kMost));
  NORMA_RETURN_IF_ERROR(check_range("decoder_layers", config.decoder_layers, 1, 100000));
  NORMA_RETURN_IF_ERROR(check_range("max_length", config.max_length, 1, kMost));
  if (!(config.dropout >= 0 && config.dropout < 1)) {
    return invalid_argument("[model] dropout must be at least 0 and below 1 but is " +
                            std::to_string(config.dropout) + ".");
  }
  if (!(config.norm_eps >= 0 && std::isfinite(config.norm_eps))) {
    return invalid_argument("[model] norm_eps must be finite and not negative but is " +
                            std::to_string(config.norm_eps) + ".");
  }
  NORMA_RETURN_IF_ERROR(validate_converted(config));
  if (config.norm == "batchnorm") NORMA_RETURN_IF_ERROR(validate_batch_norm(config));
  if (is_recurrent(config.family)) return validate_recurrent(config);
  if (config.family == "mlp") return validate_mlp(config);
  NORMA_RETURN_IF_ERROR(check_range("heads", config.heads, 1, config.d_model));
  NORMA_RETURN_IF_ERROR(check_range("kv_heads", config.kv_heads, 0, config.heads));
  NORMA_RETURN_IF_ERROR(check_range("ffn", config.ffn, 1, kMost));
  NORMA_RETURN_IF_ERROR(check_divides("heads", config.heads, "d_model", config.d_model));
  if (config.kv_heads) {
    NORMA_RETURN_IF_ERROR(check_divides("kv_heads", config.kv_heads, "heads", config.heads));
  }
  if (config.family == "encdec" || config.family == "bert") {
    // They have no grouped queries; the initialisation would follow a width that is not there.
    if (config.kv_heads != 0 && config.kv_heads != config.heads) {
      return invalid_argument("[model] kv_heads must be 0 or heads=" +
                              std::to_string(config.heads) + " in the family " + config.family +
                              " but is " +
                              std::to_string(config.kv_heads) + ". Leave it out, or choose llama.");
    }
    NORMA_RETURN_IF_ERROR(check_range("encoder_layers", config.encoder_layers, 1, 100000));
  }
  if (config.family == "llama") {
    NORMA_RETURN_IF_ERROR(check_divides("2 (pairs that rotary positions turn)", 2,
                                        "the width of a head, d_model/heads",
                                        config.d_model / config.heads));
  }
  const PlacementInfo* placement = find_placement(config.placement);
  if (placement->recurrent) {
    return invalid_argument("[model] placement \"" + config.placement +
                            "\" stands inside a recurrent cell: family \"" + config.family +
                            "\" takes " + listed(stack_placements()) + ".");
  }
  const std::string refusal = placement->refusal ? placement->refusal(config) : "";
  if (!refusal.empty()) {
    return invalid_argument("[model] placement \"" + config.placement + "\" " + refusal + ".");
  }
  return {};
}

const std::vector<std::string>& known_qk_norms() {
  static const std::vector<std::string> names = {"none", "head", "full"};
  return names;
}

std::string to_json(const ModelConfig& config) {
  nlohmann::ordered_json json;
  for_each_field(config, [&](const char* name, const auto& value) { json[name] = value; });
  return json.dump();
}

Result<ModelConfig> model_config_from_json(const std::string& text) {
  const Result<nlohmann::json> parsed = parse_json(text, 2);
  if (!parsed.ok() || !parsed.value().is_object()) {
    return Status(StatusCode::kDataLoss, "[model] the model's description is not a JSON object.");
  }
  const nlohmann::json& json = parsed.value();
  ModelConfig config;
  std::vector<std::string> known;
  std::string wrong_type;
  for_each_field(config, [&](const char* name, auto& value) {
    known.emplace_back(name);
    if (!json.contains(name)) return;
    try {
      value = json[name].template get<std::decay_t<decltype(value)>>();
    } catch (const nlohmann::json::exception&) {
      wrong_type = name;
    }
  });
  if (!wrong_type.empty()) {
    return invalid_argument("[model] " + wrong_type + " cannot be " + json[wrong_type].dump() +
                            ".");
  }
  for (const auto& item : json.items()) {
    NORMA_RETURN_IF_ERROR(check_name("model setting", item.key(), known));
  }
  return config;
}

}  // namespace norma::models

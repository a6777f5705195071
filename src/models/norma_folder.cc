// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/norma_folder.h"

#include <fmt/core.h>

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/atomic_file.h"
#include "models/hugging_face_rotary.h"
#include "weights/safetensors.h"

namespace norma::models {
namespace {

using nlohmann::json;

json rotary_json(const RotaryOptions& rotary) {
  json out = {{"rope_type", "default"}, {"rope_theta", rotary.base}};
  if (rotary.factor != 1) {
    out["rope_type"] = "linear";
    out["factor"] = rotary.factor;
  }
  if (rotary.original_positions > 0) {
    out["rope_type"] = "llama3";
    out["factor"] = rotary.factor;
    out["original_max_position_embeddings"] = rotary.original_positions;
    out["low_freq_factor"] = rotary.low_frequency;
    out["high_freq_factor"] = rotary.high_frequency;
  }
  return out;
}

bool has_place(const DecoderOptions& o) {
  return !o.local_rotary && o.windows.empty() && o.attention_scale == 0 &&
         o.attention_softcap == 0 && o.embedding_scale == 1 && o.logit_softcap == 0 && !o.geglu;
}

}  // namespace

Status write_norma_folder(const std::string& folder, const HuggingFaceModel& model) {
  const DecoderOnly& decoder = *model.model;
  if (!has_place(decoder.options())) {
    return Status(StatusCode::kUnsupported,
                  "the model has windows, soft-capping, GeGLU or scales of its own, which a folder "
                  "of norma has no place for.");
  }
  json config = {{"model_type", kNormaModelType},
                 {"model", json::parse(to_json(decoder.config()))},
                 {"bos_token_id", model.bos},
                 {"eos_token_id", model.ends},
                 {"rope_parameters", rotary_json(decoder.options().rotary)}};
  if (decoder.options().erf_gelu) config["activation_function"] = "gelu";
  if (decoder.options().head_width) config["head_dim"] = decoder.options().head_width;

  std::vector<torch::Tensor> alive;
  std::map<std::string, weights::TensorInfo> tensors;
  for (const auto& item : decoder.named_parameters()) {
    alive.push_back(item.value().detach().contiguous());
    const torch::Tensor& t = alive.back();
    tensors[item.key()] = {"F32", t.sizes().vec(), t.data_ptr<float>(), t.nbytes()};
  }
  NORMA_RETURN_IF_ERROR(weights::write_safetensors(folder + "/model.safetensors", tensors, {}));
  return write_file_atomically(folder + "/config.json", {config.dump(2), "\n"});
}

Status read_norma_decoder(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  const json& described = config.at("model");
  if (!described.is_object()) return config.damaged("model must be an object");
  const Result<ModelConfig> model = model_config_from_json(described.dump());
  if (!model.ok()) return config.damaged(model.status().message());
  decoder->model = model.value();
  if (const Status valid = validate(decoder->model); !valid.ok()) {
    return config.damaged(valid.message());
  }
  if (decoder->model.family != "gpt" && decoder->model.family != "llama") {
    return config.damaged("the family must be gpt or llama but is " + decoder->model.family);
  }
  if (decoder->model.family == "gpt") {
    NORMA_RETURN_IF_ERROR(config.must_be("activation_function", "gelu"));
    decoder->options.erf_gelu = !config.at("activation_function").is_null();
    return {};
  }
  NORMA_RETURN_IF_ERROR(read_head_width(config, decoder));
  return read_rotary(config, &decoder->options);
}

HuggingFaceTensor place_norma_decoder(const std::string& parameter, const HuggingFaceDecoder&) {
  return {.name = parameter};
}

}  // namespace norma::models

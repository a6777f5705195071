// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A decoder of ours in a folder like those of transformers, for what convert.h makes of real
// weights and no architecture of transformers is: model_type "norma", the configuration as it is,
// and parameters under their own names (model.h). load_hugging_face() reads it.
#pragma once

#include <string>

#include "base/status.h"
#include "models/hugging_face.h"
#include "models/hugging_face_decoders.h"

namespace norma::models {

inline constexpr char kNormaModelType[] = "norma";

// Writes config.json and model.safetensors into the folder, which is there. kUnsupported where
// options are set that the folder has no place for: windows, soft-capping, Gemma's scales.
Status write_norma_folder(const std::string& folder, const HuggingFaceModel& model);

Status read_norma_decoder(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder);
HuggingFaceTensor place_norma_decoder(const std::string& parameter,
                                      const HuggingFaceDecoder& decoder);

}  // namespace norma::models

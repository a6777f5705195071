// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A model of llama2.c (weights/llama2c.h) as a LLaMA of ours: family llama, rmsnorm, pre.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "models/decoder_only.h"

namespace norma::models {

// In evaluation mode. Its parameters lie in the mapped file: nothing is copied, a page is read when
// it is first used, and who trains it gets pages of their own. kDataLoss or kUnsupported, naming
// the file, where it is no such model.
Result<std::shared_ptr<DecoderOnly>> load_llama2c(const std::string& path);

}  // namespace norma::models

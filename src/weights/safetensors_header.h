// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The JSON header of a safetensors file, apart from files and memory maps.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weights/safetensors.h"

namespace norma::weights {

struct SafetensorsHeader {
  // `data` points into the data section that was passed in.
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
};

// The whole bytes of a file. Errors are kDataLoss and say what is wrong, without the file's name.
Result<SafetensorsHeader> parse_safetensors(std::string_view file);

// The length field and the header, padded with spaces to a multiple of 8, and in `order` the names
// of the tensors as their bytes must follow: large elements first, so that each is aligned.
Result<std::string> make_safetensors_header(const std::map<std::string, TensorInfo>& tensors,
                                            const std::map<std::string, std::string>& metadata,
                                            std::vector<std::string>* order);

}  // namespace norma::weights

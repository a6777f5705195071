// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Parts of our parameters' names (model.h), which readers turn into those of other houses.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

namespace norma::models {

// "decoder.0.ffn" becomes decoder, 0, ffn.
inline std::vector<std::string> split_name(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream stream(name);
  for (std::string part; std::getline(stream, part, '.');) parts.push_back(part);
  return parts;
}

// Of "<stack>.<layer>.self.q.weight" {layer, "self.q", "weight"}; of a block's norm,
// "<stack>.norms.<layer>.ffn_out.weight", {layer, "ffn_out", "weight"}.
struct ParameterPlace {
  int64_t layer = 0;
  std::string name, kind;
};

inline ParameterPlace place_of_parameter(const std::string& parameter) {
  std::string rest = parameter.substr(parameter.find('.') + 1);
  if (rest.starts_with("norms.")) rest = rest.substr(6);
  const size_t first = rest.find('.'), last = rest.rfind('.');
  return {std::stoll(rest), rest.substr(first + 1, last - first - 1), rest.substr(last + 1)};
}

}  // namespace norma::models

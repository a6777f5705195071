// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The safetensors file format: 8 bytes little-endian header length, a JSON header, raw tensor
// bytes. The one checkpoint format of the project. Hostile files are refused with the reason.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace norma::weights {

// "F32", "F64", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"
struct TensorInfo {
  std::string dtype;
  std::vector<int64_t> shape;
  const void* data = nullptr;  // owned by the SafetensorsFile (mapped) or by the writer's caller
  size_t bytes = 0;
};

// A file mapped into memory; tensors point into it while this object lives.
class SafetensorsFile {
 public:
  static Result<SafetensorsFile> open(const std::string& path);
  const std::map<std::string, TensorInfo>& tensors() const;
  const std::map<std::string, std::string>& metadata() const;  // "__metadata__"

 private:
  struct Mapping;
  std::shared_ptr<const Mapping> mapping_;
};

// Writes all of it or nothing: a temporary file beside `path`, fsync, rename. What stood at `path`
// stays whole on failure.
Status write_safetensors(const std::string& path, const std::map<std::string, TensorInfo>& tensors,
                         const std::map<std::string, std::string>& metadata);

}  // namespace norma::weights

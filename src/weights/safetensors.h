// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The safetensors file format (github.com/huggingface/safetensors, "Format"): 8 bytes little-endian
// header length, a JSON header, raw tensor bytes. The one checkpoint format of the project. Hostile
// files are refused with the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace norma::weights {

struct TensorInfo {
  // "F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I64", "I32", "I16", "I8", "U64", "U32",
  // "U16", "U8", "BOOL"; little-endian.
  std::string dtype;
  std::vector<int64_t> shape;  // empty: a scalar; a zero in it: no bytes
  // Row-major. Owned by the SafetensorsFile (mapped) or by the writer's caller; may be null where
  // bytes is 0. A file may put a tensor at any byte: read it with memcpy unless the alignment is
  // checked. Files of write_safetensors() align every tensor to its element.
  const void* data = nullptr;
  size_t bytes = 0;  // number of elements times size of one
};

// A file mapped into memory; tensors point into it while this object or a copy of it lives. The
// file may be replaced or removed meanwhile (as write_safetensors() does), but must not be cut.
class SafetensorsFile {
 public:
  // Everything is checked here: after it, each tensor has its dtype's and shape's size and lies
  // within the file, and together they cover it without hole or overlap. kNotFound or kIo where it
  // cannot be read, kDataLoss where it is not such a file.
  static Result<SafetensorsFile> open(const std::string& path);

  const std::map<std::string, TensorInfo>& tensors() const;
  const std::map<std::string, std::string>& metadata() const;  // "__metadata__"

 private:
  struct Mapping;
  std::shared_ptr<const Mapping> mapping_;
};

// Writes all of it or nothing (base/atomic_file.h): what stood at `path` stays whole on failure.
// The tensors are written from where they lie, without a copy. kInvalidArgument for an unknown
// dtype, bytes that do not follow from the shape, or a name that is not UTF-8.
Status write_safetensors(const std::string& path, const std::map<std::string, TensorInfo>& tensors,
                         const std::map<std::string, std::string>& metadata);

}  // namespace norma::weights

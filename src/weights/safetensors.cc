// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "weights/safetensors.h"

#include "base/atomic_file.h"
#include "base/mapped_file.h"
#include "weights/safetensors_header.h"

namespace norma::weights {

struct SafetensorsFile::Mapping {
  std::shared_ptr<const MappedFile> file;
  SafetensorsHeader header;
};

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  const Result<std::shared_ptr<const MappedFile>> mapped =
      MappedFile::open(path, "safetensors file");
  if (!mapped.ok()) return mapped.status();
  Result<SafetensorsHeader> header = parse_safetensors(mapped.value()->bytes());
  if (!header.ok()) {
    return Status(header.status().code(), path + " is not a whole safetensors file: " +
                                              header.status().message() +
                                              ". Use another copy or make it anew.");
  }
  SafetensorsFile file;
  file.mapping_ = std::make_shared<Mapping>(Mapping{mapped.value(), std::move(header.value())});
  return file;
}

const std::map<std::string, TensorInfo>& SafetensorsFile::tensors() const {
  return mapping_->header.tensors;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return mapping_->header.metadata;
}

Status write_safetensors(const std::string& path, const std::map<std::string, TensorInfo>& tensors,
                         const std::map<std::string, std::string>& metadata) {
  std::vector<std::string> order;
  const Result<std::string> header = make_safetensors_header(tensors, metadata, &order);
  if (!header.ok()) return header.status();
  std::vector<std::string_view> parts = {header.value()};
  for (const std::string& name : order) {
    const TensorInfo& tensor = tensors.at(name);
    parts.emplace_back(static_cast<const char*>(tensor.data), tensor.bytes);
  }
  return write_file_atomically(path, parts);
}

}  // namespace norma::weights

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A file mapped into memory: read where it lies, page by page as it is needed, without a copy.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace norma {

class MappedFile {
 public:
  // `what` names the kind of file in the remedy of an error: "safetensors file". Folders, pipes and
  // devices are refused. An empty file is empty bytes.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path,
                                                        const std::string& what);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // They last as long as this object. The file may be replaced or removed meanwhile, but must not
  // be cut. Who writes to them gets a page of their own; the file never changes.
  std::string_view bytes() const { return {static_cast<const char*>(address_), size_}; }

 private:
  MappedFile() = default;

  void* address_ = nullptr;
  size_t size_ = 0;
};

// Bytes of a mapped file that nobody has written to and nobody needs soon: their whole pages leave
// the memory, and are read again where somebody does.
void forget_pages(const void* data, size_t bytes);

}  // namespace norma

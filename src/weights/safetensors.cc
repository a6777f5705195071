// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "weights/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/atomic_file.h"
#include "base/io_error.h"
#include "weights/safetensors_header.h"

namespace norma::weights {
namespace {

Status cannot_read(const std::string& path, int error) {
  return io_error("read", path, error, "Give the path of a safetensors file.");
}

}  // namespace

struct SafetensorsFile::Mapping {
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (address != nullptr) ::munmap(address, size);
  }

  Status map(const std::string& path) {
    // A pipe would block in open() without O_NONBLOCK; files do not know it.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return cannot_read(path, errno);
    struct stat info;
    int error = ::fstat(fd, &info) != 0 ? errno : 0;
    if (error == 0 && !S_ISREG(info.st_mode)) error = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    // An empty file cannot be mapped, and is refused by the parser.
    if (error == 0 && info.st_size > 0) {
      size = static_cast<size_t>(info.st_size);
      void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (mapped == MAP_FAILED) {
        error = errno;
      } else {
        address = mapped;
      }
    }
    ::close(fd);
    return error == 0 ? Status() : cannot_read(path, error);
  }

  void* address = nullptr;
  size_t size = 0;
  SafetensorsHeader header;
};

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  auto mapping = std::make_shared<Mapping>();
  NORMA_RETURN_IF_ERROR(mapping->map(path));
  Result<SafetensorsHeader> header =
      parse_safetensors({static_cast<const char*>(mapping->address), mapping->size});
  if (!header.ok()) {
    return Status(header.status().code(), path + " is not a whole safetensors file: " +
                                              header.status().message() +
                                              ". Use another copy or make it anew.");
  }
  mapping->header = std::move(header.value());
  SafetensorsFile file;
  file.mapping_ = std::move(mapping);
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

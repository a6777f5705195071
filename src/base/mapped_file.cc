// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/io_error.h"

namespace norma {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path,
                                                           const std::string& what) {
  const auto cannot_read = [&](int error) {
    return io_error("read", path, error, "Give the path of a " + what + ".");
  };
  const std::shared_ptr<MappedFile> file(new MappedFile());
  // A pipe would block in open() without O_NONBLOCK; files do not know it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return cannot_read(errno);
  struct stat info;
  int error = ::fstat(fd, &info) != 0 ? errno : 0;
  if (error == 0 && !S_ISREG(info.st_mode)) error = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
  // An empty file cannot be mapped.
  if (error == 0 && info.st_size > 0) {
    file->size_ = static_cast<size_t>(info.st_size);
    void* mapped =
        ::mmap(nullptr, file->size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (mapped == MAP_FAILED) {
      error = errno;
    } else {
      file->address_ = mapped;
    }
  }
  ::close(fd);
  if (error != 0) return cannot_read(error);
  return std::shared_ptr<const MappedFile>(file);
}

MappedFile::~MappedFile() {
  if (address_ != nullptr) ::munmap(address_, size_);
}

void forget_pages(const void* data, size_t bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<uintptr_t>(data) + bytes) / page * page;
  // Where it fails there is only more in memory.
  if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace norma

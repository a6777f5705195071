// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/io_error.h"

namespace norma {
namespace {

constexpr char kMakeFolder[] = "Make its folder first, or choose another path.";

bool write_all(int fd, std::string_view part) {
  while (!part.empty()) {
    const ssize_t n = ::write(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    part.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// The name that the content gets: a rename to a symlink would replace the link, not what it means.
Result<std::string> behind_links(const std::string& path) {
  constexpr int kMostLinks = 40;  // as Linux follows
  std::filesystem::path at = path;
  for (int link = 0; link <= kMostLinks; ++link) {
    std::error_code no_link;
    const std::filesystem::path next = std::filesystem::read_symlink(at, no_link);
    if (no_link) return at.string();
    at = at.parent_path() / next;
  }
  return io_error("write", path, ELOOP, "Choose another path.");
}

// A device, a pipe or the like: it takes bytes and must stay what it is.
bool is_special(const std::string& path) {
  struct stat about;
  return ::stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode);
}

Status write_special(const std::string& path, const std::vector<std::string_view>& parts) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return io_error("write", path, errno, kMakeFolder);
  int error = 0;
  for (std::string_view part : parts) {
    if (error == 0 && !write_all(fd, part)) error = errno;
  }
  if (::close(fd) != 0 && error == 0) error = errno;
  return error == 0 ? Status() : io_error("write", path, error, kMakeFolder);
}

// A rename is durable only once the folder that holds the name is on disk.
void sync_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

void fail_point(const char* point) {
  const char* wanted = std::getenv("NORMA_FAIL_POINT");
  if (wanted == nullptr) return;
  const std::string text(wanted);
  const size_t colon = text.find(':');
  if (text.substr(0, colon) != point) return;
  static std::atomic<long> passes{0};
  const long nth = colon == std::string::npos ? 1 : std::atol(text.c_str() + colon + 1);
  if (++passes == nth) ::_exit(99);
}

Status write_file_atomically(const std::string& path, const std::vector<std::string_view>& parts) {
  if (is_special(path)) return write_special(path, parts);
  const Result<std::string> target = behind_links(path);
  if (!target.ok()) return target.status();
  const std::string temporary = target.value() + ".tmp." + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("write", path, errno, kMakeFolder);
  int error = 0;
  for (std::string_view part : parts) {
    if (!write_all(fd, part)) {
      error = errno;
      break;
    }
  }
  if (error == 0) {
    fail_point("after_temporary_write");
    if (::fsync(fd) != 0) error = errno;
  }
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error == 0) {
    fail_point("before_rename");
    if (::rename(temporary.c_str(), target.value().c_str()) != 0) error = errno;
  }
  if (error != 0) {
    ::unlink(temporary.c_str());
    return io_error("write", path, error, kMakeFolder);
  }
  sync_folder(folder_of(target.value()));
  return Status();
}

Status check_writable(const std::string& path) {
  if (is_special(path)) {
    return ::access(path.c_str(), W_OK) == 0 ? Status()
                                             : io_error("write", path, errno, kMakeFolder);
  }
  const Result<std::string> target = behind_links(path);
  if (!target.ok()) return target.status();
  std::error_code unknown;
  if (std::filesystem::is_directory(target.value(), unknown)) {
    return io_error("write", path, EISDIR, kMakeFolder);
  }
  const std::string beside = target.value() + ".tmp." + std::to_string(::getpid());
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("write", path, errno, kMakeFolder);
  ::close(fd);
  ::unlink(beside.c_str());
  return Status();
}

Result<std::string> read_file(const std::string& path, const std::string& where_absent) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error("read", path, errno, where_absent);
  std::string content;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      ::close(fd);
      return io_error("read", path, error, where_absent);
    }
    if (n == 0) break;
    content.append(buffer, static_cast<size_t>(n));
  }
  ::close(fd);
  return content;
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    return errno == ENOENT ? Status() : io_error("remove", path, errno);
  }
  sync_folder(folder_of(path));
  return Status();
}

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <regex>
#include <thread>
#include <vector>

#include "base/io_error.h"

namespace norma::lab {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

void remove_temporaries(const std::string& folder) {
  static const std::regex temporary(".+\\.tmp\\.[0-9]+");
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator i(folder, ignored), end; i != end; i.increment(ignored)) {
    if (std::regex_match(i->path().filename().string(), temporary)) found.push_back(i->path());
  }
  for (const fs::path& path : found) fs::remove(path, ignored);
}

}  // namespace

void FolderLock::release() {
  if (held()) ::close(fd_);
  fd_ = -1;
}

Status FolderLock::take(const std::string& folder, std::chrono::milliseconds patience) {
  if (held()) return Status();
  const std::string path = (fs::path(folder) / "lock").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("write", path, errno, "Choose another --out.");
  const Clock::time_point start = Clock::now();
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    // A file system that knows no locks must not be in the way.
    if (errno != EWOULDBLOCK) break;
    if (Clock::now() - start >= patience) {
      ::close(fd);
      return Status(StatusCode::kIo, folder + " is in use by another norma; wait for it or choose "
                                              "another --out.");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  fd_ = fd;
  remove_temporaries(folder);
  return Status();
}

}  // namespace norma::lab

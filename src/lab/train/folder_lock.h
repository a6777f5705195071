// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One norma at a time writes into a run folder.
#pragma once

#include <chrono>
#include <string>

#include "base/status.h"

namespace norma::lab {

// A flock on FOLDER/lock while this object lives; it goes with the process, however that ends.
// The file stays: removing it would let two processes lock two files of the same name.
class FolderLock {
 public:
  FolderLock() = default;
  ~FolderLock() { release(); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  // REQUIRES: the folder is there. Where another process holds it, waits for `patience` and is an
  // error then. With the lock, removes what killed writes have left in the folder
  // (base/atomic_file.h). Nothing to do where it is held already.
  Status take(const std::string& folder, std::chrono::milliseconds patience = {});

  void release();
  bool held() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace norma::lab

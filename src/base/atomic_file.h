// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Files that are never half written: a temporary name beside the target, fsync,
// rename, fsync of the folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace norma {

// Where something stood at `path`, it stays whole unless the new content is complete on disk.
// A symlink stays, and the file that it leads to is replaced. A device or a pipe stays too: it gets
// the bytes one after the other, as far as it takes them.
// Under RLIMIT_FSIZE the error is seen only by a process that ignores SIGXFSZ.
Status write_file_atomically(const std::string& path, const std::vector<std::string_view>& parts);

// Whether write_file_atomically() can begin, for those who have long work to do before it. What
// stands at `path` stays.
Status check_writable(const std::string& path);

// The whole file as bytes. Errors name the path and the remedy; `where_absent` is the one where
// there is no such file.
Result<std::string> read_file(const std::string& path,
                              const std::string& where_absent = "Check the path.");

// Nothing where there is none. The name is gone from the disk once this returns.
Status remove_file(const std::string& path);

// Called at the named points of an atomic write: "after_temporary_write", when the system has all
// of the new content and the disk perhaps not, and "before_rename". Tests make it exit there: the
// environment variable NORMA_FAIL_POINT=<point>[:<nth time>] ends the process at once with code 99.
void fail_point(const char* point);

}  // namespace norma

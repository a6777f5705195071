// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/io_error.h"

#include <cerrno>
#include <cstring>

namespace norma {
namespace {

std::string remedy(int error, const std::string& otherwise) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "Free some space (or raise the file size limit) and try again; what stood there "
             "before is whole.";
    case EACCES:
    case EPERM:
    case EROFS:
      return "Change the permissions, or choose another path.";
    case EISDIR:
      return "It is a folder: give the path of a file.";
    case ENOTDIR:
      return "A part of the path is a file: choose another path.";
    case EMFILE:
    case ENFILE:
      return "Raise the limit of open files (ulimit -n), or end other programs.";
    default:
      return otherwise;
  }
}

}  // namespace

Status io_error(const std::string& doing, const std::string& path, int error,
                const std::string& otherwise) {
  const StatusCode code = error == ENOENT ? StatusCode::kNotFound : StatusCode::kIo;
  return Status(code, "cannot " + doing + " " + path + ": " + std::strerror(error) + ". " +
                          remedy(error, otherwise));
}

}  // namespace norma

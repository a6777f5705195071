// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/data/text_file.h"

#include <algorithm>

#include "base/atomic_file.h"
#include "text/utf8.h"

namespace norma::lab {

Result<std::string> read_text_file(const std::string& path) {
  Result<std::string> file = read_file(path);
  if (!file.ok()) {
    if (file.status().code() != StatusCode::kNotFound) return file.status();
    return Status(StatusCode::kNotFound,
                  "there is no file \"" + path + "\". Give the path of a text file, or run "
                  "`make data` for the built-in data sets.");
  }
  std::string& text = file.value();
  const size_t invalid = text::find_invalid_utf8(text);
  if (invalid != std::string::npos) {
    const auto at = text.begin() + static_cast<std::ptrdiff_t>(invalid);
    const auto line = 1 + std::count(text.begin(), at, '\n');
    const size_t start = invalid == 0 ? std::string::npos : text.rfind('\n', invalid - 1);
    const size_t byte = start == std::string::npos ? invalid + 1 : invalid - start;
    return invalid_argument(path + " is not UTF-8: line " + std::to_string(line) + ", byte " +
                            std::to_string(byte) + ". Convert it, for example with iconv.");
  }
  if (text.rfind("\xEF\xBB\xBF", 0) == 0) text.erase(0, 3);
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  if (text.empty()) return invalid_argument(path + " is empty. Give a file with text in it.");
  return file;
}

}  // namespace norma::lab

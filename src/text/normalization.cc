// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/normalization.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <new>

namespace norma::text {

std::string nfc(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &composed, options);
  if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  if (size < 0) return std::string(text);  // no valid UTF-8
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, std::free);
  return {reinterpret_cast<const char*>(composed), static_cast<size_t>(size)};
}

}  // namespace norma::text

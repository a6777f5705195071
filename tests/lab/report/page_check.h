// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A strict reading of a page, apart from the code that writes it: tags nest and close, and only
// known ones occur.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace norma::lab::report {

struct Tag {
  std::string name;
  std::map<std::string, std::string> attributes;  // values as written, not unescaped
};

struct PageCheck {
  std::vector<Tag> tags;  // in order, without closing ones
  std::string text;       // between the tags, without style and script
  std::string error;      // empty where the page is well formed

  size_t count(const std::string& name, const std::string& attribute,
               const std::string& value_starts_with) const;
  std::set<std::string> values(const std::string& attribute) const;
};

PageCheck check_page(const std::string& html);

}  // namespace norma::lab::report

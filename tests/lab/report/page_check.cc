// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "tests/lab/report/page_check.h"

#include <cctype>

namespace norma::lab::report {
namespace {

const std::set<std::string> kVoid = {"meta", "link", "input"};
const std::set<std::string> kKnownTags = {
    "html",    "head",  "meta", "link",   "title",   "style",   "body",   "main",       "header",
    "section", "h1",    "h2",   "p",      "ul",      "li",      "div",    "span",       "table",
    "thead",   "tbody", "tr",   "th",     "td",      "button",  "input",  "label",      "dl",
    "dt",      "dd",    "pre",  "figure", "details", "summary", "script", "figcaption", "svg",
    "g",       "path",  "rect", "text",   "circle"};

// Reads one page; stops at the first thing that is wrong.
class Reader {
 public:
  explicit Reader(const std::string& html) : html_(html) {}

  PageCheck read() {
    if (html_.rfind("<!doctype html>\n", 0) != 0) fail("no doctype");
    at_ = 16;
    while (at_ < html_.size() && page_.error.empty()) {
      const size_t next = html_.find('<', at_);
      page_.text += html_.substr(at_, next == std::string::npos ? next : next - at_);
      if (next == std::string::npos) break;
      at_ = next + 1;
      if (at_ < html_.size() && html_[at_] == '/') {
        close();
      } else {
        open();
      }
    }
    if (page_.error.empty() && !stack_.empty()) fail("not closed: " + stack_.back());
    return page_;
  }

 private:
  void fail(const std::string& what) {
    if (page_.error.empty())
      page_.error = what + " near: " + html_.substr(at_ < 60 ? 0 : at_ - 60, 120);
  }

  std::string word() {
    const size_t start = at_;
    while (at_ < html_.size() &&
           (std::isalnum(static_cast<unsigned char>(html_[at_])) || html_[at_] == '-'))
      ++at_;
    return html_.substr(start, at_ - start);
  }

  void close() {
    ++at_;
    const std::string name = word();
    if (stack_.empty() || stack_.back() != name) fail("</" + name + "> closes nothing");
    if (html_[at_] != '>') fail("no > after </" + name);
    ++at_;
    if (!stack_.empty()) stack_.pop_back();
  }

  void open() {
    Tag tag;
    tag.name = word();
    if (!kKnownTags.count(tag.name)) return fail("unknown tag <" + tag.name);
    while (at_ < html_.size() && html_[at_] == ' ') {
      ++at_;
      const std::string key = word();
      if (key.empty() || key.rfind("on", 0) == 0) return fail("attribute '" + key + "'");
      std::string value;
      if (html_.compare(at_, 2, "=\"") == 0) {
        const size_t end = html_.find('"', at_ + 2);
        if (end == std::string::npos) return fail("a value without end");
        value = html_.substr(at_ + 2, end - at_ - 2);
        if (value.find_first_of("<>") != std::string::npos)
          return fail("an unescaped value of " + key);
        at_ = end + 1;
      }
      if (!tag.attributes.emplace(key, value).second) return fail("twice: " + key);
    }
    const bool closes_itself = html_.compare(at_, 2, "/>") == 0;
    at_ += closes_itself;
    if (at_ >= html_.size() || html_[at_] != '>') return fail("no > after <" + tag.name);
    ++at_;
    page_.tags.push_back(tag);
    if (closes_itself || kVoid.count(tag.name)) return;
    stack_.push_back(tag.name);
    if (tag.name != "style" && tag.name != "script") return;
    at_ = html_.find("</" + tag.name + ">", at_);
    if (at_ == std::string::npos) fail("no end of " + tag.name);
  }

  const std::string& html_;
  size_t at_ = 0;
  std::vector<std::string> stack_;
  PageCheck page_;
};

}  // namespace

size_t PageCheck::count(const std::string& name, const std::string& attribute,
                        const std::string& start) const {
  size_t n = 0;
  for (const Tag& tag : tags) {
    const auto it = tag.attributes.find(attribute);
    n += tag.name == name && it != tag.attributes.end() && it->second.rfind(start, 0) == 0;
  }
  return n;
}

std::set<std::string> PageCheck::values(const std::string& attribute) const {
  std::set<std::string> found;
  for (const Tag& tag : tags) {
    if (tag.attributes.count(attribute)) found.insert(tag.attributes.at(attribute));
  }
  return found;
}

PageCheck check_page(const std::string& html) { return Reader(html).read(); }

}  // namespace norma::lab::report

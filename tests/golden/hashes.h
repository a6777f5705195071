// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A file of golden hashes: what was called and its hash, a line each, between the name of the
// contract and a hash of all of them. The hashes are the contract's, the same for every processor
// and compiler.
//
// NORMA_GOLDEN_CONTRACT=NAME writes the file. Where it is of that contract, lines may only be
// added: bits of a contract do not change. Another name, which docs/numerics.md then defines,
// writes all lines anew.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "base/atomic_file.h"
#include "base/hash.h"
#include "core/cpu/targets.h"

namespace norma::test {

inline std::string hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

class Hashes {
 public:
  explicit Hashes(const char* path) : path_(path) {
    const char* wanted = std::getenv("NORMA_GOLDEN_CONTRACT");
    writes_ = wanted != nullptr;
    read();
    const bool is_new = contract_.empty() && known_.empty();
    if (!is_new && !is_whole_) fail(path_ + " was changed by something else than this program");
    may_change_ = writes_ && contract_ != wanted;
    text_ = std::string("contract ") + (writes_ ? wanted : "") + "\n";
  }

  void fail(const std::string& what) {
    ++failures_;
    std::printf("%s\n", what.c_str());
  }

  // The next line.
  void meet(const std::string& key, uint64_t value) {
    const std::string hash = hex(value);
    if (!keys_.insert(key).second) fail("two cases are named: " + key);
    text_ += key + " " + hash + "\n";
    const auto found = known_.find(key);
    if (found == known_.end()) {
      if (!writes_) fail("no line for: " + key);
      return;
    }
    ++met_;
    if (!may_change_ && found->second != hash) {
      fail(key + ": " + hash + " is not the contract's " + found->second);
    }
  }

  // -> what the program returns.
  int finish() {
    if (!may_change_ && met_ != known_.size()) fail("lines of cases that are no more");
    std::printf("%s: %zu hashes met, %d failures; targets:", path_.c_str(), met_, failures_);
    for (const std::string& target : cpu::available_targets()) std::printf(" %s", target.c_str());
    std::printf("\n");
    if (!writes_ || failures_ > 0) return failures_ != 0;
    text_ += "these lines " + hex(fnv1a_64(text_)) + "\n";
    const Status written = write_file_atomically(path_, {text_});
    if (!written.ok()) fail(written.message());
    return !written.ok();
  }

 private:
  void read() {
    const Result<std::string> found = read_file(path_);
    const std::string text = found.ok() ? found.value() : "";
    std::string line;
    size_t begin = 0;
    for (std::istringstream lines(text); std::getline(lines, line); begin += line.size() + 1) {
      const size_t space = line.rfind(' ');
      if (space == std::string::npos) continue;
      const std::string key = line.substr(0, space), value = line.substr(space + 1);
      if (key == "contract") {
        contract_ = value;
      } else if (key == "these lines") {
        is_whole_ = value == hex(fnv1a_64(std::string_view(text).substr(0, begin))) &&
                    begin + line.size() + 1 == text.size();
      } else {
        known_[key] = value;
      }
    }
  }

  const std::string path_;
  bool writes_ = false, may_change_ = false;
  std::string contract_;
  std::map<std::string, std::string> known_;  // what was called -> hash
  bool is_whole_ = false;                     // the last line is the hash of the others
  std::set<std::string> keys_;  // of this run
  std::string text_;
  size_t met_ = 0;
  int failures_ = 0;
};

// Each case by the reference and by every target, which must agree, and against the lines of the
// file. hash(case, target or null for the reference, seed of its numbers). -> what the program
// returns.
template <class Cases, class Hash>
int check_cases(const char* path, const Cases& cases, const Hash& hash) {
  Hashes hashes(path);
  uint64_t seed = 1;
  for (const auto& c : cases) {
    const uint64_t expected = hash(c, nullptr, ++seed);
    for (const std::string& target : cpu::available_targets()) {
      if (hash(c, target.c_str(), seed) != expected) {
        hashes.fail(target + " differs from the reference: " + c.name());
      }
    }
    hashes.meet(c.name(), expected);
  }
  return hashes.finish();
}

}  // namespace norma::test

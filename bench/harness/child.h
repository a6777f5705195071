// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Another program that works for the bench: it is asked by lines and answers by lines.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace norma::bench {

// In a process group of its own, so that an interrupt at the terminal is this process's to handle.
// Its standard error is ours. Ends with this object.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  // 0, or the errno that says why not. The first word is the program, looked for in PATH.
  int start(const std::vector<std::string>& words, const std::vector<std::string>& environment);

  // False where nobody listens any more.
  bool say(const std::string& line);
  // Whether there is something to read, or the end, within a fifth of a second.
  bool ready() const;
  // Appends what there is; false at the end.
  bool read_some(std::string* text) const;
  // The next whole line, without its end, however long that takes; false at the end.
  bool read_line(std::string* line);
  // The status that waitpid gives.
  int wait();

 private:
  pid_t pid_ = -1;
  int input_ = -1, output_ = -1;
  std::string read_;  // beyond the last line
};

// This process's environment with variables, "NAME=value", instead of those of the same name.
std::vector<std::string> environment_with(const std::vector<std::string>& variables);

}  // namespace norma::bench

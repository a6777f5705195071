// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a command has of the terminal it runs in.
#pragma once

#include <string>

#include "base/status.h"

namespace norma::cli {

// From now on SIGINT and SIGTERM are noted instead of ending the process; a second one ends it.
void catch_interrupts();
bool interrupted();

// From now on SIGINT and SIGTERM end the process with kInterrupted and a line that says so: for
// what may be left at any moment.
void exit_on_interrupt();

// What was printed may still be in a buffer, and a full disk shows only when it is written.
Status flush_output();

// A line on standard error that is written over by the next one, cut to the terminal's width;
// nothing where standard error is not a terminal. The text is ASCII.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  bool on() const { return terminal_; }
  void show(const std::string& text);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
};

// "42 s", "3 min 05 s", "2 h 10 min"
std::string duration_text(double seconds);

}  // namespace norma::cli

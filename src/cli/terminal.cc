// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "cli/terminal.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "cli/command.h"

namespace norma::cli {
namespace {

volatile sig_atomic_t g_interrupts = 0;

void note_interrupt(int) {
  g_interrupts = g_interrupts + 1;
  if (g_interrupts > 1) ::_exit(kInterrupted);
}

void leave(int) {
  constexpr char kMessage[] = "norma: interrupted; nothing is left half written.\n";
  // There is nobody to tell where this fails.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  ::_exit(kInterrupted);
}

void on_interrupt(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  // Whoever started the program may have kept interrupts from it: a shell's job in the background.
  struct sigaction before = {};
  ::sigaction(SIGINT, nullptr, &before);
  if (before.sa_handler != SIG_IGN) ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

void catch_interrupts() { on_interrupt(note_interrupt); }

bool interrupted() { return g_interrupts > 0; }

void exit_on_interrupt() { on_interrupt(leave); }

Status flush_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good()) return Status();
  // An earlier write may have failed, whose reason is gone.
  const std::string reason = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
  return {StatusCode::kIo,
          "cannot write standard output" + reason + ". Free some space, or send it elsewhere."};
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::show(const std::string& text) {
  if (!terminal_) return;
  // A line that wraps would stay there: the next one is written over its last part alone.
  winsize size = {};
  size_t width = 80;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width = size.ws_col;
  fmt::print(stderr, "\r\033[K{}", text.substr(0, width - 1));
  std::fflush(stderr);
  shown_ = true;
}

void ProgressLine::clear() {
  if (shown_) fmt::print(stderr, "\r\033[K");
  shown_ = false;
}

std::string duration_text(double seconds) {
  const auto s = static_cast<int64_t>(std::lround(std::fmax(seconds, 0)));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02d} s", s / 60, s % 60);
  return fmt::format("{} h {:02d} min", s / 3600, s % 3600 / 60);
}

}  // namespace norma::cli

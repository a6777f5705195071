// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

extern char** environ;

namespace norma::bench {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

}  // namespace

Child::~Child() {
  if (pid_ > 0) kill(pid_, SIGKILL), wait();
  if (input_ >= 0) close(input_);
  if (output_ >= 0) close(output_);
}

int Child::start(const std::vector<std::string>& words,
                 const std::vector<std::string>& environment) {
  int ends[2], input[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  output_ = ends[0];
  // Not a pipe: writing to one that nobody reads is a signal, which would end this process.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) != 0) {
    const int error = errno;
    close(ends[1]);
    return error;
  }
  input_ = input[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  const int error = posix_spawnp(&pid_, words.front().c_str(), &actions, &attributes,
                                 pointers(words).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  close(input[1]);
  if (error != 0) pid_ = -1;
  return error;
}

bool Child::say(const std::string& line) {
  const std::string text = line + "\n";
  for (size_t at = 0; at < text.size();) {
    const ssize_t sent = send(input_, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return false;
    if (sent > 0) at += static_cast<size_t>(sent);
  }
  return true;
}

bool Child::ready() const {
  pollfd output{output_, POLLIN, 0};
  return poll(&output, 1, 200) > 0;
}

bool Child::read_some(std::string* text) const {
  char buffer[1 << 16];
  const ssize_t got = read(output_, buffer, sizeof buffer);
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  text->append(buffer, static_cast<size_t>(got));
  return got > 0;
}

bool Child::read_line(std::string* line) {
  size_t end;
  while ((end = read_.find('\n')) == std::string::npos) {
    if (!read_some(&read_)) return false;
  }
  *line = read_.substr(0, end);
  read_.erase(0, end + 1);
  return true;
}

int Child::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

std::vector<std::string> environment_with(const std::vector<std::string>& variables) {
  std::vector<std::string> list = variables;
  for (char** variable = environ; *variable; ++variable) {
    const std::string text = *variable, name = text.substr(0, text.find('=') + 1);
    const bool ours = std::any_of(variables.begin(), variables.end(),
                                  [&](const std::string& v) { return v.starts_with(name); });
    if (!ours) list.push_back(text);
  }
  return list;
}

}  // namespace norma::bench

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onnxruntime.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

extern char** environ;

namespace norma::bench {
namespace {

using nlohmann::json;

Status broken(const std::string& what) {
  return {StatusCode::kInternal, "[bench] onnxruntime: " + what};
}

// A program in a process group of its own, so that an interrupt at the terminal is this process's
// to handle, with a pipe from its standard output.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) kill(pid_, SIGKILL), wait();
    if (output_ >= 0) close(output_);
  }

  // 0, or the errno that says why not.
  int start(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
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
    if (error != 0) pid_ = -1;
    return error;
  }

  // Whether there is something to read, or the end, within a fifth of a second.
  bool ready() const {
    pollfd output{output_, POLLIN, 0};
    return poll(&output, 1, 200) > 0;
  }
  // Appends what there is; false at the end.
  bool read_some(std::string* text) const {
    char buffer[1 << 16];
    const ssize_t got = read(output_, buffer, sizeof buffer);
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    text->append(buffer, static_cast<size_t>(got));
    return got > 0;
  }
  // The status that waitpid gives.
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  static std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> list;
    for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
    list.push_back(nullptr);
    return list;
  }

  pid_t pid_ = -1;
  int output_ = -1;
};

// Of the child: this process's, but for the OpenMP threads, which are the copy's. They wait busily
// between two copies, and for a millisecond at most (of 30000 pauses), since ONNX Runtime's threads
// are others.
std::vector<std::string> environment_with(int threads) {
  const std::string count = "OMP_NUM_THREADS=", spin = "GOMP_SPINCOUNT=";
  std::vector<std::string> list = {count + std::to_string(threads), spin + "30000"};
  for (char** variable = environ; *variable; ++variable) {
    const std::string text = *variable;
    if (!text.starts_with(count) && !text.starts_with(spin)) list.push_back(text);
  }
  return list;
}

// Takes one line of the child. An error in it is the child's last word.
Status take(const std::string& line, const std::function<void(const OnnxRuntimeTimes&)>& timed,
            OnnxRuntimeResult* result) {
  const json said = json::parse(line, nullptr, /*allow_exceptions=*/false);
  try {
    if (said.contains("error")) return broken(said["error"].get<std::string>());
    if (said.contains("skipped")) {
      result->skipped = said["skipped"].get<std::string>();
    } else if (said.contains("version")) {
      result->version = said["version"].get<std::string>();
    } else if (said.contains("wrong")) {
      result->wrong.push_back(said["wrong"].get<std::string>());
    } else {
      OnnxRuntimeTimes times{said.at("rows"), said.at("cols"), said.at("cache"), said.at("ns"),
                             said.at("copy_ns")};
      result->times.push_back(std::move(times));
      if (timed) timed(result->times.back());
    }
    return {};
  } catch (const json::exception& error) {
    return broken(fmt::format("\"{}\" is no line of the peer: {}", line, error.what()));
  }
}

}  // namespace

Status run_onnxruntime(const OnnxRuntimeJob& job, const std::function<bool()>& interrupted,
                       const std::function<void(const OnnxRuntimeTimes&)>& timed,
                       OnnxRuntimeResult* result) {
  *result = {};
  const json request = {{"library", NORMA_BENCH_ROWS_LIBRARY},
                        {"task", job.task},
                        {"dtype", job.dtype},
                        {"shapes", job.shapes},
                        {"threads", job.threads},
                        {"samples", job.samples},
                        {"seed", job.seed},
                        {"cold", job.cold}};
  const std::string python = job.python.empty() ? NORMA_BENCH_PYTHON : job.python;
  Child child;
  if (const int error = child.start({python, "-B", NORMA_BENCH_ONNXRUNTIME, request.dump()},
                                    environment_with(job.threads))) {
    result->skipped = fmt::format("{} does not start: {}", python, std::strerror(error));
    return {};
  }
  std::string text;
  for (bool more = true; more;) {
    if (interrupted && interrupted()) return {StatusCode::kInterrupted, "[bench] interrupted."};
    if (!child.ready()) continue;
    more = child.read_some(&text);
    for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      NORMA_RETURN_IF_ERROR(take(text.substr(0, end), timed, result));
    }
  }
  const int status = child.wait();
  if (WIFSIGNALED(status))
    return broken(fmt::format("the peer died of signal {}.", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) {
    return broken(fmt::format("the peer ended with {}.", WEXITSTATUS(status)));
  }
  return {};
}

}  // namespace norma::bench

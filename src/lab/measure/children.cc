// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/children.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

namespace norma::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCannotStart = 127;

struct Running {
  const ChildJob* job;
  Clock::time_point start;
};

Result<pid_t> start(const ChildJob& job) {
  const int log = ::open(job.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) {
    return Status(StatusCode::kIo, "cannot create " + job.log + ": " + std::strerror(errno) + ".");
  }
  std::vector<char*> arguments;
  for (const std::string& word : job.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Only async-signal-safe calls: other threads of the parent may have held locks.
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGINT);
    if (::getppid() != parent) ::_exit(kCannotStart);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(kCannotStart);
  }
  const int error = errno;
  ::close(log);
  if (pid < 0) {
    return Status(StatusCode::kIo, std::string("cannot start a process: ") + std::strerror(error) +
                                       ". Lower --jobs or end other programs.");
  }
  return pid;
}

// The next child that has ended, or 0.
pid_t reap(const std::map<pid_t, Running>& running, int* status) {
  for (const auto& [pid, child] : running) {
    if (::waitpid(pid, status, WNOHANG) == pid) return pid;
  }
  return 0;
}

}  // namespace

Status run_children(const std::vector<ChildJob>& jobs, int side_by_side,
                    const std::function<bool()>& stop,
                    const std::function<Status(const ChildEnd&)>& on_end) {
  std::map<pid_t, Running> running;
  size_t next = 0;
  Status result;
  bool told = false;
  while (!running.empty() || (result.ok() && next < jobs.size())) {
    if (result.ok() && stop()) result = Status(StatusCode::kInterrupted, "interrupted");
    while (result.ok() && next < jobs.size() &&
           running.size() < static_cast<size_t>(side_by_side)) {
      Result<pid_t> pid = start(jobs[next]);
      if (pid.ok()) {
        running[pid.value()] = {&jobs[next++], Clock::now()};
      } else {
        result = pid.status();
      }
    }
    if (!result.ok() && !told) {
      for (const auto& [pid, child] : running) ::kill(pid, SIGINT);
      told = true;
    }
    int status = 0;
    const pid_t pid = reap(running, &status);
    if (pid == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    const Running child = running[pid];
    running.erase(pid);
    if (!result.ok()) continue;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    const double seconds = std::chrono::duration<double>(Clock::now() - child.start).count();
    result = on_end({child.job, code, seconds});
  }
  return result;
}

}  // namespace norma::lab

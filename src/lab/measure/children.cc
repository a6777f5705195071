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

#include "base/io_error.h"

namespace norma::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCannotStart = 127;
constexpr std::chrono::milliseconds kWatchEvery(500);

struct Running {
  const ChildJob* job;
  Clock::time_point start;
};

// Only async-signal-safe calls: other threads of the parent may have held locks.
[[noreturn]] void become(char** arguments, int log, pid_t parent, const sigset_t& signals) {
  ::setpgid(0, 0);
  // What came since the fork is for the program, not for the parent's handler.
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGINT);
  if (::getppid() != parent) ::_exit(kCannotStart);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(kCannotStart);
}

Result<pid_t> start(const ChildJob& job) {
  const int log = ::open(job.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) return io_error("write", job.log, errno, "Choose another --out.");
  std::vector<char*> arguments;
  for (const std::string& word : job.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  sigset_t signals, before;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, &before);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(arguments.data(), log, parent, signals);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
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

std::vector<const ChildJob*> jobs_of(const std::map<pid_t, Running>& running) {
  std::vector<const ChildJob*> jobs;
  for (const auto& [pid, child] : running) jobs.push_back(child.job);
  return jobs;
}

}  // namespace

Status run_children(const std::vector<ChildJob>& jobs, int side_by_side,
                    const std::function<bool()>& stop,
                    const std::function<Status(const ChildEnd&)>& on_end,
                    const std::function<void(const std::vector<const ChildJob*>&)>& watch) {
  std::map<pid_t, Running> running;
  Clock::time_point watched = Clock::now();
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
      if (watch && result.ok() && Clock::now() - watched > kWatchEvery) {
        watch(jobs_of(running));
        watched = Clock::now();
      }
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

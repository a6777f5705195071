// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs a program as a user would, and hands back what it said.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace norma::test {

struct Process {
  std::vector<std::string> command;
  std::string folder = ".";  // working directory
  std::string input;
  std::vector<std::pair<std::string, std::string>> environment;  // added
  int64_t file_size_limit = -1;  // bytes (RLIMIT_FSIZE); -1: none
  int signal = 0;                // sent once `when` is true, asked every few milliseconds
  std::function<bool()> when = [] { return false; };
  bool ignores_interrupts = false;  // as a shell without job control starts a job with "&"
};

struct ProcessEnd {
  int exit_code = -1;  // 128 + n where signal n ended it
  std::string out, err;
};

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline ProcessEnd run_process(const Process& process) {
  char name[] = "/tmp/norma_process_XXXXXX";
  const std::string files = ::mkdtemp(name);
  std::ofstream(files + "/in") << process.input;
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto redirect = [&](const char* file, int flags, int fd) {
      ::dup2(::open((files + file).c_str(), flags | O_CLOEXEC, 0644), fd);
    };
    redirect("/in", O_RDONLY, 0);
    redirect("/out", O_WRONLY | O_CREAT, 1);
    redirect("/err", O_WRONLY | O_CREAT, 2);
    for (const auto& [key, value] : process.environment) {
      ::setenv(key.c_str(), value.c_str(), 1);
    }
    ::signal(SIGINT, process.ignores_interrupts ? SIG_IGN : SIG_DFL);
    if (process.file_size_limit >= 0) {
      const auto bytes = static_cast<rlim_t>(process.file_size_limit);
      const rlimit limit = {bytes, bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    std::vector<char*> arguments;
    for (const std::string& word : process.command) {
      arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    if (::chdir(process.folder.c_str()) == 0) ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  bool sent = process.signal == 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (!sent && process.when()) {
      ::kill(pid, process.signal);
      sent = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ProcessEnd end;
  end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  end.out = read_text(files + "/out");
  end.err = read_text(files + "/err");
  std::filesystem::remove_all(files);
  return end;
}

}  // namespace norma::test

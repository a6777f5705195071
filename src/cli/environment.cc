// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "cli/environment.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <sys/utsname.h>
#include <torch/version.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/commit.h"
#include "core/plan/plan.h"

namespace norma::cli {
namespace {

std::string g_command_line;

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-./=,:+@%") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (char c : word) {
    if (c == '\'') quoted += "'\\'";  // '\'' is how a shell writes a quote within quotes
    quoted += c;
  }
  quoted += '\'';
  return quoted;
}

}  // namespace

void set_command_line(int argc, char** argv) {
  g_command_line.clear();
  for (int i = 0; i < argc; ++i) {
    if (i > 0) g_command_line += ' ';
    std::string word = argv[i];
    std::error_code ignored;
    // A comparison starts its runs by this name, which would be another program to a reader.
    if (i == 0 && word == kThisProgram)
      word = std::filesystem::read_symlink(word, ignored).string();
    g_command_line += shell_word(word);
  }
}

std::string kernel_target() {
  float x[8] = {}, y[8] = {};
  NormForward args;
  args.x = ConstRowsView(x, DType::kF32, 1, 8, 8);
  args.y.data = y;
  args.y.rows = 1;
  args.y.cols = args.y.stride = 8;
  const std::string lines = explain_forward(NormSpec(), args);
  const std::string first = lines.substr(0, lines.find('\n'));
  const size_t colon = first.find(": ");
  return colon == std::string::npos ? first : first.substr(colon + 2);
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

nlohmann::ordered_json environment(int64_t threads) {
  utsname system = {};
  ::uname(&system);
  return {{"machine", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
          {"processor", processor_name()},
          {"cores", std::thread::hardware_concurrency()},
          {"target", kernel_target()},
          {"threads", threads},
          {"torch", TORCH_VERSION},
          {"norma", NORMA_VERSION},
          {"commit", commit()},
          {"modified", commit_is_modified()},
          {"command", g_command_line},
          {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))}};
}

}  // namespace norma::cli

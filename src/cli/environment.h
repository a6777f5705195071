// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where the program runs: for env.json of run folders and `norma doctor`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace norma::cli {

// The words this process was started with, quoted where a shell would need it.
void set_command_line(int argc, char** argv);

// First line of the plan's explanation for an f32 LayerNorm forward: which kernels run.
std::string kernel_target();
std::string processor_name();

// machine, processor, cores, kernels, threads, torch, git commit, command line, start.
nlohmann::ordered_json environment(int64_t threads);

}  // namespace norma::cli

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where the program runs: for env.json of run folders and `norma doctor`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace norma::cli {

// By this name the system starts the program that is running.
inline constexpr char kThisProgram[] = "/proc/self/exe";

// The words this process was started with, quoted where a shell would need it.
void set_command_line(int argc, char** argv);

// The plan's name for what runs an f32 LayerNorm here: "cpu:avx2".
std::string kernel_target();
std::string processor_name();

// The keys of env.json in docs/run-folder.md, and when it was asked for.
nlohmann::ordered_json environment(int64_t threads);

}  // namespace norma::cli

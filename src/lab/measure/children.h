// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Programs that run side by side: one process each, so that a crash of one is an error of one.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"

namespace norma::lab {

struct ChildJob {
  std::string name;
  std::vector<std::string> command;  // program and arguments
  std::string log;                   // file that takes its standard output and error
};

struct ChildEnd {
  const ChildJob* job = nullptr;
  int exit_code = 0;  // 128 + n where signal n ended it
  double seconds = 0;
};

// Runs every job, `side_by_side` at a time, in order, and hands each end to `on_end`; its error, or
// `stop` (asked many times a second), ends the whole: no new job starts, those that run get SIGINT
// and are waited for, and the error or kInterrupted is returned. Children get SIGINT, too, where
// this process dies. They are out of the terminal's reach: Ctrl-C is for this process to pass on.
// `watch`, where there is one, is told twice a second which jobs run.
Status run_children(const std::vector<ChildJob>& jobs, int side_by_side,
                    const std::function<bool()>& stop,
                    const std::function<Status(const ChildEnd&)>& on_end,
                    const std::function<void(const std::vector<const ChildJob*>&)>& watch = {});

}  // namespace norma::lab

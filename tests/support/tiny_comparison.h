// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A comparison of the tiny task whose members are a script's: who is started and what becomes of
// it.
#pragma once

#include <filesystem>
#include <string>

#include "lab/measure/compare.h"
#include "lab/train/task.h"
#include "tests/support/tiny_task.h"

namespace norma::test {

class TinyComparison : public TinyTask {
 protected:
  void SetUp() override {
    TinyTask::SetUp();
    job_.recipe.base = tiny_recipe(root_ + "/pairs.tsv");
    job_.recipe.base.name = "tiny";
    job_.recipe.jobs = 1;
    job_.recipe.probe = job_.recipe.timing = false;
    job_.folder = root_ + "/out";
    job_.program = root_ + "/program";
  }

  // What is started for each member, in shell words.
  void write_program(const std::string& script) const {
    write("program", "#!/bin/sh\n" + script);
    std::filesystem::permissions(job_.program, std::filesystem::perms::owner_all);
  }
  lab::Task task() const { return lab::load_task(job_.recipe.base, "").value(); }
  bool exists(const std::string& path) const { return std::filesystem::exists(path); }

  lab::CompareJob job_;
};

}  // namespace norma::test

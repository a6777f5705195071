// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A run of the tiny task, ready to start, to stop and to go on.
#pragma once

#include <memory>
#include <string>

#include "lab/train/train.h"
#include "tests/support/tiny_task.h"

namespace norma::test {

class TinyTraining : public TinyTask {
 protected:
  void SetUp() override {
    TinyTask::SetUp();
    job_.recipe = tiny_recipe(root_ + "/pairs.tsv");
    job_.folder = root_ + "/run";
    job_.environment = {{"machine", "test"}};
  }

  std::string file(const char* name) const { return lab::join_path(job_.folder, name); }
  // Of a language model, whose family is left to choose.
  void train_on_text() {
    write_text("text.txt");
    job_.recipe.data.name = root_ + "/text.txt";
    job_.recipe.data.tokenizer = "characters";
    job_.recipe.data.window = 32;
  }
  static lab::TrainHooks stop_after(int64_t steps) {
    auto asked = std::make_shared<int64_t>(0);
    lab::TrainHooks hooks;
    hooks.stop = [asked, steps] { return ++*asked > steps; };
    return hooks;
  }

  lab::TrainJob job_;
};

}  // namespace norma::test

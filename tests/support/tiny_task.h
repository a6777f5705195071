// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A data set and a recipe that train in a second.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "lab/recipes/recipe.h"

namespace norma::test {

// 300 pairs "count <n> <colour>" -> "zaehle <n> <farbe>", all different.
inline void write_tiny_pairs(const std::string& path) {
  const char* const colours[] = {"red", "green", "blue", "white", "black", "grey"};
  const char* const farben[] = {"rot", "gruen", "blau", "weiss", "schwarz", "grau"};
  const char* const things[] = {"cat", "dog", "house", "tree", "car"};
  const char* const dinge[] = {"katze", "hund", "haus", "baum", "auto"};
  const char* const numbers[] = {"one", "two", "three", "four", "five",
                                 "six", "seven", "eight", "nine", "ten"};
  const char* const zahlen[] = {"eins", "zwei", "drei", "vier", "fuenf",
                                "sechs", "sieben", "acht", "neun", "zehn"};
  std::ofstream file(path);
  for (int c = 0; c < 6; ++c) {
    for (int t = 0; t < 5; ++t) {
      for (int n = 0; n < 10; ++n) {
        file << "count " << numbers[n] << ' ' << colours[c] << ' ' << things[t] << '\t'
             << "zaehle " << zahlen[n] << ' ' << farben[c] << ' ' << dinge[t] << '\n';
      }
    }
  }
}

inline lab::TrainRecipe tiny_recipe(const std::string& pairs) {
  lab::TrainRecipe recipe;
  recipe.data.name = pairs;
  recipe.data.valid_percent = 20;
  recipe.data.vocab_size = 80;
  recipe.model.d_model = 16;
  recipe.model.heads = 2;
  recipe.model.ffn = 32;
  recipe.model.encoder_layers = 1;
  recipe.model.decoder_layers = 1;
  recipe.model.max_length = 64;
  recipe.model.dropout = 0.1;  // so that the generator's state matters
  recipe.train.lr = 1e-2;
  recipe.train.steps = 12;
  recipe.train.batch_size = 8;
  recipe.train.log_every = 4;
  recipe.train.valid_every = 6;
  recipe.train.checkpoint_every = 5;
  recipe.name = lab::run_name(recipe);
  return recipe;
}

// Of a perceptron with the norm before its activations.
inline lab::TrainRecipe tiny_picture_recipe(const std::string& folder, const std::string& norm) {
  lab::TrainRecipe recipe;
  recipe.data.name = folder;
  recipe.model.family = "mlp";
  recipe.model.norm = norm;
  recipe.model.d_model = 16;
  recipe.model.decoder_layers = 2;
  recipe.model.dropout = 0.1;  // so that the generator's state matters
  recipe.train.lr = 1e-2;
  recipe.train.steps = 12;
  recipe.train.batch_size = 8;
  recipe.train.log_every = 4;
  recipe.train.valid_every = 6;
  recipe.train.checkpoint_every = 5;
  recipe.name = lab::run_name(recipe);
  return recipe;
}

// An empty folder of this test's own.
inline std::string fresh_folder(const std::string& name) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("norma_" + name)).string() + "." +
      std::to_string(::getpid());
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

// Each test's folder has pairs.tsv and goes with it.
class TinyTask : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fresh_folder(::testing::UnitTest::GetInstance()->current_test_info()->name());
    write_tiny_pairs(root_ + "/pairs.tsv");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(root_ + "/" + name, std::ios::binary) << text;
  }
  // 400 lines to train a language model on.
  void write_text(const std::string& name) const {
    std::ofstream text(root_ + "/" + name);
    for (int i = 0; i < 400; ++i) text << "line " << i % 7 << " of a small text\n";
  }

  std::string root_;
};

}  // namespace norma::test

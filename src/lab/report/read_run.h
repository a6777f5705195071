// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A run folder as structs. Files are input like any other: what is missing, truncated or of another
// type is an error that names the file, the place in it and the rule; nothing in them is trusted
// beyond that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace norma::lab::report {

struct Point {
  double step = 0;
  double value = 0;  // may be nan or infinite
};

struct Sample {
  std::string source, reference, hypothesis;
};

struct Run {
  std::string name;
  std::string status;  // done | diverged | interrupted
  std::optional<double> diverged_at_step;

  std::string norm, placement, init, family;
  double lr = 0;
  int64_t warmup_steps = 0;
  int64_t seed = 0;
  // Every other choice of model and training as text, by key; what differs between members names
  // their setting.
  std::map<std::string, std::string> choices;
  double parameters = 0;  // 0: not recorded
  std::map<std::string, std::string> data;

  // Absent where not measured or not finite.
  std::optional<double> train_loss, valid_loss, bleu, accuracy, tokens_per_s, seconds, step;
  std::vector<Sample> samples;
  std::vector<Point> train_curve, valid_curve;

  bool done() const { return status == "done" && valid_loss.has_value(); }
  bool diverged() const { return status == "diverged"; }
};

// Measured at initialisation: one value a layer (gradient) or a depth (stream), first to last.
struct Probe {
  std::string placement, norm, init;
  int64_t seed = 0;
  std::map<std::string, std::vector<double>> gradient_norm;  // by stack: encoder, decoder
  std::map<std::string, std::vector<double>> stream_rms;
};

struct Timing {
  std::string norm, placement;
  double rows = 0, cols = 0, threads = 0, samples = 0;
  double forward_ns_per_row = 0, backward_ns_per_row = 0;
  std::optional<std::pair<double, double>> forward_quartiles, backward_quartiles;
  std::vector<double> round_ns_per_row;  // of the same moments for every norm; may be absent
  std::optional<double> step_ms, norm_share_of_step, saved_bytes_per_row;
};

struct Independence {
  double layernorm_max_abs_change = 0;
  double batchnorm_max_abs_change = 0;
};

struct RunFolder {
  bool is_comparison = false;
  std::string name;
  std::string status;
  std::vector<Run> runs;  // one, or the members in the folder's order
  std::optional<double> unigram_loss;
  std::vector<Probe> probes;
  std::vector<Timing> timing;
  std::optional<Independence> independence;
  std::string bleu_note;

  // As recorded; empty where the folder has none. The order is the file's.
  std::vector<std::pair<std::string, std::string>> environment;
  std::string config_toml;

  // Its models tell pictures apart. Then the loss is one of pictures, and tokens are pictures.
  bool has_pictures() const { return !runs.empty() && runs[0].family == "mlp"; }
  std::string unit() const { return has_pictures() ? "picture" : "token"; }
  // What a model without an input knows: "word frequencies".
  std::string frequencies() const {
    return has_pictures() ? "class frequencies" : "word frequencies";
  }
};

Result<RunFolder> read_run_folder(const std::string& path);

}  // namespace norma::lab::report

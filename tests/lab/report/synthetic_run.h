// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Run folders with a known outcome, written at test time in the format of docs/run-folder.md. Only
// the numbers that a test sets decide what a report may say; the rest is drawn from a fixed
// generator.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace norma::lab::report {

using Json = nlohmann::ordered_json;

struct SyntheticRun {
  std::string norm = "layernorm", placement = "pre", init = "xavier";
  double lr = 0.003;
  int warmup_steps = 0;
  int steps = 300;
  int seed = 1;
  double valid_loss = 4.0;
  std::string status = "done";  // diverged: at two thirds of the steps
  double bleu = -1;             // below 0: not computed
  double tokens_per_s = 11000;
  int batch_size = 32;
  double accuracy = -1;  // below 0: sentence pairs, else of a perceptron on pictures
};

struct SyntheticFolder {
  std::string name = "synthetic", data = "en-de";
  std::vector<SyntheticRun> runs;
  Json probes = Json::array(), timing = Json::array();
  bool unigram = false, independence = false, samples = false;
  std::string bleu_note, command = "norma compare recipes/demo.toml";
};

// One configuration over seeds 1, 2, ...: a run for each loss. A loss that is nan is a run that
// diverged.
void add_runs(SyntheticFolder& folder, SyntheticRun run, const std::vector<double>& losses);

// Gradient norms that grow geometrically by `growth` from the first decoder layer to the last,
// `layers` of them.
Json probe(const std::string& placement, const std::string& norm, const std::string& init, int seed,
           double growth, int layers = 6);
Json timing(const std::string& norm, const std::string& placement, double forward_ns,
            double backward_ns);

// What the demo is expected to look like: 3 configurations, 2 warm-ups, 2 learning rates, 3 seeds,
// a contrast of initialisations, probes and timings.
SyntheticFolder demo_folder();

Json summary_of(const SyntheticRun& run, const std::string& data);
void write_folder(const SyntheticFolder& folder, const std::string& path);
void write_single_run(const SyntheticRun& run, const std::string& path);
void write_text(const std::string& path, const std::string& text);

// A fresh empty folder of this test under the system's temporary folder, removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace norma::lab::report

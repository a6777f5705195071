// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "tests/lab/report/synthetic_run.h"

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace norma::lab::report {
namespace {

namespace fs = std::filesystem;

constexpr int kSteps = 300;

std::string run_name(const SyntheticRun& run) {
  std::ostringstream name;
  name << run.placement << "-" << run.norm << "-warmup" << run.warmup_steps << "-lr" << run.lr
       << "-" << run.init << "-seed" << run.seed;
  if (run.batch_size != 32) name << "-batch" << run.batch_size;
  return name.str();
}

// Noise that is the same in every environment: the standard's generator is specified, its
// distributions are not.
double noise(std::mt19937& generator) { return generator() / 4294967296.0 - 0.5; }

std::string metrics_of(const SyntheticRun& run) {
  std::mt19937 generator(static_cast<unsigned>(run.seed * 7919 + run.warmup_steps));
  const double end = std::isfinite(run.valid_loss) ? run.valid_loss : 5.6;
  const double tau = run.warmup_steps > 0 ? 70 : 45;
  const int last = run.status == "diverged" ? kSteps * 2 / 3 : kSteps;
  const auto loss_at = [&](int step) {
    const double rest = std::exp(-kSteps / tau);
    return end + (9.2 - end) * (std::exp(-step / tau) - rest);
  };
  std::ostringstream out;
  for (int step = 10; step <= last; step += 10) {
    if (run.status == "diverged" && step == last) {
      out << Json({{"kind", "train"}, {"step", step}, {"loss", "nan"}, {"lr", run.lr}}).dump()
          << "\n";
      out << Json({{"kind", "diverged"}, {"step", step}, {"loss", "nan"}}).dump() << "\n";
      break;
    }
    out << Json({{"kind", "train"},
                 {"step", step},
                 {"loss", loss_at(step) - 0.03 + 0.14 * noise(generator)},
                 {"lr", run.lr},
                 {"tokens", 3820},
                 {"seconds", step * 0.07}})
               .dump()
        << "\n";
    if (step % 50 == 0) {
      const double loss = step == kSteps ? end : loss_at(step) + 0.05 * noise(generator);
      out << Json({{"kind", "valid"},
                   {"step", step},
                   {"loss", loss},
                   {"perplexity", std::exp(loss)},
                   {"seconds", step * 0.07}})
                 .dump()
          << "\n";
    }
  }
  return out.str();
}

Json samples() {
  return Json::array({{{"source", "Select the cell range."},
                       {"reference", "Wählen Sie den Zellbereich aus."},
                       {"hypothesis", "Wählen Sie den Bereich."}},
                      {{"source", "Opens the Help menu."},
                       {"reference", "Öffnet das Menü Hilfe."},
                       {"hypothesis", "Öffnet das Menü das Menü."}}});
}

Json environment(const std::string& command) {
  return {{"command", command},  {"machine", "Linux 6.1 x86_64"}, {"processor", "a processor"},
          {"cores", 2},          {"target", "cpu:avx2"},          {"threads", 1},
          {"torch", "2.13.0"},   {"norma", "0.1.0"},              {"commit", "89d5c86"},
          {"modified", false}};
}

void write_provenance(const std::string& path, const std::string& command) {
  write_text(path + "/env.json", environment(command).dump(1));
  write_text(path + "/config.toml",
             "[model]\nfamily = \"encdec\"\n\n[train]\nsteps = 300\nbatch_size = 32\n");
}

}  // namespace

void write_text(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

void add_runs(SyntheticFolder& folder, SyntheticRun run, const std::vector<double>& losses) {
  for (size_t i = 0; i < losses.size(); ++i) {
    run.seed = static_cast<int>(i) + 1;
    run.valid_loss = losses[i];
    run.status = std::isnan(losses[i]) ? "diverged" : "done";
    folder.runs.push_back(run);
  }
}

Json probe(const std::string& placement, const std::string& norm, const std::string& init, int seed,
           double growth, int layers) {
  std::mt19937 generator(static_cast<unsigned>(seed));
  Json decoder = Json::array(), encoder = Json::array(), rms = Json::array({1.0}),
       decoder_rms = Json::array({1.0});
  for (int i = 0; i < layers; ++i) {
    const double depth = layers > 1 ? static_cast<double>(i) / (layers - 1) : 0;
    const double wobble = i == 0 || i == layers - 1 ? 1 : 1 + 0.1 * noise(generator);
    decoder.push_back(0.11 * std::pow(growth, depth) * wobble);
    encoder.push_back(0.16 * std::pow(growth > 1 ? 1.4 : 0.5, depth) * wobble);
    rms.push_back(placement == "post" ? 1.0 : std::sqrt(1 + 0.9 * (i + 1)) * wobble);
    decoder_rms.push_back(placement == "post" ? 1.0 : std::sqrt(1 + 1.2 * (i + 1)) * wobble);
  }
  return {{"placement", placement},
          {"norm", norm},
          {"init", init},
          {"seed", seed},
          {"gradient_norm", {{"encoder", encoder}, {"decoder", decoder}}},
          {"stream_rms", {{"encoder", rms}, {"decoder", decoder_rms}}}};
}

Json timing(const std::string& norm, const std::string& placement, double forward_ns,
            double backward_ns) {
  return {{"norm", norm},
          {"placement", placement},
          {"rows", 384},
          {"cols", 64},
          {"threads", 1},
          {"forward_ns_per_row", forward_ns},
          {"backward_ns_per_row", backward_ns},
          {"forward_ns_quartiles", {forward_ns * 0.98, forward_ns * 1.03}},
          {"backward_ns_quartiles", {backward_ns * 0.98, backward_ns * 1.03}},
          {"step_ms", 24.0},
          {"norm_share_of_step", (forward_ns + backward_ns) / 1250.0},
          {"saved_bytes_per_row", norm == "rmsnorm" ? 260 : 268},
          {"samples", 31}};
}

SyntheticFolder demo_folder() {
  SyntheticFolder f;
  f.name = "demo";
  f.unigram = f.independence = f.samples = true;
  const SyntheticRun base{.bleu = 0.6};
  const auto run = [&](const char* placement, const char* norm, double lr, int warmup) {
    SyntheticRun r = base;
    r.placement = placement, r.norm = norm, r.lr = lr, r.warmup_steps = warmup;
    r.bleu = std::string(placement) == "pre" ? 1.9 : 0.1;
    r.tokens_per_s = std::string(norm) == "rmsnorm" ? 11420 : 11030;
    return r;
  };
  add_runs(f, run("post", "layernorm", 0.001, 0), {5.41, 5.62, 5.55});
  add_runs(f, run("post", "layernorm", 0.001, 150), {5.02, 5.11, 4.96});
  add_runs(f, run("post", "layernorm", 0.003, 0), {5.90, 5.898, 5.903});
  add_runs(f, run("post", "layernorm", 0.003, 150), {5.49, 5.84, 5.71});
  add_runs(f, run("pre", "layernorm", 0.001, 0), {4.52, 4.49, 4.55});
  add_runs(f, run("pre", "layernorm", 0.001, 150), {4.58, 4.55, 4.60});
  add_runs(f, run("pre", "layernorm", 0.003, 0), {4.07, 4.05, 4.09});
  add_runs(f, run("pre", "layernorm", 0.003, 150), {4.02, 4.03, 4.06});
  add_runs(f, run("pre", "rmsnorm", 0.001, 0), {4.51, 4.50, 4.545});
  add_runs(f, run("pre", "rmsnorm", 0.001, 150), {4.585, 4.545, 4.605});
  add_runs(f, run("pre", "rmsnorm", 0.003, 0), {4.075, 4.047, 4.097});
  add_runs(f, run("pre", "rmsnorm", 0.003, 150), {4.018, 4.036, 4.055});
  const auto packed = [&](const char* placement, int warmup) {
    SyntheticRun r = run(placement, "layernorm", 0.003, warmup);
    r.init = "packed-xavier";
    return r;
  };
  add_runs(f, packed("post", 0), {5.21, 5.33, 5.18});
  add_runs(f, packed("post", 150), {4.67, 4.71, 4.64});
  add_runs(f, packed("pre", 0), {4.06, 4.08, 4.05});
  add_runs(f, packed("pre", 150), {4.05, 4.04, 4.07});
  for (const char* init : {"xavier", "packed-xavier"}) {
    const bool packed_init = std::string(init) == "packed-xavier";
    for (int seed = 1; seed <= 3; ++seed) {
      f.probes.push_back(probe("post", "layernorm", init, seed,
                               (packed_init ? 1.25 : 9.6) + 0.4 * seed * !packed_init));
      f.probes.push_back(probe("pre", "layernorm", init, seed, 0.6 + 0.05 * seed));
      f.probes.push_back(probe("pre", "rmsnorm", init, seed, 0.59 + 0.05 * seed));
    }
  }
  f.timing = {timing("layernorm", "post", 31, 69), timing("layernorm", "pre", 30, 70),
              timing("rmsnorm", "pre", 19, 52)};
  return f;
}

Json summary_of(const SyntheticRun& run, const std::string& data) {
  const bool done = run.status == "done";
  Json s;
  s["schema"] = 1;
  s["kind"] = "train";
  s["name"] = run_name(run);
  s["status"] = run.status;
  s["diverged_at_step"] = run.status == "diverged" ? Json(kSteps * 2 / 3) : Json(nullptr);
  s["data"] = {{"name", data},
               {"train_pairs", 9208},
               {"valid_pairs", 490},
               {"vocab_size", 1000},
               {"sha256", "6f1e"}};
  s["model"] = {{"family", run.accuracy >= 0 ? "mlp" : "encdec"},
                {"norm", run.norm},
                {"placement", run.placement},
                {"init", run.init},
                {"vocab_size", 1000},
                {"d_model", 64},
                {"heads", 4},
                {"ffn", 256},
                {"encoder_layers", 6},
                {"decoder_layers", 6},
                {"dropout", 0.0},
                {"parameters", run.norm == "rmsnorm" ? 810304 : 812345}};
  s["train"] = {{"optimizer", "adam"},
                {"lr", run.lr},
                {"warmup_steps", run.warmup_steps},
                {"schedule", "constant"},
                {"steps", run.steps},
                {"batch_size", run.batch_size},
                {"label_smoothing", 0.0},
                {"weight_decay", 0.0},
                {"clip", 0.0},
                {"threads", 1}};
  s["seed"] = run.seed;
  s["result"] = {{"step", done ? kSteps : kSteps * 2 / 3},
                 {"train_loss", done ? Json(run.valid_loss - 0.05) : Json(nullptr)},
                 {"valid_loss", done ? Json(run.valid_loss) : Json(nullptr)},
                 {"bleu", done && run.bleu >= 0 ? Json(run.bleu + 0.1 * run.seed) : Json(nullptr)},
                 {"tokens_per_s", run.tokens_per_s + 90 * run.seed},
                 {"seconds", 21.0}};
  if (done && run.accuracy >= 0) s["result"]["accuracy"] = run.accuracy;
  return s;
}

void write_folder(const SyntheticFolder& folder, const std::string& path) {
  Json members = Json::array();
  for (const SyntheticRun& run : folder.runs) {
    Json summary = summary_of(run, folder.data);
    const std::string member = "members/" + run_name(run);
    Json row = {{"run", member}};
    row.update(summary);
    members.push_back(row);
    if (folder.samples && run.status == "done") summary["samples"] = samples();
    write_text(path + "/" + member + "/summary.json", summary.dump(1));
    write_text(path + "/" + member + "/metrics.jsonl", metrics_of(run));
  }
  Json s = {{"schema", 1},
            {"kind", "compare"},
            {"name", folder.name},
            {"status", "done"},
            {"members", members}};
  if (folder.unigram) s["unigram_loss"] = 5.90;
  if (!folder.probes.empty()) s["probes"] = folder.probes;
  if (!folder.timing.empty()) s["timing"] = folder.timing;
  if (folder.independence) {
    s["independence"] = {{"layernorm_max_abs_change", 0.0}, {"batchnorm_max_abs_change", 0.31}};
  }
  if (!folder.bleu_note.empty()) s["bleu_note"] = folder.bleu_note;
  write_text(path + "/summary.json", s.dump(1));
  write_provenance(path, folder.command);
}

void write_single_run(const SyntheticRun& run, const std::string& path) {
  Json summary = summary_of(run, "en-de");
  summary["samples"] = samples();
  write_text(path + "/summary.json", summary.dump(1));
  write_text(path + "/metrics.jsonl", metrics_of(run));
  write_provenance(path, "norma train --lr 0.003");
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "norma-report-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace norma::lab::report

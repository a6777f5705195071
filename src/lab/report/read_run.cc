// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/read_run.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <set>
#include <string_view>

#include "base/atomic_file.h"
#include "lab/report/json_reader.h"

namespace norma::lab::report {
namespace {

constexpr size_t kMaxLayers = 4096;  // a page with more points a line than this is nobody's model
constexpr double kMaxStep = 1e15;

const std::set<std::string> kNamedChoices = {"norm",       "placement", "init",
                                             "parameters", "lr",        "warmup_steps"};

void read_choices(const Json& object, std::map<std::string, std::string>& choices) {
  for (const auto& [key, value] : object.items()) {
    if (!kNamedChoices.count(key)) choices[key] = text_of(value);
  }
}

void read_summary_of_run(JsonReader reader, Run& run) {
  run.name = reader.text("name");
  run.status = reader.text("status");
  if (run.status != "done" && run.status != "diverged" && run.status != "interrupted") {
    reader.fail("status", "must be done, diverged or interrupted");
  }
  run.diverged_at_step = reader.optional_number("diverged_at_step");
  run.seed = reader.integer("seed");

  const JsonReader model = reader.object("model");
  run.norm = model.text("norm");
  run.placement = model.text("placement");
  run.init = model.text("init");
  run.family = model.text("family");
  run.parameters = model.optional_number("parameters").value_or(0);
  read_choices(model.json(), run.choices);

  const JsonReader train = reader.object("train");
  run.lr = train.number("lr");
  run.warmup_steps = train.integer("warmup_steps");
  read_choices(train.json(), run.choices);

  if (reader.has("data")) {
    const JsonReader data = reader.object("data");
    for (const auto& [key, value] : data.json().items()) run.data[key] = text_of(value);
  }
  if (reader.has("result")) {
    const JsonReader result = reader.object("result");
    run.step = result.optional_number("step");
    run.train_loss = result.optional_number("train_loss");
    run.valid_loss = result.optional_number("valid_loss");
    run.bleu = result.optional_number("bleu");
    run.accuracy = result.optional_number("accuracy");
    run.tokens_per_s = result.optional_number("tokens_per_s");
    run.seconds = result.optional_number("seconds");
  } else if (run.status == "done") {
    reader.fail("result", "is missing, and a run that is done has one");
  }
  if (run.status == "done" && !run.valid_loss) {
    reader.fail("result.valid_loss", "must be a finite number, because status is done");
  }
  for (const JsonReader& sample : reader.objects("samples")) {
    run.samples.push_back(
        {sample.text("source"), sample.text("reference"), sample.text("hypothesis")});
  }
}

// A resumed run repeats the steps since its checkpoint; the later line holds.
void append(std::vector<Point>& curve, Point point) {
  while (!curve.empty() && curve.back().step >= point.step) curve.pop_back();
  curve.push_back(point);
}

Status read_metrics(const std::string& path, Run& run) {
  Result<std::string> file = read_file(path);
  if (!file.ok()) {
    const bool nothing_yet =
        run.status == "interrupted" && file.status().code() == StatusCode::kNotFound;
    return nothing_yet ? Status() : file.status();
  }
  std::string_view rest = file.value();
  for (size_t line = 1; !rest.empty(); ++line) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;  // the run was killed within this line
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (text.empty()) continue;
    Status error;
    JsonReader reader = parse_json(text, fmt::format("{} line {}", path, line), error);
    NORMA_RETURN_IF_ERROR(error);
    const std::string kind = reader.text("kind");
    if (kind == "train" || kind == "valid") {
      const Point point{reader.number("step"), reader.number_or_not_finite("loss")};
      if (!(point.step >= 0 && point.step <= kMaxStep)) reader.fail("step", "must be at least 0");
      append(kind == "train" ? run.train_curve : run.valid_curve, point);
    }
    NORMA_RETURN_IF_ERROR(error);
  }
  return Status();
}

Status read_samples(const std::string& path, Run& run) {
  Result<std::string> file = read_file(path);
  if (!file.ok()) return file.status().code() == StatusCode::kNotFound ? Status() : file.status();
  Status error;
  JsonReader reader = parse_json(file.value(), path, error);
  NORMA_RETURN_IF_ERROR(error);
  for (const JsonReader& sample : reader.objects("samples")) {
    run.samples.push_back(
        {sample.text("source"), sample.text("reference"), sample.text("hypothesis")});
  }
  return error;
}

// A summary names folders; only ones inside its own are followed.
bool stays_inside(const std::string& relative) {
  const std::filesystem::path path(relative);
  if (relative.empty() || relative.find('\0') != std::string::npos || path.is_absolute())
    return false;
  for (const auto& part : path) {
    if (part == "..") return false;
  }
  return true;
}

Status read_members(const std::string& folder, const JsonReader& reader, Status& error,
                    RunFolder& out) {
  for (const JsonReader& member : reader.objects("members")) {
    Run run;
    read_summary_of_run(member, run);
    const std::string relative = member.text("run");
    if (!stays_inside(relative)) member.fail("run", "must be a path inside the run folder");
    NORMA_RETURN_IF_ERROR(error);
    NORMA_RETURN_IF_ERROR(read_metrics(folder + "/" + relative + "/metrics.jsonl", run));
    if (run.samples.empty())
      NORMA_RETURN_IF_ERROR(read_samples(folder + "/" + relative + "/summary.json", run));
    out.runs.push_back(std::move(run));
  }
  return error;
}

std::map<std::string, std::vector<double>> read_profile(const JsonReader& reader, const char* key) {
  std::map<std::string, std::vector<double>> profile;
  if (!reader.has(key)) return profile;
  const JsonReader object = reader.object(key);
  for (const auto& [stack, unused] : object.json().items()) {
    profile[stack] = object.numbers(stack);
    if (profile[stack].size() > kMaxLayers) {
      object.fail(stack, fmt::format("must have at most {} values", kMaxLayers));
    }
  }
  return profile;
}

std::optional<std::pair<double, double>> read_quartiles(const JsonReader& reader, const char* key) {
  if (!reader.has(key)) return std::nullopt;
  const std::vector<double> values = reader.numbers(key);
  if (values.size() == 2) return std::pair(values[0], values[1]);
  reader.fail(key, "must be two numbers");
  return std::nullopt;
}

void read_measurements(const JsonReader& reader, RunFolder& out) {
  out.unigram_loss = reader.optional_number("unigram_loss");
  out.bleu_note = reader.has("bleu_note") ? reader.text("bleu_note") : "";
  for (const JsonReader& item : reader.objects("probes")) {
    out.probes.push_back({item.text("placement"), item.text("norm"), item.text("init"),
                          item.integer("seed"), read_profile(item, "gradient_norm"),
                          read_profile(item, "stream_rms")});
  }
  for (const JsonReader& item : reader.objects("timing")) {
    Timing t;
    t.norm = item.text("norm");
    t.placement = item.text("placement");
    t.rows = item.number("rows");
    t.cols = item.number("cols");
    t.threads = item.number("threads");
    t.samples = item.optional_number("samples").value_or(0);
    t.forward_ns_per_row = item.number("forward_ns_per_row");
    t.backward_ns_per_row = item.number("backward_ns_per_row");
    t.forward_quartiles = read_quartiles(item, "forward_ns_quartiles");
    t.backward_quartiles = read_quartiles(item, "backward_ns_quartiles");
    if (item.has("round_ns_per_row")) t.round_ns_per_row = item.numbers("round_ns_per_row");
    t.step_ms = item.optional_number("step_ms");
    t.norm_share_of_step = item.optional_number("norm_share_of_step");
    t.saved_bytes_per_row = item.optional_number("saved_bytes_per_row");
    out.timing.push_back(t);
  }
  if (reader.has("independence")) {
    const JsonReader item = reader.object("independence");
    out.independence = Independence{item.number("layernorm_max_abs_change"),
                                    item.number("batchnorm_max_abs_change")};
  }
}

// What a run folder says about where it was made may be absent; where it is present it must be
// whole.
Status read_provenance(const std::string& folder, RunFolder& out) {
  const std::string env_path = folder + "/env.json";
  Result<std::string> env = read_file(env_path);
  if (env.ok()) {
    Status error;
    const JsonReader reader = parse_json(env.value(), env_path, error);
    NORMA_RETURN_IF_ERROR(error);
    for (const auto& [key, value] : reader.json().items())
      out.environment.emplace_back(key, text_of(value));
  } else if (env.status().code() != StatusCode::kNotFound) {
    return env.status();
  }
  Result<std::string> config = read_file(folder + "/config.toml");
  if (config.ok()) {
    out.config_toml = std::move(config.value());
  } else if (config.status().code() != StatusCode::kNotFound) {
    return config.status();
  }
  return Status();
}

}  // namespace

Result<RunFolder> read_run_folder(const std::string& folder) {
  const std::string path = folder + "/summary.json";
  Result<std::string> file = read_file(path);
  if (!file.ok()) {
    if (file.status().code() != StatusCode::kNotFound) return file.status();
    return Status(StatusCode::kNotFound,
                  path + " is missing: " + folder +
                      " is not a run folder, or its run has not ended (resume it first).");
  }
  Status error;
  const JsonReader reader = parse_json(file.value(), path, error);
  NORMA_RETURN_IF_ERROR(error);
  if (const double schema = reader.number("schema"); schema != 1)
    reader.fail("schema", "must be 1");
  const std::string kind = reader.text("kind");
  if (kind != "train" && kind != "compare") reader.fail("kind", "must be train or compare");
  NORMA_RETURN_IF_ERROR(error);

  RunFolder out;
  out.is_comparison = kind == "compare";
  out.name = reader.text("name");
  out.status = reader.text("status");
  if (out.is_comparison) {
    if (!reader.has("members")) reader.fail("members", "is missing");
    NORMA_RETURN_IF_ERROR(error);
    NORMA_RETURN_IF_ERROR(read_members(folder, reader, error, out));
    read_measurements(reader, out);
  } else {
    Run run;
    read_summary_of_run(reader, run);
    NORMA_RETURN_IF_ERROR(error);
    NORMA_RETURN_IF_ERROR(read_metrics(folder + "/metrics.jsonl", run));
    read_measurements(reader, out);
    out.runs.push_back(std::move(run));
  }
  NORMA_RETURN_IF_ERROR(error);
  NORMA_RETURN_IF_ERROR(read_provenance(folder, out));
  return out;
}

}  // namespace norma::lab::report

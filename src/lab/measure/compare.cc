// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/compare.h"

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "lab/measure/children.h"
#include "lab/measure/independence.h"
#include "lab/measure/probe.h"
#include "lab/measure/timing.h"
#include "lab/measure/watch.h"
#include "lab/train/folder_lock.h"
#include "lab/train/task.h"

namespace norma::lab {
namespace {

constexpr int64_t kTimingSamples = 31;
// What a killed comparison has left running gets a signal, and ends after its next checkpoint.
constexpr std::chrono::seconds kOrphansEnd(5);

// Members that are over.
struct Tally {
  int64_t done = 0;
  int64_t ended = 0;   // of them in this process
  double seconds = 0;  // that these took together

  double a_member() const { return ended > 0 ? seconds / static_cast<double>(ended) : 0; }
};

// A comparison while it is under way.
class Comparison {
 public:
  Comparison(const CompareJob& job, const CompareHooks& hooks, std::vector<TrainRecipe> members)
      : job_(job), hooks_(hooks), members_(std::move(members)) {}

  // The summary where the folder has all of this comparison already.
  Result<std::optional<Json>> finished() const;
  Result<Json> run();

 private:
  std::string member_folder(const TrainRecipe& member) const {
    return join_path(job_.folder, "members/" + member.name);
  }
  Status check_unused() const;
  Status write_head();
  Status check_data(const Task& task) const;
  Result<Json> probes(const Task& task) const;
  Status train_members();
  Status member_ended(const ChildEnd& end, Tally* tally);
  CompareLook look_at(const std::vector<const ChildJob*>& running, const Tally& tally) const;
  Result<Json> timings(const Task& task) const;
  Result<Json> member_summaries() const;
  Json axes() const;

  const CompareJob& job_;
  const CompareHooks& hooks_;
  const std::vector<TrainRecipe> members_;
  FolderLock lock_;
};

Result<std::optional<Json>> Comparison::finished() const {
  const std::string config_path = join_path(job_.folder, "config.toml");
  const std::string summary_path = join_path(job_.folder, "summary.json");
  if (!std::filesystem::exists(config_path) || !std::filesystem::exists(summary_path)) {
    return std::optional<Json>();
  }
  Result<std::string> config = read_file(config_path);
  if (!config.ok()) return config.status();
  if (config.value() != to_toml(job_.recipe)) return std::optional<Json>();
  for (const TrainRecipe& member : members_) {
    Result<std::optional<Json>> summary = finished_summary(member_folder(member), member);
    if (!summary.ok()) return summary.status();
    if (!summary.value()) return std::optional<Json>();
  }
  Result<Json> summary = read_json(summary_path);
  if (!summary.ok()) return summary.status();
  Result<Json> members = member_summaries();
  if (!members.ok()) return members.status();
  if (summary.value().value("members", Json()) != members.value()) return std::optional<Json>();
  return std::optional<Json>(summary.value());
}

// A training's recipe and result have the names of a comparison's; its metrics have a name of their
// own, from its first moment on.
Status Comparison::check_unused() const {
  if (!std::filesystem::exists(join_path(job_.folder, "metrics.jsonl"))) return Status();
  return invalid_argument(job_.folder + " holds a training run already. Choose another --out.");
}

Status Comparison::write_head() {
  NORMA_RETURN_IF_ERROR(make_folder(join_path(job_.folder, "members")));
  NORMA_RETURN_IF_ERROR(lock_.take(job_.folder));
  NORMA_RETURN_IF_ERROR(check_unused());
  const std::string config_path = join_path(job_.folder, "config.toml");
  if (Result<std::string> before = read_file(config_path);
      before.ok() && before.value() != to_toml(job_.recipe)) {
    hooks_.progress({0, 0,
                     job_.folder + " holds a comparison of other settings: the runs of both stay, "
                                   "the report becomes this one's",
                     0});
  }
  // Before the recipe: beside a new one, an older summary would pass for its result.
  NORMA_RETURN_IF_ERROR(remove_file(join_path(job_.folder, "summary.json")));
  NORMA_RETURN_IF_ERROR(write_file_atomically(config_path, {to_toml(job_.recipe)}));
  return write_json(join_path(job_.folder, "env.json"), job_.environment);
}

// Members that were trained on other bytes cannot be compared with what is trained now.
Status Comparison::check_data(const Task& task) const {
  for (const TrainRecipe& member : members_) {
    Result<std::optional<Json>> summary = finished_summary(member_folder(member), member);
    if (!summary.ok()) return summary.status();
    if (!summary.value()) continue;
    const Json::json_pointer place("/data/sha256");
    const Json sha256 = summary.value()->contains(place) ? summary.value()->at(place) : Json();
    if (!sha256.is_string()) {
      return Status(StatusCode::kDataLoss,
                    join_path(member_folder(member), "summary.json") +
                        " does not say which data the run was trained on. Remove it and run "
                        "again.");
    }
    if (sha256 != Json(task.data_sha256)) {
      return invalid_argument(member_folder(member) + " was trained on other data than " +
                              task.data_name + " has now. Choose another --out.");
    }
  }
  return Status();
}

Result<Json> Comparison::probes(const Task& task) const {
  Json list = Json::array();
  std::set<std::string> seen;
  for (const TrainRecipe& member : members_) {
    if (hooks_.stop()) return Status(StatusCode::kInterrupted, "interrupted while probing");
    TrainRecipe at_start = member;
    at_start.train.warmup_steps = 0;
    at_start.train.lr = 0;
    if (!seen.insert(run_name(at_start)).second) continue;
    Result<Probe> measured = probe(member, task);
    if (!measured.ok()) return measured.status();
    list.push_back(to_json(measured.value()));
  }
  return list;
}

// What a member said last, which is why it failed.
std::string last_line(const std::string& log, int exit_code) {
  // One that ended by itself had something to say, and no space for it.
  const char* none = exit_code < 128 ? "it could not leave a message; if the disk is full, free "
                                       "some space and try again"
                                     : "it left no message";
  Result<std::string> text = read_file(log);
  if (!text.ok()) return none;
  std::string lines = text.value();
  while (!lines.empty() && lines.back() == '\n') lines.pop_back();
  const size_t newline = lines.find_last_of('\n');
  std::string line = newline == std::string::npos ? lines : lines.substr(newline + 1);
  if (line.rfind("norma: ", 0) == 0) line = line.substr(7);
  return line.empty() ? none : line;
}

// What came of the member whose summary is in `path`.
Result<std::string> describe_end(const std::string& name, const std::string& path) {
  Result<Json> summary = read_json(path);
  if (!summary.ok()) return summary.status();
  if (summary.value().value("status", Json()) == "diverged") {
    Result<double> step = number_at(summary.value(), "diverged_at_step", path);
    if (!step.ok()) return step.status();
    return fmt::format("{}: diverged at step {:.0f}", name, step.value());
  }
  Result<double> loss = number_at(summary.value(), "result.valid_loss", path);
  if (!loss.ok()) return loss.status();
  Result<double> seconds = number_at(summary.value(), "result.seconds", path);
  if (!seconds.ok()) return seconds.status();
  return fmt::format("{}: validation loss {:.3f}, {:.0f} s of training", name, loss.value(),
                     seconds.value());
}

Status Comparison::member_ended(const ChildEnd& end, Tally* tally) {
  if (end.exit_code != 0) {
    return Status(StatusCode::kInternal,
                  fmt::format("run {} failed (exit code {}): {}", end.job->name, end.exit_code,
                              last_line(end.job->log, end.exit_code)));
  }
  const std::string folder = join_path(job_.folder, "members/" + end.job->name);
  Result<std::string> text = describe_end(end.job->name, join_path(folder, "summary.json"));
  if (!text.ok()) return text.status();
  std::error_code ignored;
  std::filesystem::remove(end.job->log, ignored);
  tally->done += 1;
  tally->seconds += end.seconds;
  tally->ended += 1;
  const int64_t total = std::ssize(members_);
  hooks_.progress({tally->done, total, text.value(),
                   tally->a_member() * static_cast<double>(total - tally->done) /
                       static_cast<double>(job_.recipe.jobs)});
  return Status();
}

CompareLook Comparison::look_at(const std::vector<const ChildJob*>& running,
                                const Tally& tally) const {
  CompareLook look = {tally.done, std::ssize(members_), {}, 0};
  for (const ChildJob* job : running) {
    const std::string folder = join_path(job_.folder, "members/" + job->name);
    const auto progress = last_progress(folder, job_.recipe.base.train.steps);
    if (progress) look.running.push_back(*progress);
  }
  const int64_t not_begun = look.total - look.done - std::ssize(look.running);
  look.seconds_left =
      seconds_left(look.running, not_begun, job_.recipe.jobs, tally.a_member());
  return look;
}

Status Comparison::train_members() {
  std::vector<ChildJob> jobs;
  for (const TrainRecipe& member : members_) {
    const std::string folder = member_folder(member);
    Result<std::optional<Json>> summary = finished_summary(folder, member);
    if (!summary.ok()) return summary.status();
    if (summary.value()) continue;
    const std::string config = join_path(folder, "config.toml");
    NORMA_RETURN_IF_ERROR(make_folder(folder));
    NORMA_RETURN_IF_ERROR(FolderLock().take(folder, kOrphansEnd));
    NORMA_RETURN_IF_ERROR(write_file_atomically(config, {to_toml(member)}));
    jobs.push_back({member.name,
                    {job_.program, "train", "--recipe", config, "--out", folder, "--resume",
                     "--quiet", "--data-root", job_.data_root},
                    join_path(folder, "log.txt")});
  }
  Tally tally;
  tally.done = std::ssize(members_) - std::ssize(jobs);
  if (tally.done > 0) {
    hooks_.progress({tally.done, std::ssize(members_),
                     fmt::format("{} runs are there already", tally.done)});
  }
  std::function<void(const std::vector<const ChildJob*>&)> watch;
  if (hooks_.watch) {
    watch = [&](const auto& running) { hooks_.watch(look_at(running, tally)); };
  }
  return run_children(
      jobs, static_cast<int>(job_.recipe.jobs), hooks_.stop,
      [&](const ChildEnd& end) { return member_ended(end, &tally); }, watch);
}

Result<Json> Comparison::timings(const Task& task) const {
  Result<std::vector<Timing>> timed = time_norms(members_, task, kTimingSamples, hooks_.stop);
  if (!timed.ok()) return timed.status();
  Json list = Json::array();
  for (const Timing& timing : timed.value()) list.push_back(to_json(timing));
  return list;
}

Result<Json> Comparison::member_summaries() const {
  Json list = Json::array();
  for (const TrainRecipe& member : members_) {
    Result<Json> summary = read_json(join_path(member_folder(member), "summary.json"));
    if (!summary.ok()) return summary.status();
    Json entry = {{"run", "members/" + member.name}};
    entry.update(summary.value());
    entry.erase("samples");
    list.push_back(std::move(entry));
  }
  return list;
}

Json Comparison::axes() const {
  Json axes = Json::object();
  for (const std::string& key : axis_keys()) {
    axes[key] = Json::array();
    for (TrainRecipe member : members_) {
      Json value;
      for (const Field& field : fields_of(member)) {
        if (field.key == key) std::visit([&value](const auto* v) { value = *v; }, field.value);
      }
      if (std::find(axes[key].begin(), axes[key].end(), value) == axes[key].end()) {
        axes[key].push_back(value);
      }
    }
  }
  return axes;
}

Result<Json> Comparison::run() {
  if (std::filesystem::is_directory(job_.folder)) {
    NORMA_RETURN_IF_ERROR(lock_.take(job_.folder));
  }
  NORMA_RETURN_IF_ERROR(check_unused());
  at::set_num_threads(static_cast<int>(job_.recipe.base.train.threads));
  Result<Task> task = load_task(job_.recipe.base, job_.data_root);
  if (!task.ok()) return task.status();
  NORMA_RETURN_IF_ERROR(check_data(task.value()));
  NORMA_RETURN_IF_ERROR(write_head());

  Json summary = {{"schema", 1},
                  {"kind", "compare"},
                  {"name", job_.recipe.base.name},
                  {"status", "done"},
                  {"axes", axes()}};
  summary["members"] = nullptr;  // keeps its place in the order
  summary["unigram_loss"] = unigram_loss(task.value());
  if (job_.recipe.probe) {
    Result<Json> list = probes(task.value());
    if (!list.ok()) return list.status();
    summary["probes"] = list.value();
  }
  NORMA_RETURN_IF_ERROR(train_members());
  Result<Json> members = member_summaries();
  if (!members.ok()) return members.status();
  summary["members"] = members.value();
  if (job_.recipe.timing) {
    Result<Json> list = timings(task.value());
    if (!list.ok()) return list.status();
    summary["timing"] = list.value();
  }
  const TrainRecipe& base = job_.recipe.base;
  summary["independence"] = to_json(measure_independence(
      base.model.d_model, static_cast<uint64_t>(base.train.seed)));
  if (!job_.recipe.note.empty()) summary["bleu_note"] = job_.recipe.note;
  NORMA_RETURN_IF_ERROR(write_json(join_path(job_.folder, "summary.json"), summary));
  return summary;
}

}  // namespace

Result<Json> compare(const CompareJob& job, const CompareHooks& hooks) {
  Result<std::vector<TrainRecipe>> members = members_of(job.recipe);
  if (!members.ok()) return members.status();
  Comparison comparison(job, hooks, members.value());
  Result<std::optional<Json>> finished = comparison.finished();
  if (!finished.ok()) return finished.status();
  if (finished.value()) return *finished.value();
  return comparison.run();
}

}  // namespace norma::lab

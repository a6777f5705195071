// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/train.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>

#include "base/atomic_file.h"
#include "lab/train/adam.h"
#include "lab/train/checkpoint.h"
#include "lab/train/evaluate.h"
#include "lab/train/folder_lock.h"
#include "lab/train/schedule.h"
#include "lab/train/task.h"
#include "models/recurrent.h"

namespace norma::lab {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A run while it is under way.
class Run {
 public:
  Run(const TrainJob& job, const TrainHooks& hooks, Task task)
      : job_(job), hooks_(hooks), task_(std::move(task)) {}

  Status prepare();
  Result<Json> finish_after_training();

 private:
  enum class Ending { kAllSteps, kDiverged, kInterrupted };

  Status start_or_resume();
  Status write_head();
  Result<Ending> steps();
  double one_step();
  Status log_train_line();
  Status log_valid_line(const Evaluation& valid);
  Result<Ending> diverge(double loss);
  Status checkpoint();
  bool weights_are_finite() const;
  StateOrigin origin() const { return {to_toml(job_.recipe), task_.data_sha256}; }
  std::string path(const char* name) const { return join_path(job_.folder, name); }
  Json summary(const char* status) const;

  const TrainJob& job_;
  const TrainHooks& hooks_;
  Task task_;
  std::shared_ptr<models::Model> model_;
  std::unique_ptr<Adam> adam_;
  MetricsFile metrics_;
  TrainState state_;
  int64_t saved_step_ = -1;
  int64_t diverged_at_ = 0;
};

Status Run::prepare() {
  const TrainRecipe& recipe = job_.recipe;
  const auto seed = static_cast<uint64_t>(recipe.train.seed);
  Result<std::shared_ptr<models::Model>> model =
      models::make_model(model_config(recipe, task_), seed);
  if (!model.ok()) return model.status();
  model_ = model.value();
  adam_ = std::make_unique<Adam>(*model_, recipe.train);
  torch::manual_seed(seed);
  // A folder that is not this run's keeps its files.
  NORMA_RETURN_IF_ERROR(start_or_resume());
  return write_head();
}

Status Run::start_or_resume() {
  const std::string state_path = path("state.safetensors");
  if (std::filesystem::exists(state_path)) {
    Result<TrainState> state = load_state(state_path, *model_, *adam_, origin());
    if (!state.ok()) return state.status();
    state_ = state.value();
    saved_step_ = state_.step;
  } else if (std::filesystem::exists(path("checkpoint.safetensors"))) {
    // The state is written first, so that there was one.
    return Status(StatusCode::kNotFound,
                  state_path + " is missing beside a checkpoint: without it the run cannot go on. "
                               "Put it back, or train again with another --out.");
  } else {
    models::profile(*model_, task_.train_batch(0).batch);
  }
  return metrics_.open(path("metrics.jsonl"), state_.metrics_bytes);
}

// The files that say what is going to run; for a resumed run, news only of its environment.
Status Run::write_head() {
  NORMA_RETURN_IF_ERROR(write_file_atomically(path("config.toml"), {to_toml(job_.recipe)}));
  NORMA_RETURN_IF_ERROR(write_json(path("env.json"), job_.environment));
  if (!task_.tokenizer) return Status();
  return write_file_atomically(path("tokenizer.json"), {task_.tokenizer->to_json()});
}

// The loss of the step, before its update. Not finite: nothing was updated.
double Run::one_step() {
  const Clock::time_point start = Clock::now();
  const CountedBatch batch = task_.train_batch(state_.step);
  const torch::Tensor loss = model_->loss(batch.batch, job_.recipe.train.label_smoothing);
  const double value = loss.item<double>();
  if (!std::isfinite(value)) return value;
  loss.backward();
  adam_->step(learning_rate(job_.recipe.train, state_.step + 1));
  models::constrain(*model_);
  state_.step += 1;
  state_.tokens += batch.tokens;
  state_.loss_sum += value;
  state_.loss_steps += 1;
  state_.seconds += seconds_since(start);
  return value;
}

Result<Run::Ending> Run::steps() {
  const TrainingRecipe& t = job_.recipe.train;
  const auto due = [&](int64_t every) {
    return state_.step % every == 0 || state_.step == t.steps;
  };
  model_->train();
  while (state_.step < t.steps) {
    if (hooks_.stop()) return Ending::kInterrupted;
    const double loss = one_step();
    if (!std::isfinite(loss)) return diverge(loss);
    if (due(t.log_every)) NORMA_RETURN_IF_ERROR(log_train_line());
    if (due(t.valid_every)) {
      const Evaluation valid = evaluate(*model_, task_.valid);
      state_.valid_loss = valid.loss;
      if (!std::isfinite(state_.valid_loss)) return diverge(state_.valid_loss);
      NORMA_RETURN_IF_ERROR(log_valid_line(valid));
    }
    if (due(t.checkpoint_every)) NORMA_RETURN_IF_ERROR(checkpoint());
  }
  return Ending::kAllSteps;
}

Status Run::log_train_line() {
  const TrainingRecipe& t = job_.recipe.train;
  const double loss = state_.loss_sum / static_cast<double>(state_.loss_steps);
  state_.loss_sum = 0;
  state_.loss_steps = 0;
  const double step_seconds = state_.seconds / static_cast<double>(state_.step);
  hooks_.progress({state_.step, t.steps, loss,
                   static_cast<double>(state_.tokens) / state_.seconds,
                   step_seconds * static_cast<double>(t.steps - state_.step)});
  return metrics_.append({{"kind", "train"},
                          {"step", state_.step},
                          {"loss", loss},
                          {"lr", learning_rate(t, state_.step)},
                          {"tokens", state_.tokens},
                          {"seconds", state_.seconds}});
}

Status Run::log_valid_line(const Evaluation& valid) {
  Json line = {{"kind", "valid"}, {"step", state_.step}, {"loss", valid.loss}};
  if (valid.accuracy) {
    line["accuracy"] = *valid.accuracy;
  } else {
    line["perplexity"] = json_number(std::exp(valid.loss));
  }
  line["seconds"] = state_.seconds;
  return metrics_.append(line);
}

Result<Run::Ending> Run::diverge(double loss) {
  // A step that failed has not been counted; a validation that failed came after its step.
  diverged_at_ = std::isfinite(state_.valid_loss) ? state_.step + 1 : state_.step;
  NORMA_RETURN_IF_ERROR(metrics_.append(
      {{"kind", "diverged"}, {"step", diverged_at_}, {"loss", json_number(loss)}}));
  return Ending::kDiverged;
}

bool Run::weights_are_finite() const {
  torch::NoGradGuard no_grad;
  for (const Adam::Parameter& p : adam_->parameters()) {
    if (!std::isfinite(p.value.sum().item<double>()) && !p.value.isfinite().all().item<bool>()) {
      return false;
    }
  }
  return true;
}

// Weights that are not finite are never saved: the last good checkpoint stays, and the next step
// finds the divergence.
Status Run::checkpoint() {
  if (saved_step_ == state_.step || !weights_are_finite()) return Status();
  NORMA_RETURN_IF_ERROR(metrics_.sync());
  state_.metrics_bytes = metrics_.bytes();
  NORMA_RETURN_IF_ERROR(save_state(path("state.safetensors"), *model_, *adam_, state_, origin()));
  NORMA_RETURN_IF_ERROR(
      save_model(path("checkpoint.safetensors"), *model_, task_.tokenizer, state_.step));
  saved_step_ = state_.step;
  return Status();
}

Json Run::summary(const char* status) const {
  Json json = {{"schema", 1}, {"kind", "train"}, {"name", job_.recipe.name}, {"status", status}};
  json["diverged_at_step"] = diverged_at_ > 0 ? Json(diverged_at_) : Json(nullptr);
  const bool pictures = task_.kind == DataKind::kImages;
  const char* unit = pictures ? "pictures" : task_.kind == DataKind::kPairs ? "pairs" : "tokens";
  json["data"] = {{"name", task_.data_name},
                  {std::string("train_") + unit, task_.train_items},
                  {std::string("valid_") + unit, task_.valid_items},
                  {pictures ? "classes" : "vocab_size", task_.outputs},
                  {"sha256", task_.data_sha256}};
  describe_recipe(job_.recipe, model_->config(), &json);
  int64_t parameters = 0;
  for (const Adam::Parameter& p : adam_->parameters()) parameters += p.value.numel();
  json["model"]["parameters"] = parameters;
  if (const auto* recurrent = dynamic_cast<const models::Recurrent*>(model_.get())) {
    json["model"]["recurrent"] = recurrent->computed_by();
  }
  json["result"] = {{"step", state_.step},
                    {"train_loss", nullptr},
                    {"valid_loss", nullptr},
                    {"bleu", nullptr},
                    {"tokens_per_s", static_cast<double>(state_.tokens) /
                                         std::max(state_.seconds, 1e-9)},
                    {"seconds", state_.seconds}};
  json["samples"] = Json::array();
  return json;
}

Result<Json> Run::finish_after_training() {
  Result<Ending> ending = steps();
  if (!ending.ok()) return ending.status();
  const bool complete = ending.value() == Ending::kAllSteps;
  Json json = summary(complete ? "done"
                      : ending.value() == Ending::kDiverged ? "diverged"
                                                            : "interrupted");
  if (ending.value() == Ending::kInterrupted) NORMA_RETURN_IF_ERROR(checkpoint());
  if (complete) {
    // A kill between the two renames of the last checkpoint leaves an older model file.
    NORMA_RETURN_IF_ERROR(
        save_model(path("checkpoint.safetensors"), *model_, task_.tokenizer, state_.step));
    json["result"]["valid_loss"] = state_.valid_loss;
    json["result"]["train_loss"] = json_number(mean_loss(*model_, task_.train_sample));
    if (task_.kind == DataKind::kImages) {
      json["result"]["accuracy"] = *evaluate(*model_, task_.valid).accuracy;
    }
    if (task_.kind == DataKind::kPairs && job_.recipe.bleu.sentences > 0) {
      Result<Translations> translations =
          translate_held_out(*model_, task_, job_.recipe.bleu, hooks_.stop);
      if (translations.ok()) {
        json["result"]["bleu"] = translations.value().bleu;
        for (const Translation& t : translations.value().samples) {
          json["samples"].push_back({{"source", t.source},
                                     {"reference", t.reference},
                                     {"hypothesis", t.hypothesis}});
        }
      } else {
        json["status"] = "interrupted";
      }
    }
  }
  NORMA_RETURN_IF_ERROR(metrics_.sync());
  NORMA_RETURN_IF_ERROR(write_json(path("summary.json"), json));
  return json;
}

Status check_unused(const TrainJob& job) {
  if (job.resume || !std::filesystem::exists(join_path(job.folder, "config.toml"))) return Status();
  return invalid_argument(job.folder + " holds a run already. Go on with --resume, or choose "
                                       "another --out.");
}

}  // namespace

Result<Json> train(const TrainJob& job, const TrainHooks& hooks) {
  NORMA_RETURN_IF_ERROR(validate(job.recipe));
  if (job.resume) {
    Result<std::optional<Json>> finished = finished_summary(job.folder, job.recipe);
    if (!finished.ok()) return finished.status();
    if (finished.value()) return *finished.value();
  }
  FolderLock lock;
  if (std::filesystem::is_directory(job.folder)) NORMA_RETURN_IF_ERROR(lock.take(job.folder));
  NORMA_RETURN_IF_ERROR(check_unused(job));
  at::set_num_threads(static_cast<int>(job.recipe.train.threads));
  Result<Task> task = load_task(job.recipe, job.data_root);
  if (!task.ok()) return task.status();
  // Only now, so that a run that cannot begin leaves no folder; meanwhile another may have begun.
  NORMA_RETURN_IF_ERROR(make_folder(job.folder));
  NORMA_RETURN_IF_ERROR(lock.take(job.folder));
  NORMA_RETURN_IF_ERROR(check_unused(job));
  Run run(job, hooks, std::move(task.value()));
  NORMA_RETURN_IF_ERROR(run.prepare());
  return run.finish_after_training();
}

}  // namespace norma::lab

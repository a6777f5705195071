// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/timing.h"

#include <ATen/Parallel.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <set>

#include "lab/train/adam.h"
#include "lab/train/schedule.h"
#include "models/model.h"
#include "models/norm.h"
#include "models/placement_info.h"
#include "text/special_tokens.h"

namespace norma::lab {
namespace {

using Clock = std::chrono::steady_clock;

// Norms in a row, as a model has them: the fixed cost of a call of autograd is spread as in a step.
constexpr int kChain = 16;

double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

Quartiles quartiles_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&values](double q) {
    const double place = q * static_cast<double>(values.size() - 1);
    const size_t low = static_cast<size_t>(place);
    const size_t high = std::min(low + 1, values.size() - 1);
    return std::lerp(values[low], values[high], place - static_cast<double>(low));
  };
  return {at(0.25), at(0.5), at(0.75)};
}

// Net bytes allocated on this thread while it is the thread's debug info.
class AllocationCounter : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device) override {
    bytes_ += size;
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t bytes() const { return bytes_; }

 private:
  int64_t bytes_ = 0;
};

// One configuration under the clock.
struct Subject {
  Timing timing;
  std::shared_ptr<models::Model> model;
  std::unique_ptr<Adam> adam;
  TrainRecipe recipe;
  torch::nn::AnyModule norm;
  std::vector<torch::Tensor> inputs;  // x and the norm's parameters
  torch::Tensor dy;
  std::vector<double> forward, backward, step;  // ns, one entry a sample
};

// Norm calls of each stack in one forward pass, from the names of their gains.
std::map<std::string, double> calls_by_stack(const models::Model& model) {
  std::map<std::string, double> calls;
  for (const auto& item : model.named_parameters()) {
    const std::string& name = item.key();
    const size_t norms = name.find("norms.");
    if (norms == std::string::npos || !name.ends_with(".weight")) continue;
    calls[name.starts_with("encoder") ? "encoder" : "decoder"] += 1;  // or the perceptron's layers
  }
  return calls;
}

// Rows of one norm call: real positions of the batch, weighted by each stack's calls.
double rows_of(const models::Batch& batch, const std::map<std::string, double>& calls) {
  double rows = 0, total = 0;
  for (const auto& [stack, count] : calls) {
    // BERT has its encoder's positions where the others have their decoder's.
    const torch::Tensor real =
        stack == "decoder" ? batch.target_out_BT != models::kIgnore
                           : (batch.source_BS.defined() ? batch.source_BS : batch.target_in_BT) !=
                                 text::kPadId;
    rows += count * static_cast<double>(real.sum().item<int64_t>());
    total += count;
  }
  return rows / std::max(total, 1.0);
}

Result<Subject> make_subject(const TrainRecipe& recipe, const Task& task, int64_t samples) {
  Subject s;
  s.recipe = recipe;
  const models::ModelConfig config = model_config(recipe, task);
  const auto seed = static_cast<uint64_t>(recipe.train.seed);
  Result<std::shared_ptr<models::Model>> model = models::make_model(config, seed);
  if (!model.ok()) return model.status();
  s.model = model.value();
  models::profile(*s.model, task.train_batch(0).batch);
  s.model->train();
  s.adam = std::make_unique<Adam>(*s.model, recipe.train);

  const std::map<std::string, double> calls = calls_by_stack(*s.model);
  double rows = 0;
  for (int64_t i = 0; i < samples; ++i) rows += rows_of(task.train_batch(i).batch, calls);
  s.timing.norm = config.norm;
  s.timing.placement = config.placement;
  s.timing.rows = std::max<int64_t>(1, std::lround(rows / static_cast<double>(samples)));
  s.timing.cols = config.d_model;
  s.timing.threads = recipe.train.threads;
  s.timing.norm_calls = s.model->norm_calls_per_forward();
  s.timing.samples = samples;

  torch::manual_seed(seed);
  s.norm = models::make_norm(config.norm, config.d_model, config.norm_eps);
  s.inputs = {torch::randn({s.timing.rows, s.timing.cols}, torch::requires_grad())};
  for (const torch::Tensor& p : s.norm.ptr()->parameters()) s.inputs.push_back(p);
  s.dy = torch::randn({s.timing.rows, s.timing.cols});
  return s;
}

void call_norm(Subject& s, bool is_sample) {
  const double calls = kChain * static_cast<double>(s.timing.rows);
  Clock::time_point start = Clock::now();
  torch::Tensor y = s.inputs[0];
  for (int i = 0; i < kChain; ++i) y = s.norm.forward<torch::Tensor>(y);
  const double forward = ns_since(start) / calls;
  start = Clock::now();
  torch::autograd::grad({y}, s.inputs, {s.dy});
  const double backward = ns_since(start) / calls;
  if (!is_sample) return;
  s.forward.push_back(forward);
  s.backward.push_back(backward);
}

void call_step(Subject& s, const Task& task, int64_t step, bool is_sample) {
  const Clock::time_point start = Clock::now();
  const CountedBatch batch = task.train_batch(step);
  s.model->loss(batch.batch, s.recipe.train.label_smoothing).backward();
  // A rate of 0 keeps a diverging model from changing what is timed.
  s.adam->step(0.0);
  models::constrain(*s.model);
  if (is_sample) s.step.push_back(ns_since(start) / 1e6);
}

void summarise(Subject& s) {
  Timing& t = s.timing;
  for (size_t i = 0; i < s.forward.size(); ++i) {
    t.round_ns_per_row.push_back(s.forward[i] + s.backward[i]);
  }
  t.forward_ns_per_row = quartiles_of(s.forward);
  t.backward_ns_per_row = quartiles_of(s.backward);
  t.step_ms = quartiles_of(s.step);
  const double norm_ns = static_cast<double>(t.norm_calls * t.rows) *
                         (t.forward_ns_per_row.median + t.backward_ns_per_row.median);
  t.norm_share_of_step = norm_ns / (t.step_ms.median * 1e6);
  const int64_t bytes = saved_bytes(s.inputs[0], [&s](const torch::Tensor& x) {
    return s.norm.forward<torch::Tensor>(x);
  });
  t.saved_bytes_per_row = static_cast<double>(bytes) / static_cast<double>(t.rows);
}

}  // namespace

int64_t saved_bytes(const torch::Tensor& x,
                    const std::function<torch::Tensor(const torch::Tensor&)>& forward) {
  const auto counter = std::make_shared<AllocationCounter>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, counter);
  // Of a copy that nobody else holds: once this function lets go of it, only the graph can keep
  // it. It is no leaf, since the graph holds those for another reason, to put their gradient in.
  torch::Tensor input = x.clone(torch::MemoryFormat::Contiguous);
  const torch::Tensor y = forward(input);
  input.reset();
  return counter->bytes() - static_cast<int64_t>(y.nbytes());
}

Status in_turn(size_t subjects, int64_t rounds, const std::function<bool()>& stop,
               const std::function<void(size_t, int64_t, bool)>& call) {
  const auto n = static_cast<int64_t>(subjects);
  for (int64_t round = 0; round < rounds; ++round) {
    if (stop()) return Status(StatusCode::kInterrupted, "interrupted while timing");
    // Backwards every other time round, or each would always follow the same one.
    const int64_t direction = round / std::max<int64_t>(n, 1) % 2 == 0 ? 1 : n - 1;
    for (int64_t place = 0; place < n; ++place) {
      const auto subject = static_cast<size_t>((round + place * direction) % n);
      for (const bool is_sample : {false, true}) call(subject, round, is_sample);
    }
  }
  return Status();
}

Result<std::vector<Timing>> time_norms(const std::vector<TrainRecipe>& recipes, const Task& task,
                                       int64_t samples, const std::function<bool()>& stop) {
  std::vector<Subject> subjects;
  std::set<std::pair<std::string, std::string>> seen;
  for (const TrainRecipe& recipe : recipes) {
    // In a recurrent net a norm takes one position of a batch at a time, some of several widths:
    // the time of all rows at once would be another figure.
    const models::PlacementInfo& placement = *models::find_placement(recipe.model.placement);
    if (!placement.uses_norm || placement.recurrent) continue;
    if (!seen.insert({recipe.model.norm, recipe.model.placement}).second) continue;
    at::set_num_threads(static_cast<int>(recipe.train.threads));
    Result<Subject> subject = make_subject(recipe, task, samples);
    if (!subject.ok()) return subject.status();
    subjects.push_back(std::move(subject.value()));
  }
  Status status = in_turn(subjects.size(), samples, stop, [&](size_t i, int64_t, bool is_sample) {
    call_norm(subjects[i], is_sample);
  });
  if (!status.ok()) return status;
  // Over the batches that the rows are the mean of, every second one: a step takes as long as many
  // norms, and each is taken twice.
  const auto every_second_step = [&](size_t i, int64_t round, bool is_sample) {
    call_step(subjects[i], task, 2 * round, is_sample);
  };
  status = in_turn(subjects.size(), (samples + 1) / 2, stop, every_second_step);
  if (!status.ok()) return status;
  std::vector<Timing> timings;
  for (Subject& s : subjects) {
    summarise(s);
    timings.push_back(s.timing);
  }
  return timings;
}

Json to_json(const Timing& t) {
  return {{"norm", t.norm},
          {"placement", t.placement},
          {"rows", t.rows},
          {"cols", t.cols},
          {"threads", t.threads},
          {"forward_ns_per_row", t.forward_ns_per_row.median},
          {"forward_ns_quartiles", {t.forward_ns_per_row.low, t.forward_ns_per_row.high}},
          {"backward_ns_per_row", t.backward_ns_per_row.median},
          {"backward_ns_quartiles", {t.backward_ns_per_row.low, t.backward_ns_per_row.high}},
          {"round_ns_per_row", t.round_ns_per_row},
          {"step_ms", t.step_ms.median},
          {"norm_calls", t.norm_calls},
          {"norm_share_of_step", t.norm_share_of_step},
          {"saved_bytes_per_row", t.saved_bytes_per_row},
          {"samples", t.samples}};
}

}  // namespace norma::lab

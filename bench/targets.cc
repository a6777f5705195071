// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/targets.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>

#include "bench/summary.h"

namespace norma::bench {
namespace {

using Limit = Target::Limit;
using Names = std::vector<std::string>;

enum class Threads { kEach, kOne, kAll, kOneAndAll };

struct Context {
  CacheSizes caches;
  // norma's medians in f32 on hot buffers: of task, rows, cols, threads.
  std::map<std::tuple<std::string, int64_t, int64_t, int>, double> f32_ns;
};

// 0 where the record is no cell of the wish.
using Value = std::function<double(const Record&, const Context&)>;

struct Wish {
  const char* what;
  Names tasks;
  Names dtypes;
  Threads threads;
  Limit limit;
  double wished;
  Value value;
  bool each_cell = false;  // counts, and not their geometric mean
};

double over_best(const Record& r, const Context&) { return ratio_to_best(r); }

double inverse(double ratio) { return ratio == 0 ? 0 : 1 / ratio; }
double ahead_of_fused(const Record& r, const Context&) {
  return r.cache == "hot" ? inverse(ratio_to_best(r, /*fused_only=*/true)) : 0;
}
double ahead_of_torch(const Record& r, const Context&) {
  return r.cache == "hot" ? inverse(r.ratio_to("torch")) : 0;
}

double over_copy_in_memory(const Record& r, const Context& c) {
  return is_in("memory", r, c.caches) ? r.ratio_to("copy") : 0;
}
double over_copy_in_l2(const Record& r, const Context& c) {
  return is_in("L2", r, c.caches) ? r.ratio_to("copy") : 0;
}

// Where f32 is in the caches of any machine of today, and a call is more than its beginning.
constexpr int64_t kLeastF32Bytes = 64 << 10, kMostF32Bytes = 2 << 20;

double over_f32(const Record& r, const Context& c) {
  const int64_t f32_bytes = 2 * rows_bytes(r);
  if (r.cache != "hot" || f32_bytes < kLeastF32Bytes || f32_bytes > kMostF32Bytes) return 0;
  const auto f32 = c.f32_ns.find({r.task, r.rows, r.cols, r.threads});
  return f32 == c.f32_ns.end() ? 0 : r.median_ns / f32->second;
}

double ns_of_a_row(const Record& r, const Context&) {
  return r.cache == "hot" && r.rows == 1 && r.cols == 4096 ? r.median_ns : 0;
}

const std::vector<Wish>& wishes() {
  const Names forward = {"layer_norm_forward", "rms_norm_forward"},
              backward = {"layer_norm_backward", "rms_norm_backward"},
              add = {"add_layer_norm_forward", "add_rms_norm_forward"};
  const Names all = {forward[0], backward[0], forward[1], backward[1], add[0], add[1]};
  const Names f32 = {"f32"}, narrow = {"bf16", "f16"}, any = {"f32", "bf16", "f16"};
  const char* const fused = "ahead of best fused peer";
  const char* const torch = "ahead of torch";
  const char* const memory = "out of the caches, to copy";
  const char* const l2 = "in L2, to copy";
  static const std::vector<Wish> list = {
      {"never behind the best peer", all, any, Threads::kEach, Limit::kAtMost, kBehind, over_best,
       /*each_cell=*/true},
      {fused, forward, f32, Threads::kEach, Limit::kAtLeast, 1.5, ahead_of_fused},
      {fused, backward, f32, Threads::kEach, Limit::kAtLeast, 2, ahead_of_fused},
      {torch, {forward[0]}, f32, Threads::kEach, Limit::kAtLeast, 2, ahead_of_torch},
      {torch, {backward[0]}, f32, Threads::kEach, Limit::kAtLeast, 2.5, ahead_of_torch},
      {torch, {forward[1], backward[1], add[0], add[1]}, f32, Threads::kEach, Limit::kAtLeast, 3,
       ahead_of_torch},
      {memory, forward, f32, Threads::kOneAndAll, Limit::kAtMost, 1.05, over_copy_in_memory},
      {memory, backward, f32, Threads::kOneAndAll, Limit::kAtMost, 1.6, over_copy_in_memory},
      {memory, add, f32, Threads::kOneAndAll, Limit::kAtMost, 2.1, over_copy_in_memory},
      {memory, forward, narrow, Threads::kAll, Limit::kAtMost, 1.05, over_copy_in_memory},
      {memory, backward, narrow, Threads::kAll, Limit::kAtMost, 1.6, over_copy_in_memory},
      {memory, add, narrow, Threads::kAll, Limit::kAtMost, 2.1, over_copy_in_memory},
      {l2, {forward[0]}, f32, Threads::kEach, Limit::kAtMost, 2.6, over_copy_in_l2},
      {l2, {forward[1]}, f32, Threads::kEach, Limit::kAtMost, 1.5, over_copy_in_l2},
      {"16 bits in f32's time", forward, narrow, Threads::kEach, Limit::kAtMost, 1, over_f32},
      {"a row of 4096, in ns", forward, f32, Threads::kOne, Limit::kBelow, 1000, ns_of_a_row},
  };
  return list;
}

bool has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_about(Threads wished, int threads, int most) {
  switch (wished) {
    case Threads::kOne:
      return threads == 1;
    case Threads::kAll:
      return threads == most;
    case Threads::kOneAndAll:
      return threads == 1 || threads == most;
    default:
      return true;
  }
}

// REQUIRES: the members are norma's, of one task, dtype and number of threads.
Target target(const Wish& wish, const std::vector<const Record*>& members, const Context& context) {
  const Record& first = *members.front();
  Target t{.wish = wish.what,
           .task = first.task,
           .dtype = first.dtype,
           .threads = first.threads,
           .limit = wish.limit,
           .wished = wish.wished};
  double log_sum = 0;
  for (const Record* r : members) {
    const double value = wish.value(*r, context);
    if (value == 0) continue;
    log_sum += std::log(value);
    t.behind += !t.is_met_by(value);
    const bool worse = t.limit == Limit::kAtLeast ? value < t.worst : value > t.worst;
    if (t.cells++ == 0 || worse) {
      t.worst = value, t.worst_rows = r->rows, t.worst_cols = r->cols;
    }
  }
  // A logarithm and back may cost the last bit, and a single cell is its own mean.
  t.reached = wish.each_cell || t.cells <= 1 ? t.worst : std::exp(log_sum / t.cells);
  return t;
}

}  // namespace

bool Target::is_met_by(double value) const {
  // Means of numbers that are the wished one exactly are off by roundings.
  constexpr double kRoundings = 1e-9;
  if (limit == Limit::kBelow) return value < wished;
  return limit == Limit::kAtMost ? value <= wished * (1 + kRoundings)
                                 : value >= wished * (1 - kRoundings);
}

std::vector<Target> targets(const std::vector<Record>& records, const CacheSizes& caches) {
  Context context{.caches = caches, .f32_ns = {}};
  int most = 0;
  // In the order of the records.
  std::vector<std::vector<const Record*>> groups;
  std::map<std::tuple<std::string, std::string, int>, size_t> places;
  for (const Record& r : records) {
    if (r.impl != "norma") continue;
    most = std::max(most, r.threads);
    if (r.dtype == "f32" && r.cache == "hot") {
      context.f32_ns[{r.task, r.rows, r.cols, r.threads}] = r.median_ns;
    }
    const auto [place, is_new] = places.insert({{r.task, r.dtype, r.threads}, groups.size()});
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(&r);
  }
  std::vector<Target> all;
  for (const Wish& wish : wishes()) {
    for (const auto& group : groups) {
      const Record& first = *group.front();
      if (has(wish.tasks, first.task) && has(wish.dtypes, first.dtype) &&
          is_about(wish.threads, first.threads, most)) {
        all.push_back(target(wish, group, context));
      }
    }
  }
  return all;
}

}  // namespace norma::bench

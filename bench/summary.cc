// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/summary.h"

#include <algorithm>
#include <cmath>

namespace norma::bench {
namespace {

template <typename T>
void add_once(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

struct Group {
  std::string task, dtype;
  int threads;
  bool operator==(const Group&) const = default;
};

// Of the records of one group.
std::vector<std::string> opponents(const std::vector<const Record*>& records) {
  std::vector<std::string> names;
  size_t fused = 0, peers = 0;
  for (const Record* r : records) {
    for (const auto& [impl, ratio] : r->ratios) {
      if (impl != r->impl) add_once(names, impl);
    }
  }
  for (const std::string& name : names) {
    peers += name != "copy";
    fused += name != "copy" && is_fused(records.front()->task, name);
  }
  if (peers > 0) names.push_back("best");
  if (fused > 0 && fused < peers) names.push_back("best fused");
  return names;
}

double ratio(const Record& r, const std::string& against) {
  if (against == "best") return ratio_to_best(r);
  if (against == "best fused") return ratio_to_best(r, true);
  return r.ratio_to(against);
}

}  // namespace

double Record::ratio_to(const std::string& other) const {
  for (const auto& [name, ratio] : ratios) {
    if (name == other) return ratio;
  }
  return 0;
}

int64_t rows_bytes(const Record& r) {
  const int64_t matrices = r.task.ends_with("_backward") ? 3 : r.task.starts_with("add_") ? 4 : 2;
  const int64_t element = r.dtype == "f32" ? 4 : r.dtype == "f64" ? 8 : 2;
  return matrices * r.rows * r.cols * element;
}

bool is_in(const std::string& place, const Record& r, const CacheSizes& caches) {
  const int64_t bytes = rows_bytes(r);
  const bool hot = r.cache == "hot";
  if (place == "hot") return hot;
  if (place == "L2") return hot && bytes > caches.l1 && bytes <= caches.l2;
  return !hot || bytes > caches.last_level;
}

// torch has kernels for LayerNorm; its RMSNorm on a CPU is a chain of operations.
bool is_fused(const std::string& task, const std::string& impl) {
  return impl != "torch" || task.starts_with("layer_norm");
}

double ratio_to_best(const Record& norma, bool fused_only) {
  double best = 0;
  for (const auto& [impl, ratio] : norma.ratios) {
    if (impl == "copy" || impl == norma.impl) continue;
    if (!fused_only || is_fused(norma.task, impl)) best = std::max(best, ratio);
  }
  return best;
}

std::vector<Verdict> verdicts(const std::vector<Record>& records, const CacheSizes& caches) {
  std::vector<Group> groups;
  for (const Record& r : records) {
    if (r.impl == "norma") add_once(groups, {r.task, r.dtype, r.threads});
  }
  std::vector<Verdict> all;
  for (const Group& group : groups) {
    std::vector<const Record*> members;
    for (const Record& r : records) {
      if (r.impl == "norma" && Group{r.task, r.dtype, r.threads} == group) members.push_back(&r);
    }
    for (const char* place : {"hot", "L2", "memory"}) {
      for (const std::string& against : opponents(members)) {
        Verdict v{.task = group.task,
                  .dtype = group.dtype,
                  .threads = group.threads,
                  .place = place,
                  .against = against};
        double log_sum = 0;
        for (const Record* r : members) {
          const double value = is_in(place, *r, caches) ? ratio(*r, against) : 0;
          if (value == 0) continue;
          log_sum += std::log(value);
          ++v.shapes;
          v.behind += value > kBehind;
          if (value > v.worst) v.worst = value, v.worst_rows = r->rows, v.worst_cols = r->cols;
        }
        if (v.shapes == 0) continue;
        v.geomean = std::exp(log_sum / v.shapes);
        all.push_back(v);
      }
    }
  }
  return all;
}

}  // namespace norma::bench

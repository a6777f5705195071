// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <exception>
#include <map>
#include <new>

#include "bench/harness/model_contest.h"
#include "bench/harness/timing.h"
#include "bench/lstm_training/lstm.h"

namespace norma::bench {
namespace {

class Threads {
 public:
  explicit Threads(int threads) { at::set_num_threads(threads); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  const int before_ = at::get_num_threads();
};

Status run_threads(const ModelContest& contest, const Options& options, int threads,
                   std::ostream& table, Report* report) {
  const Threads set(threads);
  std::vector<std::unique_ptr<Peer>> peers;
  for (const ModelEntrant& entrant : contest.entrants) {
    std::unique_ptr<ModelPeer> peer = entrant.make();
    peer->run(0);
    NORMA_RETURN_IF_ERROR(peer->check());
    peers.push_back(std::move(peer));
  }
  const Samples ns = time_in_turn(peers, 1, options.samples, options.interrupted);
  if (ns.empty()) return {StatusCode::kInterrupted, "[bench] interrupted."};
  const std::vector<double>& base = ns.back();
  fmt::print(table, "{}, f32, {}, {} thread{}\n", contest.task, contest.size, threads,
             threads == 1 ? "" : "s");
  for (size_t p = 0; p < ns.size(); ++p) {
    const ModelEntrant& entrant = contest.entrants[p];
    Record r{.task = contest.task, .dtype = "f32", .impl = entrant.impl, .cache = "hot",
             .rows = contest.rows, .cols = contest.cols, .threads = threads,
             .samples = options.samples, .median_ns = median(ns[p]), .min_ns = minimum(ns[p]),
             .ratios = {}};
    for (size_t other = 0; other < ns.size(); ++other) {
      r.ratios.emplace_back(contest.entrants[other].impl, paired_ratio(ns[p], ns[other]));
    }
    fmt::print(table, "  {:<10} {:>9.1f} ms  {:>5.2f} x {}   {}\n", entrant.impl, r.median_ns / 1e6,
               paired_ratio(ns[p], base), contest.entrants.back().impl, entrant.what);
    report->records.push_back(std::move(r));
  }
  if (table.flush()) return {};
  return {StatusCode::kIo,
          "[bench] cannot write the table. Free some space, or send it elsewhere."};
}

using Make = ModelContest (*)(uint64_t seed);

const std::map<std::string, Make>& makers() {
  static const std::map<std::string, Make> all = {
      // The size that the fused LSTM is judged by.
      {"lstm_training", [](uint64_t seed) { return lstm_training::contest({100, 32, 512}, seed); }},
  };
  return all;
}

}  // namespace

std::vector<std::string> model_task_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : makers()) names.push_back(name);
  return names;
}

ModelContest make_model_contest(const std::string& task, uint64_t seed) {
  return makers().at(task)(seed);
}

Status run_model_contest(const ModelContest& contest, const Options& options, std::ostream& table,
                         Report* report) {
  try {
    for (const int threads : options.threads) {
      NORMA_RETURN_IF_ERROR(run_threads(contest, options, threads, table, report));
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return {StatusCode::kInternal, fmt::format("[bench] {}: {}", contest.task, error.what())};
  }
  return {};
}

}  // namespace norma::bench

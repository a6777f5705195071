// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <new>

#include "bench/generation/generation.h"
#include "bench/harness/model_contest.h"
#include "bench/harness/timing.h"
#include "bench/lstm_training/lstm.h"
#include "bench/operators/operators.h"
#include "bench/table.h"

namespace norma::bench {
namespace {

class Threads {
 public:
  explicit Threads(int threads) { at::set_num_threads(threads); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  const int before_ = at::get_num_threads();
};

struct Named {
  const ModelEntrant* entrant;
  std::unique_ptr<ModelPeer> peer;
};

// [peer][sample], as time_in_turn() of harness/timing.h; but a call is long enough for a sample,
// and a peer may have its own way of measuring it.
Samples time_in_turn(const std::vector<Named>& peers, int samples,
                     const std::function<bool()>& interrupted) {
  Samples ns(peers.size());
  for (const Named& named : peers) named.peer->run(0);
  for (int s = 0; s < samples; ++s) {
    for (size_t k = 0; k < peers.size(); ++k) {
      if (interrupted && interrupted()) return {};
      const size_t p = (k + static_cast<size_t>(s)) % peers.size();
      ns[p].push_back(peers[p].peer->time());
    }
  }
  return ns;
}

std::string speeds(const ModelContest& contest, double ns) {
  if (contest.tokens == 0) return "";
  const auto tokens = static_cast<double>(contest.tokens);
  return fmt::format("{:>8.1f} tokens/s {:>5.1f} GB/s", tokens / ns * 1e9,
                     static_cast<double>(contest.bytes) / ns);
}

Status run_threads(const ModelContest& contest, const Options& options, int threads,
                   std::ostream& table, Report* report) {
  const Threads set(threads);
  const auto skip = [&](const std::string& why) {
    const std::string line = contest.task + ": " + why;
    std::vector<std::string>& all = report->skipped;
    if (std::find(all.begin(), all.end(), line) == all.end()) all.push_back(line);
  };
  const ModelRun run{threads, options.python, skip};
  std::vector<Named> peers;
  for (const ModelEntrant& entrant : contest.entrants) {
    std::unique_ptr<ModelPeer> peer = entrant.make(run);
    if (!peer) continue;
    peer->run(0);
    NORMA_RETURN_IF_ERROR(peer->check());
    peers.push_back({&entrant, std::move(peer)});
  }
  const Samples ns = time_in_turn(peers, options.samples, options.interrupted);
  if (ns.empty()) return {StatusCode::kInterrupted, "[bench] interrupted."};
  const std::vector<double>& base = ns.back();
  fmt::print(table, "{}, f32, {}, {} thread{}\n", contest.task, contest.size, threads,
             threads == 1 ? "" : "s");
  for (size_t p = 0; p < ns.size(); ++p) {
    const ModelEntrant& entrant = *peers[p].entrant;
    Record r{.task = contest.task, .dtype = "f32", .impl = entrant.impl, .cache = "hot",
             .rows = contest.rows, .cols = contest.cols, .threads = threads,
             .samples = options.samples, .bytes = contest.bytes, .median_ns = median(ns[p]),
             .min_ns = minimum(ns[p]), .ratios = {}};
    r.gb_s = static_cast<double>(r.bytes) / r.median_ns;
    for (size_t other = 0; other < ns.size(); ++other) {
      r.ratios.emplace_back(peers[other].entrant->impl, paired_ratio(ns[p], ns[other]));
    }
    fmt::print(table, "  {:<10} {:>9.1f} ms  {:>5.2f} x {} {}  {}\n", entrant.impl,
               r.median_ns / 1e6, paired_ratio(ns[p], base), peers.back().entrant->impl,
               speeds(contest, r.median_ns), entrant.what);
    report->records.push_back(std::move(r));
  }
  return flushed(table);
}

using Make = ModelContest (*)(uint64_t seed);
using Makers = std::map<std::string, Make>;

const Makers& makers_of_models() {
  static const Makers all = {
      // Those of llama2.c's models; 110M is bound by the memory's speed, 260K by what surrounds
      // each operation.
      {"generation_110m",
       [](uint64_t seed) {
         return generation::contest("generation_110m", "LLaMA of 110M parameters",
                                    {768, 2048, 12, 12, 12, 32000, 1024, 32}, seed);
       }},
      {"generation_260k",
       [](uint64_t seed) {
         return generation::contest("generation_260k", "LLaMA of 260K parameters",
                                    {64, 172, 5, 8, 4, 512, 512, 256}, seed);
       }},
      // The size that the fused LSTM is judged by.
      {"lstm_training", [](uint64_t seed) { return lstm_training::contest({100, 32, 512}, seed); }},
  };
  return all;
}

// Their names are those of their tasks.
#define NORMA_BENCH_OPERATOR(task) \
  {#task, [](uint64_t seed) { return operators::contest(#task, operators::task(seed)); }}

const Makers& makers_of_operators() {
  static const Makers all = {
      NORMA_BENCH_OPERATOR(batch_norm_forward), NORMA_BENCH_OPERATOR(batch_norm_backward),
      NORMA_BENCH_OPERATOR(group_norm_forward), NORMA_BENCH_OPERATOR(group_norm_backward),
      NORMA_BENCH_OPERATOR(dyt_forward),        NORMA_BENCH_OPERATOR(seed_norm_forward),
      NORMA_BENCH_OPERATOR(gated_norm_forward), NORMA_BENCH_OPERATOR(rope_norm_forward),
      NORMA_BENCH_OPERATOR(quantized_norm_forward),
  };
  return all;
}

std::vector<std::string> names_of(const Makers& makers) {
  std::vector<std::string> names;
  for (const auto& [name, make] : makers) names.push_back(name);
  return names;
}

}  // namespace

double ModelPeer::time() {
  const auto start = std::chrono::steady_clock::now();
  run(0);
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count();
}

std::vector<std::string> model_task_names() { return names_of(makers_of_models()); }
std::vector<std::string> operator_task_names() { return names_of(makers_of_operators()); }

ModelContest make_model_contest(const std::string& task, uint64_t seed) {
  const auto found = makers_of_models().find(task);
  return found != makers_of_models().end() ? found->second(seed)
                                           : makers_of_operators().at(task)(seed);
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

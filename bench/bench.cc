// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/bench.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/cache_size.h"
#include "base/commit.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "bench/harness/machine.h"
#include "bench/harness/peer.h"
#include "bench/harness/timing.h"
#include "bench/limits.h"

namespace norma::bench {
namespace {

struct Contest {
  Task task;
  MakePeer norma, torch;
};

const std::vector<Contest>& contests() {
  static const std::vector<Contest> all = {
      {{"layer_norm_forward", NormKind::kLayerNorm, false},
       layer_norm_forward::make_norma, layer_norm_forward::make_torch},
      {{"layer_norm_backward", NormKind::kLayerNorm, true},
       layer_norm_backward::make_norma, layer_norm_backward::make_torch},
      {{"rms_norm_forward", NormKind::kRmsNorm, false},
       rms_norm_forward::make_norma, rms_norm_forward::make_torch},
      {{"rms_norm_backward", NormKind::kRmsNorm, true},
       rms_norm_backward::make_norma, rms_norm_backward::make_torch},
  };
  return all;
}

// The order in which peers are made, timed and recorded.
enum PeerIndex : size_t { kCopy, kNorma, kTorch, kPeers };
constexpr const char* kImpls[kPeers] = {"copy", "norma", "torch"};

// A cold call is timed where it touches at least this much: below, the tensors' own headers would
// be as cold as their rows, and what is measured is no longer the norm.
constexpr int64_t kColdSetBytes = 256 << 10;

constexpr int64_t kFloat = sizeof(float);

// Of the rows that one call touches.
int64_t bytes_of_a_set(const Task& task, int64_t rows, int64_t cols) {
  return (task.backward ? 3 : 2) * rows * cols * kFloat;
}
// What a task must at least read and write, without the few bytes of the statistics: the rows,
// weight, bias, dweight and dbias where there are such.
int64_t bytes_of(const Problem& p) {
  const int64_t vectors = (p.layer() ? 2 : 1) + (p.task.backward ? 1 : 0);
  return bytes_of_a_set(p.task, p.rows, p.cols) + vectors * p.cols * kFloat;
}
int64_t copy_bytes(const Problem& p) { return 2 * p.rows * p.cols * kFloat; }

class Run {
 public:
  Run(Options options, std::ostream& table, Report& report)
      : options_(std::move(options)), table_(table), report_(report) {}
  ~Run() { at::set_num_threads(all_threads_); }

  Status run() {
    NORMA_RETURN_IF_ERROR(complete_options());
    report_.machine = machine_name();
    report_.date = date_now();
    report_.commit = std::string(commit()) + (commit_is_modified() ? "-modified" : "");
    fmt::print(table_, "{}; {}; commit {}; f32, {} paired samples\n", report_.machine,
               report_.date, report_.commit, options_.samples);
    fmt::print(table_,
               "{:<20} {:>5} {:>5} {:>3} {:>4} | {:>11} {:>6} | {:>11} {:>6} {:>6} | {:>11} | "
               "{:>7}\n",
               "task", "rows", "cols", "thr", "", "copy ns", "GB/s", "norma ns", "GB/s", "/copy",
               "torch ns", "/torch");
    for (const Contest& contest : contests()) {
      const auto& wanted = options_.tasks;
      if (std::find(wanted.begin(), wanted.end(), contest.task.name) == wanted.end()) continue;
      for (const int64_t rows : options_.rows) {
        for (const int64_t cols : options_.cols) {
          NORMA_RETURN_IF_ERROR(run_shape(contest, rows, cols));
        }
      }
    }
    print_summary();
    return {};
  }

 private:
  Status complete_options() {
    Options& o = options_;
    const bool toy = o.suite == "toy";
    if (!toy && o.suite != "cpu") {
      return invalid_argument("[bench] " + unknown_name("suite", o.suite, {"cpu", "toy"}));
    }
    if (o.tasks.empty()) o.tasks = task_names();
    for (const std::string& name : o.tasks) {
      const auto known = task_names();
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        return invalid_argument("[bench] " + unknown_name("task", name, known));
      }
    }
    using List = std::vector<int64_t>;
    // The suite's own may be more than a small machine has.
    NORMA_RETURN_IF_ERROR(check_threads(o.threads, all_threads_));
    if (o.rows.empty()) o.rows = toy ? List{3, 40} : List{1, 16, 128, 2048, 8192};
    if (o.cols.empty()) o.cols = toy ? List{5, 64} : List{64, 768, 1024, 4096};
    if (o.threads.empty()) o.threads = {1, toy ? 2 : 0};
    for (int& threads : o.threads) threads = threads == 0 ? all_threads_ : threads;
    o.threads.erase(std::unique(o.threads.begin(), o.threads.end()), o.threads.end());
    const auto check = [](const char* what, int64_t value, int64_t least) {
      if (value >= least) return Status();
      return invalid_argument(
          fmt::format("[bench] {} must be at least {} but is {}.", what, least, value));
    };
    for (const int64_t rows : o.rows) NORMA_RETURN_IF_ERROR(check("--rows", rows, 1));
    for (const int64_t cols : o.cols) NORMA_RETURN_IF_ERROR(check("--cols", cols, 1));
    NORMA_RETURN_IF_ERROR(check("--samples", o.samples, toy ? 1 : 31));
    std::vector<Task> tasks;
    for (const Contest& contest : contests()) {
      const bool wanted =
          std::find(o.tasks.begin(), o.tasks.end(), contest.task.name) != o.tasks.end();
      if (wanted) tasks.push_back(contest.task);
    }
    return check_memory(tasks, o.rows, o.cols);
  }

  Status run_shape(const Contest& contest, int64_t rows, int64_t cols) {
    const int64_t set_bytes = bytes_of_a_set(contest.task, rows, cols);
    // One more set than fills the last-level cache twice.
    const int64_t cold_sets = 2 * last_level_cache_bytes() / set_bytes + 1;
    const bool cold = options_.suite != "toy" && set_bytes >= kColdSetBytes && cold_sets > 1;
    Problem problem(contest.task, rows, cols, cold ? cold_sets : 1, options_.seed);
    uint64_t first_hash = 0;
    for (const int threads : options_.threads) {
      at::set_num_threads(threads);
      try {
        std::vector<std::unique_ptr<Peer>> peers;
        peers.push_back(make_copy(problem));
        peers.push_back(contest.norma(problem));
        peers.push_back(contest.torch(problem));
        uint64_t hash = 0;
        NORMA_RETURN_IF_ERROR(check_peers(problem, peers, &hash));
        if (threads == options_.threads.front()) first_hash = hash;
        if (hash != first_hash) {
          return {StatusCode::kInternal,
                  fmt::format("[bench] norma computes other bits for {} [{}, {}] with {} threads "
                              "than with {}.", problem.task.name, rows, cols, threads,
                              options_.threads.front())};
        }
        NORMA_RETURN_IF_ERROR(time_peers(problem, peers, threads, "hot", 1));
        if (cold) {
          NORMA_RETURN_IF_ERROR(time_peers(problem, peers, threads, "cold", problem.sets.size()));
        }
      } catch (const std::bad_alloc&) {
        throw;
      } catch (const std::exception& error) {
        return {StatusCode::kInternal, fmt::format("[bench] {} [{}, {}]: {}", problem.task.name,
                                                   rows, cols, error.what())};
      }
    }
    report_.hash = mix64(report_.hash + first_hash);
    return {};
  }

  Status check_peers(Problem& problem, const std::vector<std::unique_ptr<Peer>>& peers,
                     uint64_t* norma_hash) {
    for (const size_t p : {kNorma, kTorch}) {
      problem.spoil_outputs();
      peers[p]->run(0);
      const Answer answer = peers[p]->answer(0);
      NORMA_RETURN_IF_ERROR(check(problem, answer, kImpls[p]));
      if (p == kNorma) *norma_hash = problem.hash(answer);
    }
    return {};
  }

  Status time_peers(const Problem& problem, const std::vector<std::unique_ptr<Peer>>& peers,
                    int threads, const char* cache, size_t sets) {
    const Samples ns = time_in_turn(peers, sets, options_.samples, options_.interrupted);
    if (ns.empty()) return {StatusCode::kInterrupted, "[bench] interrupted."};
    Record records[kPeers];
    for (size_t p = 0; p < kPeers; ++p) {
      const int64_t bytes = p == kCopy ? copy_bytes(problem) : bytes_of(problem);
      const double mid = median(ns[p]);
      records[p] = {.task = problem.task.name, .dtype = "f32", .impl = kImpls[p], .cache = cache,
                    .rows = problem.rows, .cols = problem.cols, .threads = threads,
                    .samples = options_.samples, .bytes = bytes, .median_ns = mid,
                    .min_ns = minimum(ns[p]), .gb_s = static_cast<double>(bytes) / mid,
                    .ratio_to_copy = paired_ratio(ns[p], ns[kCopy]),
                    .ratio_to_torch = paired_ratio(ns[p], ns[kTorch])};
      report_.records.push_back(records[p]);
    }
    const Record &copy = records[kCopy], &norma = records[kNorma], &torch = records[kTorch];
    fmt::print(table_,
               "{:<20} {:>5} {:>5} {:>3} {:>4} | {:>11.0f} {:>6.1f} | {:>11.0f} {:>6.1f} "
               "{:>6.2f} | {:>11.0f} | {:>7.3f}\n",
               norma.task, norma.rows, norma.cols, threads, cache, copy.median_ns, copy.gb_s,
               norma.median_ns, norma.gb_s, norma.ratio_to_copy, torch.median_ns,
               norma.ratio_to_torch);
    if (table_.flush()) return {};
    return {StatusCode::kIo,
            "[bench] cannot write the table. Free some space, or send it elsewhere."};
  }

  void print_summary() {
    fmt::print(table_, "\nnorma's time over torch's, hot: geometric mean and worst shape\n");
    for (const std::string& task : options_.tasks) {
      for (const int threads : options_.threads) {
        print_summary(task, threads);
      }
    }
    fmt::print(table_, "hash of norma's answers: {:016x}\n", report_.hash);
  }

  void print_summary(const std::string& task, int threads) {
    double log_sum = 0;
    int shapes = 0, slower = 0;
    const Record* worst = nullptr;
    for (const Record& r : report_.records) {
      const bool counts = r.task == task && r.threads == threads && r.cache == "hot";
      if (!counts || r.impl != "norma") continue;
      log_sum += std::log(r.ratio_to_torch);
      ++shapes;
      slower += r.ratio_to_torch > 1.03;
      if (!worst || r.ratio_to_torch > worst->ratio_to_torch) worst = &r;
    }
    fmt::print(table_,
               "{:<20} {:>2} threads: {:.3f}, worst {:.3f} at [{}, {}], {} of {} above 1.03\n",
               task, threads, std::exp(log_sum / shapes), worst->ratio_to_torch, worst->rows,
               worst->cols, slower, shapes);
  }

  Options options_;
  std::ostream& table_;
  Report& report_;
  const int all_threads_ = at::get_num_threads();
};

}  // namespace

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Contest& contest : contests()) names.push_back(contest.task.name);
  return names;
}

Status run(const Options& options, std::ostream& table, Report* report) {
  *report = {};
  try {
    return Run(options, table, *report).run();
  } catch (const std::bad_alloc&) {
    return {StatusCode::kInternal, "[bench] out of memory. Give fewer --rows or --cols."};
  }
}

Status write_json(const Report& report, const std::string& path) {
  std::string lines;
  for (const Record& r : report.records) {
    const auto tenths = [](double ns) { return std::round(ns * 10) / 10; };
    const auto thousandths = [](double ratio) { return std::round(ratio * 1000) / 1000; };
    const nlohmann::ordered_json line = {
        {"task", r.task}, {"dtype", r.dtype}, {"rows", r.rows}, {"cols", r.cols},
        {"threads", r.threads}, {"impl", r.impl}, {"cache", r.cache},
        {"median_ns", tenths(r.median_ns)}, {"min_ns", tenths(r.min_ns)},
        {"gb_s", thousandths(r.gb_s)}, {"ratio_to_copy", thousandths(r.ratio_to_copy)},
        {"ratio_to_torch", thousandths(r.ratio_to_torch)}, {"samples", r.samples},
        {"bytes", r.bytes}, {"commit", report.commit}, {"machine", report.machine},
        {"date", report.date}};
    lines += line.dump() + "\n";
  }
  return write_file_atomically(path, {lines});
}

}  // namespace norma::bench

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/bench.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <new>

#include "base/commit.h"
#include "base/executor.h"
#include "base/hash.h"
#include "bench/contests.h"
#include "bench/harness/machine.h"
#include "bench/harness/model_contest.h"
#include "bench/harness/onnxruntime.h"
#include "bench/harness/timing.h"
#include "bench/options.h"
#include "bench/suite.h"
#include "bench/table.h"

namespace norma::bench {
namespace {

// What a task must at least read and write, without the few bytes of the statistics: the rows, and
// in f32 weight, bias, dweight and dbias where there are such.
int64_t bytes_of(const Task& task, DType dtype, int64_t rows, int64_t cols) {
  const bool layer = task.kind == NormKind::kLayerNorm;
  const int64_t vectors = (layer ? 2 : 1) + (task.backward ? 1 : 0);
  return bytes_of_a_set(task, dtype, rows, cols) +
         vectors * cols * static_cast<int64_t>(sizeof(float));
}
int64_t copy_bytes(DType dtype, int64_t rows, int64_t cols) {
  return 2 * rows * cols * static_cast<int64_t>(size_of(dtype));
}

// The order in which the first peers are timed and recorded.
enum PeerIndex : size_t { kCopy, kNorma, kTorch };

// A peer with the name it is recorded under.
struct Named {
  std::vector<std::string> impls;
  std::vector<std::unique_ptr<Peer>> peers;

  void add(const std::string& impl, std::unique_ptr<Peer> peer) {
    impls.push_back(impl);
    peers.push_back(std::move(peer));
  }
};

class Run {
 public:
  Run(Options options, const std::vector<Contest>& contests, std::ostream& table, Report& report)
      : options_(std::move(options)), contests_(contests), table_(table), report_(report) {}
  ~Run() { at::set_num_threads(all_threads_); }

  Status run() {
    NORMA_RETURN_IF_ERROR(complete(&options_, contests_, all_threads_));
    suite_ = find_suite(options_.suite);
    report_.machine = machine_name();
    report_.date = date_now();
    report_.commit = std::string(commit()) + (commit_is_modified() ? "-modified" : "");
    report_.caches = cache_sizes();
    std::vector<std::string> dtypes;
    for (const DType dtype : suite_->dtypes) dtypes.emplace_back(name_of(dtype));
    print_title(table_, report_, dtypes, options_.samples);
    if (suite_->models) return run_models();
    if (!suite_->all_peers) print_header(table_);
    for (const Contest& contest : contests_) {
      const auto& wanted = options_.tasks;
      if (std::find(wanted.begin(), wanted.end(), contest.task.name) == wanted.end()) continue;
      for (const DType dtype : suite_->dtypes) NORMA_RETURN_IF_ERROR(run_contest(contest, dtype));
      if (!suite_->all_peers) continue;
      print_grids(table_, report_.records, contest.task.name);
      NORMA_RETURN_IF_ERROR(flushed(table_));
    }
    if (suite_->all_peers) return print_end(report_, table_);
    print_torch_summary(table_, report_);
    return flushed(table_);
  }

 private:
  Status run_models() {
    for (const std::string& task : options_.tasks) {
      const ModelContest contest = make_model_contest(task, options_.seed);
      NORMA_RETURN_IF_ERROR(run_model_contest(contest, options_, table_, &report_));
    }
    note_version("torch");
    for (const std::string& line : report_.skipped) fmt::print(table_, "skipped: {}\n", line);
    return flushed(table_);
  }

  Status run_contest(const Contest& contest, DType dtype) {
    const std::string task = contest.task.name + ", " + name_of(dtype);
    const Shapes shapes =
        shapes_of(contest.task, dtype, options_.rows, options_.cols, suite_->cap);
    std::map<int64_t, std::string> left_out;  // by cap
    for (const Shape& s : shapes.left_out) {
      left_out[suite_->cap.of(dtype, s.rows)] += fmt::format(" [{}, {}]", s.rows, s.cols);
    }
    for (const auto& [cap, list] : left_out) {
      skip(fmt::format("{}{}: a call would touch more than {} MiB", task, list, cap >> 20));
    }
    for (size_t i = 0; i < shapes.fit.size(); ++i) {
      const Shape& s = shapes.fit[i];
      tell(fmt::format("{} [{}, {}], {} of {}", task, s.rows, s.cols, i + 1, shapes.fit.size()));
      NORMA_RETURN_IF_ERROR(run_shape(contest, dtype, s.rows, s.cols));
    }
    if (!suite_->all_peers) return {};
    for (const int threads : options_.threads) {
      NORMA_RETURN_IF_ERROR(run_in_onnxruntime(contest.task, dtype, shapes.fit, threads));
    }
    return {};
  }

  void skip(const std::string& line) {
    auto& all = report_.skipped;
    if (std::find(all.begin(), all.end(), line) == all.end()) all.push_back(line);
  }

  void tell(const std::string& what) const {
    if (!options_.progress) return;
    const auto s =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start_)
            .count();
    fmt::print(*options_.progress, "{:>3}:{:02} {}\n", s / 60, s % 60, what);
    options_.progress->flush();
  }

  Status run_shape(const Contest& contest, DType dtype, int64_t rows, int64_t cols) {
    const int64_t sets = suite_->cold ? cold_sets(contest.task, dtype, rows, cols) : 1;
    Problem problem(contest.task, rows, cols, sets, options_.seed, dtype);
    uint64_t first_hash = 0;
    for (const int threads : options_.threads) {
      at::set_num_threads(threads);
      try {
        Named named;
        named.add("copy", make_copy(problem, default_executor()));
        for (const Entrant& entrant : contest.entrants) {
          if (!suite_->all_peers && named.peers.size() > kTorch) break;
          if (std::unique_ptr<Peer> peer = entrant.make(problem)) {
            named.add(entrant.impl, std::move(peer));
          } else {
            skip(fmt::format("{}, {}: no {}: not built in, or it has no such type here",
                             contest.task.name, name_of(dtype), entrant.impl));
          }
        }
        uint64_t hash = 0;
        NORMA_RETURN_IF_ERROR(check_peers(problem, &named, &hash));
        if (threads == options_.threads.front()) first_hash = hash;
        if (hash != first_hash) {
          return {StatusCode::kInternal,
                  fmt::format("[bench] norma computes other bits for {} [{}, {}] with {} threads "
                              "than with {}.",
                              problem.task.name, rows, cols, threads, options_.threads.front())};
        }
        NORMA_RETURN_IF_ERROR(time_peers(problem, named, threads, "hot", 1));
        if (sets > 1) {
          NORMA_RETURN_IF_ERROR(time_peers(problem, named, threads, "cold", problem.sets.size()));
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

  // A wrong answer ends the run; but among all peers that of another than norma is told, and the
  // peer is taken out.
  Status check_peers(Problem& problem, Named* named, uint64_t* norma_hash) {
    for (size_t p = kNorma; p < named->peers.size();) {
      problem.spoil_outputs();
      named->peers[p]->run(0);
      const Answer answer = named->peers[p]->answer(0);
      if (p == kNorma) *norma_hash = problem.hash(answer);
      if (const Status status = check(problem, answer, named->impls[p]); status.ok()) {
        ++p;
      } else if (p == kNorma || !suite_->all_peers) {
        return status;
      } else {
        skip(status.message());
        named->impls.erase(named->impls.begin() + static_cast<std::ptrdiff_t>(p));
        named->peers.erase(named->peers.begin() + static_cast<std::ptrdiff_t>(p));
      }
    }
    return {};
  }

  Status time_peers(const Problem& problem, const Named& named, int threads, const char* cache,
                    size_t sets) {
    const Samples ns = time_in_turn(named.peers, sets, options_.samples, options_.interrupted);
    if (ns.empty()) return {StatusCode::kInterrupted, "[bench] interrupted."};
    const size_t first = report_.records.size();
    for (size_t p = 0; p < ns.size(); ++p) {
      Record r = record(problem.task, problem.dtype, problem.rows, problem.cols, threads, cache,
                        named.impls[p], ns[p]);
      for (size_t other = 0; other < ns.size(); ++other) {
        if (named.impls[other] == "norma") continue;
        r.ratios.emplace_back(named.impls[other], paired_ratio(ns[p], ns[other]));
      }
      report_.records.push_back(std::move(r));
      note_version(named.impls[p]);
    }
    if (suite_->all_peers) return {};
    const Record* const records = &report_.records[first];
    print_line(table_, records[kCopy], records[kNorma], records[kTorch]);
    return flushed(table_);
  }

  Record record(const Task& task, DType dtype, int64_t rows, int64_t cols, int threads,
                const std::string& cache, const std::string& impl,
                const std::vector<double>& ns) const {
    const bool is_copy = impl == "copy";
    const int64_t bytes =
        is_copy ? copy_bytes(dtype, rows, cols) : bytes_of(task, dtype, rows, cols);
    const double mid = median(ns);
    return {.task = task.name,
            .dtype = name_of(dtype),
            .impl = impl,
            .cache = cache,
            .rows = rows,
            .cols = cols,
            .threads = threads,
            .samples = options_.samples,
            .bytes = bytes,
            .median_ns = mid,
            .min_ns = minimum(ns),
            .gb_s = static_cast<double>(bytes) / mid,
            .ratios = {}};
  }

  void note_version(const std::string& impl, const std::string& version = "") {
    for (const auto& [known, text] : report_.versions) {
      if (known == impl) return;
    }
    if (impl == "torch") report_.versions.emplace_back(impl, TORCH_VERSION);
    if (impl == "onednn") report_.versions.emplace_back(impl, onednn_version());
    if (impl == "onednn3") report_.versions.emplace_back(impl, onednn3_version());
    if (impl == "onnxruntime") report_.versions.emplace_back(impl, version);
  }

  Status run_in_onnxruntime(const Task& task, DType dtype, const std::vector<Shape>& shapes,
                            int threads) {
    OnnxRuntimeJob job{.python = options_.python,
                       .task = task.name,
                       .dtype = name_of(dtype),
                       .shapes = {},
                       .threads = threads,
                       .samples = options_.samples,
                       .seed = options_.seed,
                       .cold = suite_->cold};
    for (const Shape& s : shapes) job.shapes.emplace_back(s.rows, s.cols);
    const auto told = [&](const OnnxRuntimeTimes& times) {
      tell(fmt::format("{}, {} [{}, {}] in onnxruntime, {}, {} threads", task.name, job.dtype,
                       times.rows, times.cols, times.cache, threads));
    };
    OnnxRuntimeResult result;
    const Status ran = run_onnxruntime(job, options_.interrupted, told, &result);
    if (!result.skipped.empty()) {
      skip(fmt::format("{}, {}: no onnxruntime: {}", task.name, job.dtype, result.skipped));
    }
    for (const std::string& line : result.wrong) skip(line);
    for (const OnnxRuntimeTimes& times : result.times) {
      note_version("onnxruntime", result.version);
      add(task, dtype, threads, times);
    }
    return ran;
  }

  // Records what ONNX Runtime took, and norma's ratio to it.
  void add(const Task& task, DType dtype, int threads, const OnnxRuntimeTimes& times) {
    const double norma_to_it = paired_ratio(times.norma_ns, times.ns);
    double to_copy = 0;  // by way of norma, which is timed beside both
    for (Record& r : report_.records) {
      const bool same = r.task == task.name && r.dtype == name_of(dtype) && r.threads == threads &&
                        r.cache == times.cache && r.rows == times.rows && r.cols == times.cols;
      if (!same || r.impl != "norma") continue;
      to_copy = r.ratio_to("copy") / norma_to_it;
      r.ratios.emplace_back("onnxruntime", norma_to_it);
    }
    const auto record_of = [&](const char* impl, const std::vector<double>& ns, double ratio) {
      Record r = record(task, dtype, times.rows, times.cols, threads, times.cache, impl, ns);
      r.ratios.emplace_back("copy", ratio);
      report_.records.push_back(std::move(r));
    };
    record_of("norma_beside_onnxruntime", times.norma_ns, to_copy * norma_to_it);
    record_of("onnxruntime", times.ns, to_copy);
  }

  Options options_;
  const std::vector<Contest>& contests_;
  std::ostream& table_;
  Report& report_;
  const Suite* suite_ = nullptr;
  const int all_threads_ = at::get_num_threads();
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

Status run(const Options& options, const std::vector<Contest>& contests, std::ostream& table,
           Report* report) {
  *report = {};
  try {
    return Run(options, contests, table, *report).run();
  } catch (const std::bad_alloc&) {
    return {StatusCode::kInternal, "[bench] out of memory. Give fewer --rows or --cols."};
  }
}

Status run(const Options& options, std::ostream& table, Report* report) {
  return run(options, contests(), table, report);
}

}  // namespace norma::bench

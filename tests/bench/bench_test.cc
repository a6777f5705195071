// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The bench at a toy size: it must run, check and write what it says. No time is judged.

#include "bench/bench.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <tuple>

#include "base/atomic_file.h"
#include "bench/harness/machine.h"
#include "bench/harness/model_contest.h"
#include "bench/harness/peer.h"
#include "bench/harness/timing.h"
#include "bench/lstm_training/lstm.h"
#include "bench/operators/operators.h"

namespace norma::bench {
namespace {

using ::testing::HasSubstr;

Result<Report> run(const Options& options, std::ostream& table) {
  Report report;
  const Status ran = run(options, table, &report);
  if (!ran.ok()) return ran;
  return report;
}

Options toy() {
  Options options;
  options.suite = "toy";
  options.samples = 3;
  return options;
}

TEST(Bench, ToySuiteMeasuresEveryPeerOnEveryShape) {
  const int threads_before = at::get_num_threads();
  std::ostringstream table;
  const Result<Report> result = run(toy(), table);
  ASSERT_TRUE(result.ok()) << result.status().message();
  const Report& report = result.value();
  std::set<std::tuple<std::string, int64_t, int64_t, int, std::string>> seen;
  for (const Record& r : report.records) {
    seen.insert({r.task, r.rows, r.cols, r.threads, r.impl});
    EXPECT_GT(r.min_ns, 0);
    EXPECT_LE(r.min_ns, r.median_ns);
    EXPECT_NEAR(r.gb_s, static_cast<double>(r.bytes) / r.median_ns, 1e-9 * r.gb_s);
    EXPECT_TRUE(r.impl != "copy" || r.ratio_to("copy") == 1);
    EXPECT_TRUE(r.impl != "torch" || r.ratio_to("torch") == 1);
  }
  EXPECT_EQ(seen.size(), 4u * 2 * 2 * 2 * 3);
  EXPECT_EQ(report.records.size(), seen.size());
  for (const Record& r : report.records) EXPECT_THAT(table.str(), HasSubstr(r.task));
  EXPECT_THAT(table.str(), HasSubstr("geometric mean"));
  EXPECT_EQ(at::get_num_threads(), threads_before);

  std::printf("hash of norma's answers: %016llx\n", static_cast<unsigned long long>(report.hash));
  // Of the scalar specification; the contract norma-1 promises these bits of every machine.
  EXPECT_EQ(report.hash, 0x2f85a57e106f6f3cull);
  std::ostringstream again;
  EXPECT_EQ(run(toy(), again).value().hash, report.hash);
  Options other = toy();
  other.seed = 2;
  EXPECT_NE(run(other, again).value().hash, report.hash);
}

TEST(Bench, BytesAreCountedOnceATask) {
  Options options = toy();
  options.rows = {10};
  options.cols = {8};
  options.threads = {1};
  options.tasks = task_names();
  std::ostringstream table;
  const Report report = run(options, table).value();
  const auto bytes = [&](const std::string& task, const std::string& impl) -> int64_t {
    for (const Record& r : report.records) {
      if (r.task == task && r.impl == impl) return r.bytes;
    }
    return -1;
  };
  EXPECT_EQ(bytes("layer_norm_forward", "norma"), 4 * (2 * 80 + 2 * 8));  // x, y, weight, bias
  EXPECT_EQ(bytes("rms_norm_forward", "norma"), 4 * (2 * 80 + 8));        // x, y, weight
  // x, dy, dx, weight, dweight, dbias
  EXPECT_EQ(bytes("layer_norm_backward", "norma"), 4 * (3 * 80 + 3 * 8));
  EXPECT_EQ(bytes("rms_norm_backward", "norma"), 4 * (3 * 80 + 2 * 8));
  // x, residual, sum, y, weight, bias
  EXPECT_EQ(bytes("add_layer_norm_forward", "norma"), 4 * (4 * 80 + 2 * 8));
  EXPECT_EQ(bytes("add_rms_norm_forward", "norma"), 4 * (4 * 80 + 8));
  for (const std::string& task : task_names()) {
    EXPECT_EQ(bytes(task, "torch"), bytes(task, "norma"));
    EXPECT_EQ(bytes(task, "copy"), 4 * 2 * 80);
  }
}

TEST(Bench, JsonHasOneObjectALine) {
  Options options = toy();
  options.tasks = {"rms_norm_forward"};
  options.rows = {3};
  options.cols = {5};
  options.threads = {1};
  std::ostringstream table;
  const Report report = run(options, table).value();
  const std::string path = testing::TempDir() + "norma_bench_test.jsonl";
  ASSERT_TRUE(write_json(report, path).ok());
  std::istringstream lines(read_file(path).value());
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto json = nlohmann::json::parse(line);
    for (const char* key : {"task", "dtype", "rows", "cols", "threads", "impl", "median_ns",
                            "min_ns", "gb_s", "ratio_to_copy", "commit", "cache", "samples",
                            "bytes", "ratio_to_torch", "machine", "date"}) {
      EXPECT_TRUE(json.contains(key)) << key;
    }
    EXPECT_EQ(json["task"], "rms_norm_forward");
    EXPECT_EQ(json["rows"], 3);
    EXPECT_EQ(json["impl"], report.records[count].impl);
    EXPECT_EQ(json.value("version", "").empty(), json["impl"] != "torch");
  }
  EXPECT_EQ(count, 3u);
  std::filesystem::remove(path);
}

TEST(Bench, RefusesWhatCannotBeMeant) {
  const auto message = [](auto change) {
    Options options;
    options.suite = "toy";
    change(options);
    std::ostringstream table;
    return run(options, table).status().message();
  };
  EXPECT_THAT(message([](Options& o) { o.tasks = {"layer_norm_forwards"}; }),
              HasSubstr("\"layer_norm_forward\"?"));
  EXPECT_THAT(message([](Options& o) { o.suite = "gpu"; }), HasSubstr("suite"));
  EXPECT_EQ(message([](Options& o) { o.rows = {0}; }),
            "[bench] --rows must be at least 1 but is 0.");
  for (const int threads : {-1, 1 << 20}) {
    EXPECT_THAT(message([=](Options& o) {
                  o.threads = {1, threads};
                }),
                ::testing::MatchesRegex(".bench. --threads must be 1 to [0-9]+, .* but is " +
                                        std::to_string(threads) + "\\."));
  }
  EXPECT_EQ(message([](Options& o) { o.suite = "cpu", o.samples = 30; }),
            "[bench] --samples must be at least 31 but is 30.");
}

// Before the shapes that could be timed, and however far beyond any integer their bytes are.
TEST(Bench, RefusesShapesThatNoMemoryHolds) {
  Options options = toy();
  options.rows = {3, int64_t{1} << 50};
  for (const int64_t cols : {int64_t{5}, int64_t{1} << 60}) {
    options.cols = {cols};
    std::ostringstream table;
    Report report;
    const Status refused = run(options, table, &report);
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
    const int64_t rows = options.rows[cols == 5 ? 1 : 0];
    EXPECT_THAT(refused.message(), HasSubstr("--rows " + std::to_string(rows) + " and --cols " +
                                             std::to_string(cols) + " need "));
    EXPECT_THAT(refused.message(), HasSubstr("Give fewer rows or columns."));
    EXPECT_TRUE(report.records.empty());
  }
}

TEST(Bench, KeepsTheShapesBeforeAnInterrupt) {
  Options options = toy();
  int asked = 0;
  options.interrupted = [&] { return ++asked > 4; };  // in the second shape of 3 samples
  std::ostringstream table;
  Report report;
  EXPECT_EQ(run(options, table, &report).code(), StatusCode::kInterrupted);
  ASSERT_EQ(report.records.size(), 3u) << "an implementation each of the first shape";
  EXPECT_EQ(report.records[0].impl, "copy");
  EXPECT_NE(report.machine, "");
  EXPECT_NE(report.commit, "");
}

TEST(Bench, StopsWhereTheTableIsLost) {
  std::ofstream full("/dev/full");
  Report report;
  const Status ran = run(toy(), full, &report);
  EXPECT_EQ(ran.code(), StatusCode::kIo);
  EXPECT_THAT(ran.message(), HasSubstr("Free some space"));
  EXPECT_EQ(report.records.size(), 3u);
}

// Every output of every task, wrong in one element of 2560.
TEST(Bench, AWrongAnswerIsSeen) {
  for (const bool backward : {false, true}) {
    for (const auto kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
      const bool layer = kind == NormKind::kLayerNorm;
      const Problem problem({"task", kind, backward}, 40, 64, 1, 1);  // f32
      const auto peer = backward ? (layer ? layer_norm_backward::make_torch(problem)
                                          : rms_norm_backward::make_torch(problem))
                                 : (layer ? layer_norm_forward::make_torch(problem)
                                          : rms_norm_forward::make_torch(problem));
      peer->run(0);
      const Answer right = peer->answer(0);
      EXPECT_TRUE(check(problem, right, "right").ok());
      for (const void* output : {right.y, right.dx, static_cast<const void*>(right.dweight),
                                 static_cast<const void*>(right.dbias)}) {
        if (!output) continue;
        float* const element = static_cast<float*>(const_cast<void*>(output)) + 17;
        const float before = *element;
        for (const float wrong : {before + 4e-3f, NAN, INFINITY}) {
          *element = wrong;
          const Status status = check(problem, right, "wrong");
          EXPECT_EQ(status.code(), StatusCode::kInternal);
          EXPECT_THAT(status.message(), HasSubstr("column 17"));
        }
        *element = before;
      }
    }
  }
}

TEST(Bench, MedianMinimumAndPairedRatio) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(minimum({3, 1, 2}), 1);
  EXPECT_EQ(paired_ratio({2, 30, 4}, {1, 10, 4}), 2);  // the ratio of the medians would be 1
}

TEST(Bench, MachineAndDateAreNamed) {
  EXPECT_THAT(machine_name(), HasSubstr("cores"));
  EXPECT_THAT(date_now(), ::testing::MatchesRegex("20..-..-..T..:..:..Z"));
}

// A peer that hands on another's results, one of them wrong.
class WrongLstm : public lstm_training::LstmPeer {
 public:
  WrongLstm(lstm_training::SharedProblem problem, lstm_training::SharedTruth truth)
      : LstmPeer("wrong", truth), p_(std::move(problem)), truth_(std::move(truth)) {}
  void run(size_t) override {
    results_ = *truth_;
    results_[2] = results_[2] * 1.01;
  }

 private:
  const lstm_training::SharedProblem p_;
  const lstm_training::SharedTruth truth_;
};

TEST(Models, ALstmIsCheckedAndTimed) {
  const int threads = at::get_num_threads();
  ModelContest contest = lstm_training::contest({5, 3, 8}, 1);
  Options options;
  options.suite = "models";
  options.threads = {1, 2};
  options.samples = 3;
  std::ostringstream table;
  Report report;
  const Status ran = run_model_contest(contest, options, table, &report);
  ASSERT_TRUE(ran.ok()) << ran.message();
  EXPECT_EQ(at::get_num_threads(), threads);
  ASSERT_EQ(report.records.size(), 6u);
  std::set<std::string> impls;
  for (const Record& r : report.records) {
    impls.insert(r.impl);
    EXPECT_GT(r.median_ns, 0);
    EXPECT_GT(r.ratio_to("torch"), 0);
  }
  EXPECT_EQ(impls, (std::set<std::string>{"norma", "composed", "torch"}));
  EXPECT_THAT(table.str(), HasSubstr("5 positions of 3 texts, 8 units, 2 threads"));

  const auto problem = std::make_shared<const lstm_training::Problem>(
      lstm_training::Shape{5, 3, 8}, uint64_t{1});
  const auto truth =
      std::make_shared<const std::vector<torch::Tensor>>(problem->truth(/*norms=*/true));
  contest.entrants.insert(contest.entrants.begin(), {"wrong", "", [&](const ModelRun&) {
                            return std::make_unique<WrongLstm>(problem, truth);
                          }});
  Report none;
  const Status wrong = run_model_contest(contest, options, table, &none);
  EXPECT_EQ(wrong.code(), StatusCode::kInternal);
  EXPECT_THAT(wrong.message(), HasSubstr("dweight_x of wrong is off by 0.01"));
  EXPECT_TRUE(none.records.empty());
}

TEST(Operators, EachPeersAnswerIsRightAndAWrongOneIsSeen) {
  const int all_threads = at::get_num_threads();
  EXPECT_GE(operator_task_names().size(), 9u);
  for (const std::string& task : operator_task_names()) {
    const ModelContest contest = make_model_contest(task, 1);
    EXPECT_EQ(contest.entrants.size(), 3u) << task;
    for (const int threads : {1, 2}) {
      at::set_num_threads(threads);
      for (const ModelEntrant& entrant : contest.entrants) {
        const auto peer = entrant.make({threads, "", {}});
        peer->run(0);
        const Status right = peer->check();
        EXPECT_TRUE(right.ok()) << right.message();
      }
    }
  }
  at::set_num_threads(all_threads);
  operators::Work work = operators::dyt_forward(1);
  work.truth[0] = work.truth[0] * 1.001;
  const auto peer = operators::contest("dyt_forward", work).entrants.front().make({1, "", {}});
  peer->run(0);
  EXPECT_THAT(peer->check().message(), HasSubstr("dyt_forward: y of norma is off by 0.001"));
}

TEST(Models, HaveSizesOfTheirOwn) {
  Options options;
  options.suite = "models";
  options.samples = 5;
  options.rows = {3};
  std::ostringstream table;
  EXPECT_THAT(run(options, table).status().message(), HasSubstr("Leave them out"));
  options.rows.clear();
  options.tasks = {"layer_norm_forward"};
  EXPECT_THAT(run(options, table).status().message(), HasSubstr("lstm_training"));
}

}  // namespace
}  // namespace norma::bench

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "bench/generation/generation.h"
#include "bench/harness/child.h"

namespace norma::bench::generation {
namespace {

using nlohmann::json;

// Longer than OpenMP's threads wait busily after their last work, here and in the other process,
// where they would take a core from what is timed.
constexpr auto kSettle = std::chrono::milliseconds(50);

class Torch : public ModelPeer {
 public:
  Torch(SharedProblem problem, const ModelRun& run) : p_(std::move(problem)) {
    const Sizes& s = p_->sizes;
    const json request = {{"path", p_->file.path()},
                          {"tokens", s.tokens},
                          {"threads", run.threads},
                          {"settle_s", std::chrono::duration<double>(kSettle).count()}};
    const std::string python = run.python.empty() ? NORMA_BENCH_PYTHON : run.python;
    if (const int error = child_.start({python, "-B", NORMA_BENCH_GENERATION, request.dump()},
                                       environment_with({"OMP_NUM_THREADS=" +
                                                         std::to_string(run.threads)}))) {
      skipped_ = fmt::format("{} does not start: {}", python, std::strerror(error));
      return;
    }
    const json first = reply();
    if (first.contains("skipped")) skipped_ = first["skipped"].get<std::string>();
  }

  const std::string& skipped() const { return skipped_; }
  void run(size_t) override { time(); }
  double time() override {
    std::this_thread::sleep_for(kSettle);
    if (!child_.say("run")) throw std::runtime_error("torch's process has ended.");
    const json said = reply();
    ids_ = said.at("ids").get<std::vector<int32_t>>();
    return said.at("ns").get<double>();
  }
  Status check() const override {
    if (ids_ == p_->ids) return {};
    return {StatusCode::kInternal, fmt::format("[bench] torch generates {}, but norma {}.",
                                               fmt::join(ids_, " "), fmt::join(p_->ids, " "))};
  }

 private:
  json reply() {
    std::string line;
    if (!child_.read_line(&line)) throw std::runtime_error("torch's process has ended.");
    const json said = json::parse(line);
    if (said.contains("error")) {
      throw std::runtime_error("torch: " + said["error"].get<std::string>());
    }
    return said;
  }

  const SharedProblem p_;
  Child child_;
  std::string skipped_;
  std::vector<int32_t> ids_;
};

}  // namespace

std::unique_ptr<ModelPeer> make_torch(SharedProblem problem, const ModelRun& run) {
  auto peer = std::make_unique<Torch>(std::move(problem), run);
  if (peer->skipped().empty()) return peer;
  if (run.skip) run.skip("no torch in Python: " + peer->skipped());
  return nullptr;
}

}  // namespace norma::bench::generation

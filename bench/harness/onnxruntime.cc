// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onnxruntime.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "bench/harness/child.h"

namespace norma::bench {
namespace {

using nlohmann::json;

Status broken(const std::string& what) {
  return {StatusCode::kInternal, "[bench] onnxruntime: " + what};
}

// Of the child: this process's, but for the OpenMP threads, which are norma's. They wait busily
// between two calls, and for a millisecond at most (of 30000 pauses), since ONNX Runtime's threads
// are others.
std::vector<std::string> environment_of_norma(int threads) {
  return environment_with({"OMP_NUM_THREADS=" + std::to_string(threads), "GOMP_SPINCOUNT=30000"});
}

// Takes one line of the child. An error in it is the child's last word.
Status take(const std::string& line, const std::function<void(const OnnxRuntimeTimes&)>& timed,
            OnnxRuntimeResult* result) {
  const json said = json::parse(line, nullptr, /*allow_exceptions=*/false);
  try {
    if (said.contains("error")) return broken(said["error"].get<std::string>());
    if (said.contains("skipped")) {
      result->skipped = said["skipped"].get<std::string>();
    } else if (said.contains("version")) {
      result->version = said["version"].get<std::string>();
    } else if (said.contains("wrong")) {
      result->wrong.push_back(said["wrong"].get<std::string>());
    } else {
      OnnxRuntimeTimes times{said.at("rows"), said.at("cols"), said.at("cache"), said.at("ns"),
                             said.at("norma_ns")};
      result->times.push_back(std::move(times));
      if (timed) timed(result->times.back());
    }
    return {};
  } catch (const json::exception& error) {
    return broken(fmt::format("\"{}\" is no line of the peer: {}", line, error.what()));
  }
}

}  // namespace

Status run_onnxruntime(const OnnxRuntimeJob& job, const std::function<bool()>& interrupted,
                       const std::function<void(const OnnxRuntimeTimes&)>& timed,
                       OnnxRuntimeResult* result) {
  *result = {};
  const json request = {{"library", NORMA_BENCH_ROWS_LIBRARY},
                        {"task", job.task},
                        {"dtype", job.dtype},
                        {"shapes", job.shapes},
                        {"threads", job.threads},
                        {"samples", job.samples},
                        {"seed", job.seed},
                        {"cold", job.cold}};
  const std::string python = job.python.empty() ? NORMA_BENCH_PYTHON : job.python;
  Child child;
  if (const int error = child.start({python, "-B", NORMA_BENCH_ONNXRUNTIME, request.dump()},
                                    environment_of_norma(job.threads))) {
    result->skipped = fmt::format("{} does not start: {}", python, std::strerror(error));
    return {};
  }
  std::string text;
  for (bool more = true; more;) {
    if (interrupted && interrupted()) return {StatusCode::kInterrupted, "[bench] interrupted."};
    if (!child.ready()) continue;
    more = child.read_some(&text);
    for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      NORMA_RETURN_IF_ERROR(take(text.substr(0, end), timed, result));
    }
  }
  const int status = child.wait();
  if (WIFSIGNALED(status))
    return broken(fmt::format("the peer died of signal {}.", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) {
    return broken(fmt::format("the peer ended with {}.", WEXITSTATUS(status)));
  }
  return {};
}

}  // namespace norma::bench

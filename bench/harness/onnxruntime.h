// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// ONNX Runtime's CPU kernels. Its wheel has no headers, so a child process drives it from Python
// (bench/onnxruntime/peer.py), on buffers that it makes, fills and checks by the code of this
// process (bench/onnxruntime/rows.cc). Its samples alternate there with norma's, on the same
// buffers: no time is compared with one of another process.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/harness/problem.h"

namespace norma::bench {

struct OnnxRuntimeJob {
  std::string python;  // empty: the one that was known when this was built
  std::string task, dtype;
  std::vector<std::pair<int64_t, int64_t>> shapes;  // rows, cols
  int threads = 1, samples = 31;
  uint64_t seed = 1;
  bool cold = true;  // time cold calls too
};

struct OnnxRuntimeTimes {
  int64_t rows = 0, cols = 0;
  std::string cache;
  std::vector<double> ns, norma_ns;  // paired samples
};

struct OnnxRuntimeResult {
  std::string version;
  std::string skipped;  // why nothing was timed; empty where something was
  std::vector<OnnxRuntimeTimes> times;
  std::vector<std::string> wrong;  // a line for each shape that is not timed, for a wrong answer
};

// `interrupted` is asked some times a second, `timed` told of each result as it comes; both may be
// empty. kInternal: a child that broke; kInterrupted. Whatever the status, the
// result has what was timed before. No child outlives the call.
Status run_onnxruntime(const OnnxRuntimeJob& job, const std::function<bool()>& interrupted,
                       const std::function<void(const OnnxRuntimeTimes&)>& timed,
                       OnnxRuntimeResult* result);

}  // namespace norma::bench

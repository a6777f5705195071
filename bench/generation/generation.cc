// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/generation/generation.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "base/random.h"

namespace norma::bench::generation {
namespace {

void write_all(int fd, const void* data, size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = write(fd, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw std::runtime_error(
          fmt::format("no memory for the weights: {}", std::strerror(errno)));
    }
    at += written;
    bytes -= static_cast<size_t>(written);
  }
}

// Even numbers around `middle`, of the standard deviation `spread`.
void write_random(int fd, int64_t count, double middle, double spread, SplitMix64& random) {
  std::vector<float> part(1 << 16);
  const double reach = spread * std::sqrt(3.0) * 0x1p-31;
  while (count > 0) {
    const auto n = static_cast<size_t>(std::min<int64_t>(count, 1 << 16));
    for (size_t i = 0; i < n; ++i) {
      const auto whole = static_cast<int32_t>(random.next() >> 32);
      part[i] = static_cast<float>(middle + reach * static_cast<double>(whole));
    }
    write_all(fd, part.data(), n * sizeof(float));
    count -= static_cast<int64_t>(n);
  }
}

}  // namespace

WeightsFile::WeightsFile(const Sizes& s, uint64_t seed) {
  fd_ = memfd_create("norma-bench-weights", MFD_CLOEXEC);
  if (fd_ < 0) throw std::runtime_error("no memory for the weights");
  std::array<char, 256> header{};
  const int32_t words[] = {0x616b3432, 1, static_cast<int32_t>(s.dim),
                           static_cast<int32_t>(s.hidden_dim), static_cast<int32_t>(s.layers),
                           static_cast<int32_t>(s.heads), static_cast<int32_t>(s.kv_heads),
                           static_cast<int32_t>(s.vocab_size), static_cast<int32_t>(s.positions)};
  std::memcpy(header.data(), words, sizeof words);
  header[sizeof words] = 1;  // the output matrix is the embedding
  write_all(fd_, header.data(), header.size());
  SplitMix64 random(seed);
  const int64_t C = s.dim, K = C / s.heads * s.kv_heads, F = s.hidden_dim, L = s.layers;
  const double of_c = 1 / std::sqrt(static_cast<double>(C)),
               of_f = 1 / std::sqrt(static_cast<double>(F));
  const auto norms = [&](int64_t count) { write_random(fd_, count, 1, 0.1, random); };
  const auto matrix = [&](int64_t count, double spread) {
    write_random(fd_, count, 0, spread, random);
  };
  norms(L * C);
  norms(L * C);
  norms(C);
  matrix(s.vocab_size * C, of_c);
  matrix(L * C * C, of_c);
  matrix(L * K * C, of_c);
  matrix(L * K * C, of_c);
  matrix(L * C * C, of_c);
  matrix(L * F * C, of_c);
  matrix(L * C * F, of_f);
  matrix(L * F * C, of_c);
  weight_bytes_ = lseek(fd_, 0, SEEK_CUR) - static_cast<int64_t>(header.size());
}

WeightsFile::~WeightsFile() { close(fd_); }

std::string WeightsFile::path() const { return fmt::format("/proc/{}/fd/{}", getpid(), fd_); }

ModelContest contest(const std::string& task, const std::string& size, const Sizes& sizes,
                     uint64_t seed) {
  const auto problem = std::make_shared<Problem>(sizes, seed);
  return {.task = task,
          .size = fmt::format("{}, {} tokens from bos, greedy", size, sizes.tokens),
          .rows = sizes.tokens,
          .cols = sizes.dim,
          .tokens = sizes.tokens,
          .bytes = sizes.tokens * problem->file.weight_bytes(),
          .entrants = {{"norma", "models::generate",
                        [=](const ModelRun&) { return make_norma(problem); }},
                       {"read", "each weight read once a token",
                        [=](const ModelRun&) { return make_read(problem); }},
                       {"torch", "PyTorch in Python, eager",
                        [=](const ModelRun& run) { return make_torch(problem, run); }}}};
}

}  // namespace norma::bench::generation

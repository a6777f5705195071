// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the oneDNN peers share: buffers of a problem as its memory objects, and one primitive that
// is made once and executed with arguments that exist.
#pragma once

#include <dnnl.hpp>
#include <memory>
#include <unordered_map>
#include <vector>

#include "bench/harness/peer.h"

namespace norma::bench {

// Throws where oneDNN has no such type.
dnnl::memory::data_type onednn_type(DType dtype);

// Null where oneDNN has no kernel for the problem's type on this processor.
template <typename P>
std::unique_ptr<Peer> make_if_there(const Problem& problem) {
  if (problem.dtype != DType::kF32 && problem.dtype != DType::kBF16) return nullptr;
  try {
    return std::make_unique<P>(problem);
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_unimplemented) return nullptr;
    throw;
  }
}

class Onednn : public Peer {
 public:
  // REQUIRES: the derived constructor gives primitive_ and one map of arguments a set.
  void run(size_t set) override;

 protected:
  using Arguments = std::unordered_map<int, dnnl::memory>;

  explicit Onednn(const Problem& problem) : p_(problem) {}

  // Multiply by weight, add bias.
  static dnnl::normalization_flags flags() {
    return dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  }
  dnnl::memory::desc rows_desc() const;
  dnnl::memory::desc statistics_desc() const;  // f32, as oneDNN asks for
  dnnl::memory::desc vector_desc() const;
  dnnl::memory memory(const dnnl::memory::desc& desc, const Buffer& buffer) const;
  // Keeps the memory objects alive and the handles in the form that takes no time to pass.
  void add_set(const Arguments& arguments);

  const Problem& p_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::primitive primitive_;

 private:
  struct Set {
    std::vector<dnnl::memory> owners;
    std::vector<dnnl_exec_arg_t> arguments;
  };
  dnnl::stream stream_{engine_};
  std::vector<Set> sets_;
};

}  // namespace norma::bench

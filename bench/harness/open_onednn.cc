// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The oneDNN peers by the library of onednn_library.h; none where it was not built.

#include <dlfcn.h>

#include "bench/harness/onednn_library.h"

namespace norma::bench {
namespace {

// Null where there is none. Stays open: peers have its code.
void* door(const char* name) {
  static void* const library = dlopen(NORMA_BENCH_ONEDNN_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  return library == nullptr ? nullptr : dlsym(library, name);
}

std::unique_ptr<Peer> make(const char* name, const Problem& problem) {
  const auto make = reinterpret_cast<MakeInOnednnLibrary>(door(name));
  return std::unique_ptr<Peer>(make == nullptr ? nullptr : make(problem));
}

}  // namespace

std::string onednn_version() {
  const auto version = reinterpret_cast<const char* (*)()>(door(kOnednnVersion));
  return version == nullptr ? "" : version();
}

std::unique_ptr<Peer> layer_norm_forward::make_onednn(const Problem& problem) {
  return make(kOnednnForward, problem);
}
std::unique_ptr<Peer> layer_norm_backward::make_onednn(const Problem& problem) {
  return make(kOnednnBackward, problem);
}

}  // namespace norma::bench

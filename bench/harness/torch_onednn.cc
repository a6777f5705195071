// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/torch_onednn.h"

#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "bench/harness/hidden_symbols.h"

namespace norma::bench {
namespace {

// False where one is missing.
bool find_all(TorchOnednn* to) {
  std::vector<std::string> names;
  std::vector<void*> places;
  const auto want = [&](const char* name, auto* place) {
    names.emplace_back(name);
    places.push_back(place);
  };
  want("dnnl_version", &to->version);
  want("dnnl_engine_create", &to->engine_create);
  want("dnnl_engine_destroy", &to->engine_destroy);
  want("dnnl_stream_create", &to->stream_create);
  want("dnnl_stream_destroy", &to->stream_destroy);
  want("dnnl_memory_desc_create_with_tag", &to->desc_create);
  want("dnnl_memory_desc_destroy", &to->desc_destroy);
  want("dnnl_memory_create", &to->memory_create);
  want("dnnl_memory_destroy", &to->memory_destroy);
  want("dnnl_layer_normalization_forward_primitive_desc_create", &to->forward_create);
  want("dnnl_layer_normalization_backward_primitive_desc_create", &to->backward_create);
  want("dnnl_primitive_desc_destroy", &to->primitive_desc_destroy);
  want("dnnl_primitive_create", &to->primitive_create);
  want("dnnl_primitive_destroy", &to->primitive_destroy);
  want("dnnl_primitive_execute", &to->execute);
  const std::map<std::string, void*> found = hidden_functions("libtorch_cpu.so", names);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto function = found.find(names[i]);
    if (function == found.end()) return false;
    std::memcpy(places[i], &function->second, sizeof function->second);
  }
  return true;
}

TorchOnednn find() {
  TorchOnednn all;
  if (!find_all(&all)) return {};
  const dnnl_version_t& v = *all.version();
  return v.major == DNNL_VERSION_MAJOR && v.minor == DNNL_VERSION_MINOR ? all : TorchOnednn();
}

}  // namespace

const TorchOnednn* torch_onednn() {
  static const TorchOnednn all = find();
  return all.version == nullptr ? nullptr : &all;
}

}  // namespace norma::bench

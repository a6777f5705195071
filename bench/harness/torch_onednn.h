// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The oneDNN 3 inside torch. Its wheel has the headers but exports none of the functions, so they
// are found by the symbol table of torch's library. It runs on torch's OpenMP threads, and
// brings no second oneDNN into the process, as the system's does (onednn_library.h); beside that it
// takes the same time.
#pragma once

#include <dnnl.h>

#include <string>

namespace norma::bench {

struct TorchOnednn {
  decltype(&dnnl_version) version = nullptr;
  decltype(&dnnl_engine_create) engine_create = nullptr;
  decltype(&dnnl_engine_destroy) engine_destroy = nullptr;
  decltype(&dnnl_stream_create) stream_create = nullptr;
  decltype(&dnnl_stream_destroy) stream_destroy = nullptr;
  decltype(&dnnl_memory_desc_create_with_tag) desc_create = nullptr;
  decltype(&dnnl_memory_desc_destroy) desc_destroy = nullptr;
  decltype(&dnnl_memory_create) memory_create = nullptr;
  decltype(&dnnl_memory_destroy) memory_destroy = nullptr;
  decltype(&dnnl_layer_normalization_forward_primitive_desc_create) forward_create = nullptr;
  decltype(&dnnl_layer_normalization_backward_primitive_desc_create) backward_create = nullptr;
  decltype(&dnnl_primitive_desc_destroy) primitive_desc_destroy = nullptr;
  decltype(&dnnl_primitive_create) primitive_create = nullptr;
  decltype(&dnnl_primitive_destroy) primitive_destroy = nullptr;
  decltype(&dnnl_primitive_execute) execute = nullptr;
};

// Null where a function is not found, or the library is not of the headers' version.
const TorchOnednn* torch_onednn();

}  // namespace norma::bench

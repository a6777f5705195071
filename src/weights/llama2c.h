// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The model files of llama2.c (github.com/karpathy/llama2.c, export.py), float32 and little-endian:
// a LLaMA with RMSNorm (eps 1e-5) before each sub-layer, SwiGLU and rotary positions on the pairs
// (2i, 2i+1) with base 10000. Two versions are read:
//
//   legacy  seven int32, then the tensors in the order of Llama2cFile::tensor(), then the cosines
//           and sines of the positions, which are skipped, then wcls. A negative vocab_size says
//           that there is a wcls.
//   1       "ak42" (as the int32 0x616b3432), int32 1, the seven, a byte that is 1 where the output
//           matrix is the embedding, zeros up to byte 256, then the tensors, norms first.
//
// Version 2 has int8 weights and is refused. Hostile files are refused with the reason.
//
// Sizes: L layers, V vocabulary, C dim, F hidden_dim, K = C / heads * kv_heads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/mapped_file.h"
#include "base/status.h"
#include "weights/safetensors.h"

namespace norma::weights {

struct Llama2cHeader {
  int64_t version = 0;  // 0: legacy
  int64_t dim = 0, hidden_dim = 0, layers = 0, heads = 0, kv_heads = 0, vocab_size = 0;
  int64_t max_length = 0;         // positions
  bool shared_classifier = true;  // the output matrix is the embedding; else there is a wcls
};

struct Llama2cContent {
  Llama2cHeader header;
  // token_embedding (V, C); of all layers rms_att (L, C), wq (L, C, C), wk, wv (L, K, C),
  // wo (L, C, C), rms_ffn (L, C), w1 (L, F, C), w2 (L, C, F), w3 (L, F, C); rms_final (C); wcls
  // (V, C) where there is one. Matrices are (out, in). `data` points into the bytes passed in.
  std::map<std::string, TensorInfo> tensors;
};

// The whole bytes of a file. Errors say the rule and the value, without the file's name: kDataLoss,
// or kUnsupported for a version that has no reader.
Result<Llama2cContent> parse_llama2c(std::string_view file);

// True of the first bytes of a versioned file. A legacy file has no mark.
bool has_llama2c_magic(std::string_view file);

// A file mapped into memory; tensors point into it while this object or a copy of it lives.
class Llama2cFile {
 public:
  // Everything is checked here: after it, header and tensors agree, and the tensors fill the file.
  static Result<Llama2cFile> open(const std::string& path);

  const Llama2cHeader& header() const { return content_.header; }
  const std::map<std::string, TensorInfo>& tensors() const { return content_.tensors; }
  // Keeps the tensors' bytes alive.
  std::shared_ptr<const void> owner() const { return file_; }

 private:
  std::shared_ptr<const MappedFile> file_;
  Llama2cContent content_;
};

}  // namespace norma::weights

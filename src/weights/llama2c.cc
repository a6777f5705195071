// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "weights/llama2c.h"

#include <bit>
#include <cstdio>
#include <cstring>
#include <vector>

namespace norma::weights {
namespace {

static_assert(std::endian::native == std::endian::little, "the tensors are used as they lie");

constexpr uint32_t kMagic = 0x616b3432;
constexpr size_t kFields = 7;
constexpr size_t kLegacyHeaderBytes = kFields * sizeof(int32_t);
constexpr size_t kHeaderBytes = 256;  // version 1

Status data_loss(std::string message) {
  return Status(StatusCode::kDataLoss, std::move(message));
}

// REQUIRES: four bytes at `at`.
int32_t int32_at(std::string_view file, size_t at) {
  int32_t value;
  std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

Status too_short(std::string_view file, size_t bytes) {
  return data_loss("it has " + std::to_string(file.size()) + " bytes, too short for a header of " +
                   std::to_string(bytes));
}

Status check(const Llama2cHeader& h) {
  const std::pair<const char*, int64_t> positive[] = {
      {"dim", h.dim},           {"hidden_dim", h.hidden_dim}, {"n_layers", h.layers},
      {"n_heads", h.heads},     {"n_kv_heads", h.kv_heads},   {"vocab_size", h.vocab_size},
      {"max_seq_len", h.max_length}};
  for (const auto& [name, value] : positive) {
    if (value < 1) {
      return data_loss(std::string(name) + " must be at least 1 but is " + std::to_string(value));
    }
  }
  // Of a text's positions tables are made, whose size no byte of the file bears out.
  constexpr int64_t kMostPositions = 1 << 20;
  if (h.max_length > kMostPositions) {
    return data_loss("max_seq_len must be at most " + std::to_string(kMostPositions) + " but is " +
                     std::to_string(h.max_length));
  }
  // <unk>, <s> and </s>.
  if (h.vocab_size < 3) {
    return data_loss("vocab_size must be at least 3 but is " + std::to_string(h.vocab_size));
  }
  const auto must_divide = [](const char* divisor, int64_t d, const char* name, int64_t n) {
    if (n % d == 0) return Status();
    return data_loss(std::string(divisor) + "=" + std::to_string(d) + " must divide " + name + "=" +
                     std::to_string(n));
  };
  NORMA_RETURN_IF_ERROR(must_divide("n_heads", h.heads, "dim", h.dim));
  NORMA_RETURN_IF_ERROR(must_divide("n_kv_heads", h.kv_heads, "n_heads", h.heads));
  return must_divide("2 (pairs that rotary positions turn)", 2, "dim/n_heads", h.dim / h.heads);
}

// The seven numbers from `at`. The sign of vocab_size is left to the caller.
Llama2cHeader read_fields(std::string_view file, size_t at) {
  Llama2cHeader h;
  int64_t* const fields[kFields] = {&h.dim,      &h.hidden_dim, &h.layers,    &h.heads,
                                    &h.kv_heads, &h.vocab_size, &h.max_length};
  for (size_t i = 0; i < kFields; ++i) *fields[i] = int32_at(file, at + i * sizeof(int32_t));
  return h;
}

Result<Llama2cHeader> read_versioned(std::string_view file) {
  if (file.size() < 2 * sizeof(int32_t)) return too_short(file, kHeaderBytes);
  const int32_t version = int32_at(file, sizeof(int32_t));
  if (version != 1) {
    return Status(StatusCode::kUnsupported,
                  "its version must be 1, or the legacy one without a version, but is " +
                      std::to_string(version) + (version == 2 ? " (int8 weights)" : ""));
  }
  if (file.size() < kHeaderBytes) return too_short(file, kHeaderBytes);
  Llama2cHeader header = read_fields(file, 2 * sizeof(int32_t));
  header.version = version;
  const size_t flag = (2 + kFields) * sizeof(int32_t);
  const int shared = static_cast<unsigned char>(file[flag]);
  if (shared > 1) {
    return data_loss("shared_classifier must be 0 or 1 but is " + std::to_string(shared));
  }
  header.shared_classifier = shared == 1;
  return header;
}

Result<Llama2cHeader> read_header(std::string_view file) {
  if (has_llama2c_magic(file)) return read_versioned(file);
  if (file.size() < kLegacyHeaderBytes) return too_short(file, kLegacyHeaderBytes);
  Llama2cHeader header = read_fields(file, 0);
  header.shared_classifier = header.vocab_size > 0;
  if (header.vocab_size < 0) header.vocab_size = -header.vocab_size;
  return header;
}

struct Part {
  const char* name;  // nullptr: skipped
  std::vector<int64_t> shape;
};

// In the order of the file.
std::vector<Part> parts_of(const Llama2cHeader& h) {
  const int64_t L = h.layers, V = h.vocab_size, C = h.dim, F = h.hidden_dim;
  const int64_t width = C / h.heads, K = width * h.kv_heads;
  const Part embedding = {"token_embedding", {V, C}}, rms_att = {"rms_att", {L, C}},
             rms_ffn = {"rms_ffn", {L, C}}, rms_final = {"rms_final", {C}};
  std::vector<Part> parts;
  const auto add = [&parts](const std::vector<Part>& more) {
    parts.insert(parts.end(), more.begin(), more.end());
  };
  const std::vector<Part> attention = {
      {"wq", {L, C, C}}, {"wk", {L, K, C}}, {"wv", {L, K, C}}, {"wo", {L, C, C}}};
  const std::vector<Part> ffn = {{"w1", {L, F, C}}, {"w2", {L, C, F}}, {"w3", {L, F, C}}};
  if (h.version == 0) {
    add({embedding, rms_att});
    add(attention);
    add({rms_ffn});
    add(ffn);
    add({rms_final, {nullptr, {2, h.max_length, width / 2}}});
  } else {
    add({rms_att, rms_ffn, rms_final, embedding});
    add(attention);
    add(ffn);
  }
  if (!h.shared_classifier) add({{"wcls", {V, C}}});
  return parts;
}

// Exact below 2^53 bytes, which no file reaches; what is larger does not wrap around.
double bytes_of(const Part& part) {
  double bytes = sizeof(float);
  for (const int64_t size : part.shape) bytes *= static_cast<double>(size);
  return bytes;
}

std::string whole_number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

}  // namespace

bool has_llama2c_magic(std::string_view file) {
  return file.size() >= sizeof kMagic && static_cast<uint32_t>(int32_at(file, 0)) == kMagic;
}

Result<Llama2cContent> parse_llama2c(std::string_view file) {
  const Result<Llama2cHeader> header = read_header(file);
  if (!header.ok()) return header.status();
  NORMA_RETURN_IF_ERROR(check(header.value()));
  const std::vector<Part> parts = parts_of(header.value());
  size_t at = header.value().version == 0 ? kLegacyHeaderBytes : kHeaderBytes;
  double needed = static_cast<double>(at);
  for (const Part& part : parts) needed += bytes_of(part);
  if (needed != static_cast<double>(file.size())) {
    return data_loss("its header describes a file of " + whole_number(needed) +
                     " bytes, but it has " + std::to_string(file.size()));
  }
  Llama2cContent content;
  content.header = header.value();
  for (const Part& part : parts) {
    const auto bytes = static_cast<size_t>(bytes_of(part));
    if (part.name != nullptr) {
      content.tensors[part.name] = {"F32", part.shape, file.data() + at, bytes};
    }
    at += bytes;
  }
  return content;
}

Result<Llama2cFile> Llama2cFile::open(const std::string& path) {
  Llama2cFile result;
  const auto mapped = MappedFile::open(path, "llama2.c model");
  if (!mapped.ok()) return mapped.status();
  result.file_ = mapped.value();
  Result<Llama2cContent> content = parse_llama2c(result.file_->bytes());
  if (!content.ok()) {
    return Status(content.status().code(), path + " is no llama2.c model that can be read: " +
                                               content.status().message() +
                                               ". Use another copy, or export it as version 1.");
  }
  result.content_ = std::move(content.value());
  return result;
}

}  // namespace norma::weights

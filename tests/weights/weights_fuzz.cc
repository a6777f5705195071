// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The readers of weights with libFuzzer's bytes: nothing is read out of bounds, what is refused is
// refused in one line, and what is accepted is whole.

#include "tests/support/fuzz.h"
#include "tests/support/llama2c_files.h"
#include "weights/hugging_face.h"
#include "weights/llama2c.h"
#include "weights/safetensors_header.h"

namespace norma::weights {
namespace {

using test::must;
using test::must_be_a_refusal;

unsigned sink = 0;

void check_tensors(std::string_view file, const std::map<std::string, TensorInfo>& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const char* const data = static_cast<const char*>(tensor.data);
    must(tensor.bytes == 0 || (data >= file.data() &&
                               data + tensor.bytes <= file.data() + file.size()),
         "a tensor within the file");
    sink += test::touch(data, tensor.bytes);
  }
}

// Written again, a header says the same.
void check_safetensors(std::string_view file) {
  const auto header = parse_safetensors(file);
  if (!header.ok()) return must_be_a_refusal(header.status());
  ++test::accepted;
  check_tensors(file, header.value().tensors);
  std::vector<std::string> order;
  const auto written =
      make_safetensors_header(header.value().tensors, header.value().metadata, &order);
  must(written.ok(), "a header that was read can be written");
  std::string again = written.value();
  for (const std::string& name : order) {
    const TensorInfo& tensor = header.value().tensors.at(name);
    again.append(static_cast<const char*>(tensor.data), tensor.bytes);
  }
  const auto reread = parse_safetensors(again);
  must(reread.ok(), "what was written can be read");
  must(reread.value().metadata == header.value().metadata, "the same metadata");
  must(reread.value().tensors.size() == header.value().tensors.size(), "as many tensors");
  for (const auto& [name, tensor] : header.value().tensors) {
    const TensorInfo& other = reread.value().tensors.at(name);
    must(other.dtype == tensor.dtype && other.shape == tensor.shape, "the same shape");
    must(other.bytes == tensor.bytes &&
             (tensor.bytes == 0 || std::memcmp(other.data, tensor.data, tensor.bytes) == 0),
         "the same bytes");
  }
}

void check_index(std::string_view text) {
  const auto map = parse_shard_index(text);
  if (!map.ok()) return must_be_a_refusal(map.status());
  ++test::accepted;
  for (const auto& [tensor, file] : map.value()) {
    must(file.find('/') == std::string::npos && file.ends_with(".safetensors"),
         "a file of the folder");
  }
}

void check_llama2c(std::string_view file) {
  const auto content = parse_llama2c(file);
  if (!content.ok()) return must_be_a_refusal(content.status());
  ++test::accepted;
  check_tensors(file, content.value().tensors);
  const Llama2cHeader& h = content.value().header;
  must(content.value().tensors.count("wcls") == (h.shared_classifier ? 0u : 1u), "wcls");
  must(h.dim % h.heads == 0 && h.heads % h.kv_heads == 0, "heads divide");
}

void write_seeds(const std::string& folder) {
  const auto write = [&](const std::string& name, char reader, const std::string& bytes) {
    test::write_seed(folder, name, reader, bytes);
  };
  const float values[6] = {1, 2, 3, 4, 5, 6};
  const std::map<std::string, TensorInfo> tensors = {{"a", {"F32", {2, 3}, values, 24}},
                                                     {"b", {"BF16", {}, values, 2}},
                                                     {"c", {"U8", {0, 7}, nullptr, 0}}};
  std::vector<std::string> order;
  const auto header = make_safetensors_header(tensors, {{"format", "pt"}}, &order);
  std::string file = header.value();
  for (const std::string& name : order) {
    file.append(static_cast<const char*>(tensors.at(name).data), tensors.at(name).bytes);
  }
  write("safetensors", 0, file);
  write("expected.safetensors", 0, test::fixture("bert/expected.safetensors"));
  write("index", 1,
        R"({"metadata": {"total_size": 12}, "weight_map": {"a": "model-00001-of-00002.safetensors",
            "b": "model-00002-of-00002.safetensors"}})");
  for (const bool shared : {true, false}) {
    test::Llama2cModel model;
    model.dim = 4;
    model.hidden_dim = model.layers = model.heads = model.kv_heads = 1;
    model.vocab_size = 3;
    model.max_length = 2;
    model.shared = shared;
    model.fill(1);
    write(shared ? "legacy" : "legacy-wcls", 2, model.legacy());
    write(shared ? "version1" : "version1-wcls", 2, model.version_1());
  }
}

}  // namespace
}  // namespace norma::weights

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::string seeds = norma::test::seeds_folder(*argc, *argv);
  if (!seeds.empty()) norma::weights::write_seeds(seeds);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: norma::weights::check_safetensors(bytes); break;
    case 1: norma::weights::check_index(bytes); break;
    default: norma::weights::check_llama2c(bytes); break;
  }
  return 0;
}

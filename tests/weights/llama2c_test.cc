// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "weights/llama2c.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/llama2c_files.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace norma::weights {
namespace {

using test::Llama2cModel;

std::vector<float> floats_of(const TensorInfo& tensor) {
  std::vector<float> values(tensor.bytes / sizeof(float));
  std::memcpy(values.data(), tensor.data, tensor.bytes);
  return values;
}

TEST(Llama2c, BothVersionsHaveTheTensorsThatWereWritten) {
  const test::TempFolder folder;
  for (const bool shared : {true, false}) {
    Llama2cModel model;
    model.shared = shared;
    model.fill(7);
    for (const int64_t version : {0, 1}) {
      SCOPED_TRACE(std::to_string(version) + (shared ? " shared" : ""));
      const std::string path =
          folder.write("x.bin", version == 0 ? model.legacy() : model.version_1());
      const Result<Llama2cFile> file = Llama2cFile::open(path);
      ASSERT_TRUE(file.ok()) << file.status().message();
      const Llama2cHeader& header = file.value().header();
      EXPECT_EQ(header.version, version);
      EXPECT_EQ(header.dim, 8);
      EXPECT_EQ(header.hidden_dim, 12);
      EXPECT_EQ(header.layers, 2);
      EXPECT_EQ(header.heads, 4);
      EXPECT_EQ(header.kv_heads, 2);
      EXPECT_EQ(header.vocab_size, 11);
      EXPECT_EQ(header.max_length, 6);
      EXPECT_EQ(header.shared_classifier, shared);
      const auto& tensors = file.value().tensors();
      ASSERT_EQ(tensors.size(), model.tensors.size());
      for (const auto& [name, values] : model.tensors) {
        EXPECT_EQ(floats_of(tensors.at(name)), values) << name;
      }
      EXPECT_EQ(tensors.at("wk").shape, (std::vector<int64_t>{2, 4, 8}));
      EXPECT_EQ(tensors.at("w1").shape, (std::vector<int64_t>{2, 12, 8}));
      EXPECT_EQ(tensors.at("w2").shape, (std::vector<int64_t>{2, 8, 12}));
      EXPECT_EQ(tensors.at("rms_final").shape, (std::vector<int64_t>{8}));
    }
  }
}

TEST(Llama2c, TensorsOutliveTheFileOnDisk) {
  const test::TempFolder folder;
  Llama2cModel model;
  model.fill(7);
  Result<Llama2cFile> file = Llama2cFile::open(folder.write("x.bin", model.version_1()));
  ASSERT_TRUE(file.ok());
  const Llama2cFile copy = file.value();
  file = Status(StatusCode::kInternal, "let go of the first");
  std::filesystem::remove(folder.path("x.bin"));
  EXPECT_EQ(floats_of(copy.tensors().at("w3")), model.tensors.at("w3"));
}

// One model, exported by llama2.c itself in both versions.
TEST(Llama2c, RealFilesOfBothVersionsAgree) {
  const std::string folder = test::shared_data_path("stories260k");
  NORMA_SKIP_IF_ABSENT(folder);
  const auto legacy = Llama2cFile::open(folder + "/stories260K.bin");
  const auto version_1 = Llama2cFile::open(folder + "/stories260K_v1.bin");
  ASSERT_TRUE(legacy.ok()) << legacy.status().message();
  ASSERT_TRUE(version_1.ok()) << version_1.status().message();
  EXPECT_EQ(legacy.value().header().layers, 5);
  EXPECT_TRUE(legacy.value().header().shared_classifier);
  ASSERT_EQ(legacy.value().tensors().size(), version_1.value().tensors().size());
  for (const auto& [name, tensor] : legacy.value().tensors()) {
    EXPECT_EQ(floats_of(tensor), floats_of(version_1.value().tensors().at(name))) << name;
  }
}

}  // namespace
}  // namespace norma::weights

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "weights/hugging_face.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/temp_folder.h"

namespace norma::weights {
namespace {

class HuggingFace : public ::testing::Test {
 protected:
  HuggingFace() { folder_.write("config.json", "{\"model_type\": \"x\"}"); }

  void write_tensors(const std::string& file, const std::vector<std::string>& names) const {
    std::map<std::string, TensorInfo> tensors;
    for (const std::string& name : names) {
      tensors[name] = {"F32", {1}, name == "b" ? &two_ : &one_, sizeof one_};
    }
    ASSERT_TRUE(write_safetensors(folder_.path(file), tensors, {}).ok());
  }
  void refuse_index(const std::string& index, StatusCode code, const std::string& reason) const {
    folder_.write("model.safetensors.index.json", index);
    const Status status = HuggingFaceFolder::open(folder_.path()).status();
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
  }
  static float value_of(const HuggingFaceFolder& folder, const std::string& name) {
    float value;
    std::memcpy(&value, folder.tensors().at(name).data, sizeof value);
    return value;
  }

  test::TempFolder folder_;
  const float one_ = 1, two_ = 2;
};

TEST_F(HuggingFace, OneFile) {
  EXPECT_TRUE(is_hugging_face_folder(folder_.path()));
  EXPECT_FALSE(is_hugging_face_folder(folder_.path("none")));
  write_tensors("model.safetensors", {"a", "b"});
  const auto opened = HuggingFaceFolder::open(folder_.path());
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(opened.value().config_json(), "{\"model_type\": \"x\"}");
  EXPECT_EQ(opened.value().tensors().size(), 2u);
  EXPECT_EQ(value_of(opened.value(), "b"), 2);
}

TEST_F(HuggingFace, Shards) {
  write_tensors("model-1.safetensors", {"a"});
  write_tensors("model-2.safetensors", {"b", "c"});
  folder_.write("model.safetensors.index.json",
                R"({"metadata": {"total_size": 12}, "weight_map": {"a": "model-1.safetensors",
                    "b": "model-2.safetensors", "c": "model-2.safetensors"}})");
  const auto opened = HuggingFaceFolder::open(folder_.path());
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(opened.value().tensors().size(), 3u);
  EXPECT_EQ(value_of(opened.value(), "a"), 1);
  EXPECT_EQ(value_of(opened.value(), "b"), 2);
}

TEST_F(HuggingFace, WhatIsMissingIsNamed) {
  const auto message = [&] { return HuggingFaceFolder::open(folder_.path()).status().message(); };
  EXPECT_NE(message().find("has a config.json but no weights"), std::string::npos) << message();
  EXPECT_NE(message().find("give another folder"), std::string::npos) << message();
  folder_.write("pytorch_model.bin", "PK");
  EXPECT_NE(message().find("pytorch_model.bin so with transformers"), std::string::npos);
  write_tensors("one.safetensors", {"a"});
  refuse_index(R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})",
               StatusCode::kNotFound, "two.safetensors");
  refuse_index(R"({"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}})",
               StatusCode::kDataLoss, "tensor \"b\" must be in one.safetensors");
  std::filesystem::remove(folder_.path("config.json"));
  EXPECT_NE(message().find("config.json"), std::string::npos);
}

TEST_F(HuggingFace, HostileIndexesAreRefused) {
  const auto code = StatusCode::kDataLoss;
  refuse_index("", code, "not valid JSON");
  refuse_index("{", code, "not valid JSON");
  refuse_index(std::string(1000000, '['), code, "nested too deeply");
  refuse_index(std::string("{\"weight_map\": {}}\0", 19), code, "zero byte");
  for (const char* index : {"5", "[]", "{}", "null", R"({"weight_map": 5})"}) {
    refuse_index(index, code, "no \"weight_map\"");
  }
  for (const char* file : {"\"../x.safetensors\"", "\"/etc/x.safetensors\"", "\"a/b.safetensors\"",
                           "\"\"", "5", "null", "\"passwd\"", "\"x\\u0000.safetensors\""}) {
    refuse_index(std::string("{\"weight_map\": {\"a\": ") + file + "}}", code,
                 "must be a .safetensors file of this folder");
  }
  folder_.write("cut.safetensors", "12345678");
  refuse_index(R"({"weight_map": {"a": "cut.safetensors"}})", code, "cut.safetensors is not a");
}

}  // namespace
}  // namespace norma::weights

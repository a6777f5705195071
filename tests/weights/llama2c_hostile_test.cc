// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Files that are cut, damaged or made to harm: refused with the reason, never read out of bounds.

#include <gtest/gtest.h>

#include <climits>
#include <cstring>
#include <random>

#include "tests/support/llama2c_files.h"
#include "tests/support/temp_folder.h"
#include "weights/llama2c.h"

namespace norma::weights {
namespace {

using test::Llama2cModel;

std::string with_int32(std::string bytes, size_t at, int32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}

// Where the header's numbers lie, in both versions.
enum Field : size_t { kDim, kHidden, kLayers, kHeads, kKvHeads, kVocab, kLength };

class Llama2cHostile : public ::testing::Test {
 protected:
  Llama2cHostile() { model_.fill(3); }

  void refuse(const std::string& bytes, const std::string& reason,
              StatusCode code = StatusCode::kDataLoss) {
    const Status status = Llama2cFile::open(folder_.write("x.bin", bytes)).status();
    EXPECT_EQ(status.code(), code);
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
    EXPECT_NE(status.message().find(folder_.path("x.bin")), std::string::npos);
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
    EXPECT_LT(status.message().size(), 600u);
  }
  // In a header of either version.
  void refuse(Field field, int32_t value, const std::string& reason) {
    refuse(with_int32(model_.legacy(), 4 * field, value), reason);
    refuse(with_int32(model_.version_1(), 8 + 4 * field, value), reason);
  }

  test::TempFolder folder_;
  Llama2cModel model_;
};

TEST_F(Llama2cHostile, EveryCutIsNoticed) {
  for (const std::string& whole : {model_.legacy(), model_.version_1()}) {
    ASSERT_TRUE(parse_llama2c(whole).ok());
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_EQ(parse_llama2c({cut.data(), cut.size()}).status().code(), StatusCode::kDataLoss)
          << size;
    }
    refuse(whole + "x", "describes a file of " + std::to_string(whole.size()) +
                            " bytes, but it has " + std::to_string(whole.size() + 1));
  }
  refuse("", "has 0 bytes, too short for a header of 28");
  refuse(model_.version_1().substr(0, 255), "has 255 bytes, too short for a header of 256");
}

TEST_F(Llama2cHostile, Versions) {
  const std::string whole = model_.version_1();
  refuse(with_int32(whole, 4, 2), "but is 2 (int8 weights)", StatusCode::kUnsupported);
  for (const int32_t version : {0, 3, -1, INT_MAX}) {
    refuse(with_int32(whole, 4, version), "but is " + std::to_string(version),
           StatusCode::kUnsupported);
  }
  std::string flag = whole;
  flag[36] = 2;
  refuse(flag, "shared_classifier must be 0 or 1 but is 2");
  flag[36] = 0;
  refuse(flag, "describes a file of ");
}

TEST_F(Llama2cHostile, NumbersThatAreNoSizes) {
  const std::pair<Field, const char*> fields[] = {
      {kDim, "dim"},          {kHidden, "hidden_dim"}, {kLayers, "n_layers"},
      {kHeads, "n_heads"},    {kKvHeads, "n_kv_heads"}, {kLength, "max_seq_len"}};
  for (const auto& [field, name] : fields) {
    for (const int32_t value : {0, -1, INT_MIN}) {
      refuse(field, value, std::string(name) + " must be at least 1 but is ");
    }
  }
  refuse(kVocab, 0, "vocab_size must be at least 1 but is 0");
  refuse(kVocab, 2, "vocab_size must be at least 3 but is 2");
  refuse(with_int32(model_.version_1(), 8 + 4 * kVocab, -11), "vocab_size must be at least 1");
  // In a legacy file the sign says that there is one more matrix.
  refuse(with_int32(model_.legacy(), 4 * kVocab, -11), "describes a file of ");
  refuse(with_int32(model_.legacy(), 4 * kVocab, INT_MIN), "describes a file of ");
}

TEST_F(Llama2cHostile, HeadsThatDoNotDivide) {
  refuse(kHeads, 3, "n_heads=3 must divide dim=8");
  refuse(kHeads, 8, "must divide dim/n_heads=1");
  refuse(kKvHeads, 3, "n_kv_heads=3 must divide n_heads=4");
  refuse(kKvHeads, 8, "n_kv_heads=8 must divide n_heads=4");
}

// Sizes up to 2^93 bytes; 2^31 - 8 is a multiple of all that must divide.
TEST_F(Llama2cHostile, SizesThatOverflow) {
  constexpr int32_t kHuge = INT_MAX - 7;
  for (const Field field : {kDim, kHidden, kLayers, kVocab}) refuse(field, kHuge, "describes");
  std::string legacy = model_.legacy(), version_1 = model_.version_1();
  refuse(kLength, kHuge, "max_seq_len must be at most 1048576 but is ");
  for (const Field field : {kDim, kHidden, kLayers, kVocab}) {
    legacy = with_int32(legacy, 4 * field, kHuge);
    version_1 = with_int32(version_1, 8 + 4 * field, kHuge);
  }
  refuse(legacy, "describes a file of ");
  refuse(version_1, "describes a file of ");
  // dim * dim * layers * 4 bytes is 0 modulo 2^64.
  for (const Field field : {kDim, kLayers}) {
    legacy = with_int32(model_.legacy(), 4 * field, 1 << 30);
    refuse(legacy, "describes a file of ");
  }
}

TEST_F(Llama2cHostile, WhatIsNotAFile) {
  EXPECT_EQ(Llama2cFile::open(folder_.path("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Llama2cFile::open(folder_.path()).status().code(), StatusCode::kIo);
}

TEST_F(Llama2cHostile, DamagedHeadersNeverCrash) {
  std::mt19937 random(29);
  for (const std::string& whole : {model_.legacy(), model_.version_1()}) {
    for (int i = 0; i < 20000; ++i) {
      std::vector<char> bytes(whole.begin(), whole.end());  // the address sanitizer knows its end
      for (unsigned n = 1 + random() % 4; n > 0; --n) {
        bytes[random() % 48] = static_cast<char>(random());
      }
      const Result<Llama2cContent> content = parse_llama2c({bytes.data(), bytes.size()});
      if (!content.ok()) continue;
      for (const auto& [name, tensor] : content.value().tensors) {
        const char* const data = static_cast<const char*>(tensor.data);
        EXPECT_GE(data, bytes.data()) << name;
        EXPECT_LE(data + tensor.bytes, bytes.data() + bytes.size()) << name;
      }
    }
  }
}

}  // namespace
}  // namespace norma::weights

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: weights/safetensors.h, weights/safetensors_header.h.
// Files that are cut, damaged or made to harm: refused with the reason, never read out of bounds.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "tests/support/temp_folder.h"
#include "weights/safetensors_header.h"

namespace norma::weights {
namespace {

using nlohmann::json;
using test::TempFolder;

std::string file_of(const std::string& header, const std::string& data,
                    std::optional<uint64_t> length = std::nullopt) {
  uint64_t n = length.value_or(header.size());
  std::string file;
  for (int i = 0; i < 8; ++i, n >>= 8) file += static_cast<char>(n & 0xFF);
  return file + header + data;
}

json entry(const json& dtype, const json& shape, const json& begin, const json& end) {
  return {{"dtype", dtype}, {"shape", shape}, {"data_offsets", {begin, end}}};
}

class Hostile : public ::testing::Test {
 protected:
  Status open(const std::string& bytes) {
    return SafetensorsFile::open(folder_.write("x", bytes)).status();
  }
  void refuse(const std::string& bytes, const std::string& reason) {
    const Status status = open(bytes);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
    EXPECT_NE(status.message().find(folder_.path("x")), std::string::npos);
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
    EXPECT_LT(status.message().size(), 600u);
  }
  void refuse(const json& header, const std::string& data, const std::string& reason) {
    refuse(file_of(header.dump(), data), reason);
  }

  TempFolder folder_;
};

const std::string kEight(8, 'd');

TEST_F(Hostile, TheFixtureItselfIsAccepted) {
  EXPECT_TRUE(open(file_of(json{{"w", entry("F32", {2}, 0, 8)}}.dump(), kEight)).ok());
  EXPECT_TRUE(open(file_of(json{{"w", entry("F32", {2}, 0, 8)}}.dump() + "   \n", kEight)).ok());
  EXPECT_TRUE(open(file_of("{}", "")).ok());
}

TEST_F(Hostile, Lengths) {
  refuse("", "too short");
  refuse("1234567", "too short");
  refuse(std::string(8, '\0'), "does not begin with {");
  refuse(file_of("{}", "", 3), "cut short");
  refuse(file_of("{}", "", uint64_t{1} << 60), "1152921504606846976 bytes long, but 2 follow");
  refuse(file_of("{}", "", UINT64_MAX), "cut short");
  refuse(file_of("{}", "", UINT64_MAX - 7), "cut short");
  refuse("PK\x03\x04 a zip file, perhaps", "of another format");
}

TEST_F(Hostile, EveryCutIsNoticed) {
  const std::string whole = file_of(
      json{{"a", entry("F32", {2}, 0, 8)}, {"b", entry("U8", {3}, 8, 11)}}.dump(), kEight + "abc");
  ASSERT_TRUE(open(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(open(whole.substr(0, size)).code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(open(whole + "x").code(), StatusCode::kDataLoss);
}

TEST_F(Hostile, Json) {
  refuse(file_of("{", ""), "not valid JSON");
  refuse(file_of("{}{}", ""), "not valid JSON");
  refuse(file_of(std::string("{}\0{", 4), ""), "zero byte");
  refuse(file_of("[]", ""), "does not begin with {");
  refuse(file_of(" {}", ""), "does not begin with {");
  refuse(file_of("{\"w\xFF\": 1}", ""), "not valid JSON");
  refuse(file_of("{\"w\":1e999}", ""), "not valid JSON");
  refuse(file_of("{\"w\":" + std::string(1000000, '['), ""), "nested too deeply");
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  refuse(file_of(objects, ""), "nested too deeply");
}

TEST_F(Hostile, KeysThatComeTwice) {
  const std::string w = "\"w\":" + entry("F32", {2}, 0, 8).dump();
  refuse(file_of("{" + w + "," + w + "}", kEight), "the key \"w\" twice");
  refuse(file_of("{" + w + ",\"\\u0077\":" + entry("F32", {2}, 0, 8).dump() + "}", kEight),
         "the key \"w\" twice");
  refuse(file_of(R"({"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", kEight),
         "the key \"dtype\" twice");
  // The same key in two objects is as it should be.
  EXPECT_TRUE(open(file_of(json{{"a", entry("F32", {1}, 0, 4)}, {"b", entry("F32", {1}, 4, 8)}}
                               .dump(),
                           kEight))
                  .ok());
}

TEST_F(Hostile, Entries) {
  refuse(json{{"w", 5}}, kEight, "tensor \"w\" must have dtype");
  refuse(json{{"w", {{"dtype", "F32"}, {"shape", {2}}}}}, kEight, "must have dtype");
  json extra = entry("F32", {2}, 0, 8);
  extra["more"] = 1;
  refuse(json{{"w", extra}}, kEight, "nothing else");
  refuse(json{{"w", entry("F31", {2}, 0, 8)}}, kEight, "unknown dtype \"F31\"");
  refuse(json{{"w", entry(32, {2}, 0, 8)}}, kEight, "unknown dtype 32");
  refuse(json{{"w", entry(std::string(5000, 'F'), {2}, 0, 8)}}, kEight, "unknown dtype");
  refuse(json{{std::string(5000, 'w') + "\n", 5}}, kEight, "must have dtype");
  refuse(json{{"line\nfeed", 5}}, kEight, "tensor \"line\\nfeed\"");
  refuse(json{{"w", entry("F32", 2, 0, 8)}}, kEight, "no list of sizes");
  refuse(json{{"w", entry("F32", {-2}, 0, 8)}}, kEight, "no list of sizes");
  refuse(json{{"w", entry("F32", {2.0}, 0, 8)}}, kEight, "no list of sizes");
  refuse(json{{"w", entry("F32", {"2"}, 0, 8)}}, kEight, "no list of sizes");
  refuse(json{{"w", entry("F32", {UINT64_MAX}, 0, 8)}}, kEight, "no list of sizes");
}

TEST_F(Hostile, SizesThatOverflow) {
  // 2^60 * 16 * 4 bytes is 0 modulo 2^64, 2^62 * 4 is 2^64.
  refuse(json{{"w", entry("F32", {int64_t{1} << 60, 16}, 0, 0)}}, "", "does not fill");
  refuse(json{{"w", entry("F32", {int64_t{1} << 62}, 0, 0)}}, "", "does not fill");
  refuse(json{{"w", entry("F32", {(int64_t{1} << 62) + 2}, 0, 8)}}, kEight, "does not fill");
  refuse(json{{"w", entry("U8", {int64_t{1} << 60}, 0, int64_t{1} << 60)}}, kEight, "cut short");
  // A zero among huge sizes is an empty tensor.
  EXPECT_TRUE(open(file_of(json{{"w", entry("F32", {INT64_MAX, INT64_MAX, 0}, 0, 0)}}.dump(), ""))
                  .ok());
}

TEST_F(Hostile, Offsets) {
  refuse(json{{"w", entry("F32", {2}, 0, 9)}}, kEight, "lies at bytes 0 to 9 of 8");
  refuse(json{{"w", entry("F32", {2}, 8, 0)}}, kEight, "lies at bytes 8 to 0");
  refuse(json{{"w", entry("F32", {2}, -8, 0)}}, kEight, "not two positions");
  refuse(json{{"w", entry("F32", {2}, 0, 8.0)}}, kEight, "not two positions");
  refuse(json{{"w", entry("F32", {2}, 0, UINT64_MAX)}}, kEight, "not two positions");
  refuse(json{{"w", entry("F32", {2}, 0, nullptr)}}, kEight, "not two positions");
  json three = entry("F32", {2}, 0, 8);
  three["data_offsets"] = {0, 4, 8};
  refuse(json{{"w", three}}, kEight, "not two positions");
  refuse(json{{"w", entry("F32", {3}, 0, 8)}}, kEight, "shape [3] does not fill its 8 bytes");
  refuse(json{{"w", entry("F64", {2}, 0, 8)}}, kEight, "does not fill");
  refuse(json{{"w", entry("F32", json::array(), 0, 8)}}, kEight, "does not fill");
}

TEST_F(Hostile, HolesAndOverlaps) {
  const json a = entry("U8", {4}, 0, 4);
  refuse(json{{"a", a}, {"b", entry("U8", {5}, 3, 8)}}, kEight, "\"b\" overlaps another at byte 3");
  refuse(json{{"a", a}, {"b", entry("U8", {3}, 5, 8)}}, kEight, "hole before it at byte 5");
  refuse(json{{"a", a}, {"b", a}, {"c", entry("U8", {4}, 4, 8)}}, kEight, "overlaps");
  refuse(json{{"b", entry("U8", {4}, 4, 8)}}, kEight, "hole before it at byte 4");
  refuse(json{{"a", a}}, kEight, "end at byte 4 but the data at 8");
  refuse(json::object(), kEight, "end at byte 0 but the data at 8");
  refuse(json{{"a", entry("U8", {8}, 0, 8)}, {"e", entry("U8", {0}, 4, 4)}}, kEight, "overlaps");
}

TEST_F(Hostile, Metadata) {
  for (const json& bad : {json(5), json("text"), json::array(), json(nullptr),
                          json{{"key", 1}}, json{{"key", json::object()}}}) {
    refuse(json{{"__metadata__", bad}}, "", "metadata must be strings");
  }
  EXPECT_TRUE(open(file_of(json{{"__metadata__", json::object()}}.dump(), "")).ok());
}

TEST_F(Hostile, WhatIsNotAFile) {
  EXPECT_EQ(SafetensorsFile::open(folder_.path("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(SafetensorsFile::open(folder_.path()).status().code(), StatusCode::kIo);
  ASSERT_EQ(::mkfifo(folder_.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(SafetensorsFile::open(folder_.path("pipe")).status().code(), StatusCode::kIo);
}

TEST_F(Hostile, DamagedHeadersNeverCrash) {
  const std::string whole = file_of(json{{"__metadata__", {{"k", "v"}}},
                                         {"a", entry("F32", {1, 2}, 0, 8)},
                                         {"b", entry("U8", {3}, 8, 11)},
                                         {"c", entry("F64", json::array(), 11, 19)}}
                                        .dump(),
                                    kEight + "abc" + kEight);
  std::mt19937 random(23);
  int accepted = 0;
  for (int i = 0; i < 5000; ++i) {
    std::vector<char> bytes(whole.begin(), whole.end());  // the address sanitizer knows its end
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      char& byte = bytes[random() % bytes.size()];
      byte = random() % 2 ? "0189[]{},\":-"[random() % 12] : static_cast<char>(random());
    }
    const Result<SafetensorsHeader> header = parse_safetensors({bytes.data(), bytes.size()});
    if (!header.ok()) continue;
    ++accepted;
    unsigned sum = 0;
    for (const auto& [name, tensor] : header.value().tensors) {
      for (size_t k = 0; k < tensor.bytes; ++k) {
        sum += static_cast<const unsigned char*>(tensor.data)[k];
      }
    }
    EXPECT_GT(sum, 0u);
  }
  EXPECT_GT(accepted, 75);  // damage to the data or to a name
  EXPECT_LT(accepted, 2500);
}

}  // namespace
}  // namespace norma::weights

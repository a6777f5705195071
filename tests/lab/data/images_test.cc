// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/data/images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_pictures.h"

namespace norma::lab {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ImagesTest : public ::testing::Test {
 protected:
  ImagesTest() { test::write_tiny_pictures(folder_); }
  std::string path(size_t file) const { return folder_ + "/" + image_files()[file]; }
  void write(size_t file, const std::string& bytes) const {
    std::ofstream(path(file), std::ios::binary) << bytes;
  }
  // After `bytes` are in that file; the file is whole again then.
  std::string refused(size_t file, const std::string& bytes) const {
    const std::string before = test::read_text(path(file));
    write(file, bytes);
    const Result<ImageSplit> split = load_images(folder_);
    write(file, before);
    EXPECT_THAT(split.status().message(), HasSubstr(folder_));
    EXPECT_EQ(split.status().message().find('\n'), std::string::npos) << "one line";
    return split.ok() ? "not refused" : split.status().message();
  }

  const test::TempFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(ImagesTest, ReadsBothPartsWhole) {
  const Result<ImageSplit> loaded = load_images(folder_);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const ImageSplit& split = loaded.value();
  EXPECT_EQ(split.train.count, 90);
  EXPECT_EQ(split.valid.count, 30);
  EXPECT_EQ(split.train.features, 20);
  EXPECT_EQ(split.classes, 3);
  const std::string bytes = test::read_text(path(0));
  EXPECT_EQ(split.train.pixels, bytes.substr(16));
  EXPECT_EQ(split.train.label[4], 1);
  EXPECT_EQ(split.valid.pixels, test::read_text(path(2)).substr(16));
  EXPECT_EQ(split.sha256, sha256(bytes + test::read_text(path(1)) + test::read_text(path(2)) +
                                 test::read_text(path(3))));
}

TEST_F(ImagesTest, WhatIsNoWholeFileIsNamed) {
  const std::string images = test::read_text(path(0)), labels = test::read_text(path(1));
  EXPECT_THAT(refused(0, ""), HasSubstr("has 0 bytes, fewer than the head of 16"));
  EXPECT_THAT(refused(1, labels.substr(0, 7)), HasSubstr("has 7 bytes, fewer than the head of 8"));
  EXPECT_THAT(refused(0, images.substr(0, images.size() - 1)),
              HasSubstr("says that it has 90 x 4 x 5 bytes behind its head but has 1799"));
  EXPECT_THAT(refused(0, images + "x"), HasSubstr("but has 1801"));
  EXPECT_THAT(refused(0, labels), HasSubstr("is no IDX file of bytes with 3 dimensions"));
  std::string floats = images;
  floats[2] = 0x0d;
  EXPECT_THAT(refused(0, floats), HasSubstr("is no IDX file of bytes"));
  EXPECT_THAT(refused(2, "\x1f\x8b" + images), AllOf(HasSubstr("gunzip it"), HasSubstr("t10k")));
}

// Heads that would have 2^96 bytes, or overflow to what is there.
TEST_F(ImagesTest, HostileSizesAreRefusedBeforeTheyAreMultiplied) {
  const uint32_t most = 0xffffffff;
  EXPECT_THAT(refused(0, test::idx_head(3, {most, most, most}) + "xx"), HasSubstr("but has 2"));
  // 2^32 * 2^32 * 1 is 0 in 64 bits.
  EXPECT_THAT(refused(0, test::idx_head(3, {1u << 31, 1u << 31, 4})), HasSubstr("but has 0"));
  EXPECT_THAT(refused(0, test::idx_head(3, {0, 4, 5})), HasSubstr("nothing in it"));
  EXPECT_THAT(refused(1, test::idx_head(1, {0})), HasSubstr("nothing in it"));
}

TEST_F(ImagesTest, FilesThatDoNotBelongTogetherAreRefused) {
  EXPECT_THAT(refused(1, test::idx_head(1, {2}) + "\x01\x02"),
              AllOf(HasSubstr("has 2 labels but"), HasSubstr("has 90 pictures")));
  EXPECT_THAT(refused(2, test::idx_head(3, {30, 1, 1}) + std::string(30, 'x')),
              HasSubstr("has pictures of 1 pixels but"));
  EXPECT_THAT(refused(1, test::idx_head(1, {90}) + std::string(90, '\0')),
              HasSubstr("has one class"));
  EXPECT_THAT(refused(3, test::idx_head(1, {30}) + std::string(30, '\x03')),
              HasSubstr("has the class 3, which"));
  std::filesystem::remove(path(3));
  const Status absent = load_images(folder_).status();
  EXPECT_EQ(absent.code(), StatusCode::kNotFound);
  EXPECT_THAT(absent.message(), AllOf(HasSubstr(path(3)), HasSubstr("make data")));
}

}  // namespace
}  // namespace norma::lab

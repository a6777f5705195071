// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_folder.h"

namespace norma {
namespace {

TEST(MappedFile, HasTheBytesWhileItLives) {
  const test::TempFolder folder;
  const std::string path = folder.write("x", std::string("a\0b", 3));
  const auto file = MappedFile::open(path, "file of the test");
  ASSERT_TRUE(file.ok()) << file.status().message();
  std::filesystem::remove(path);
  EXPECT_EQ(file.value()->bytes(), std::string_view("a\0b", 3));
}

TEST(MappedFile, AWriteStaysInMemory) {
  const test::TempFolder folder;
  const std::string path = folder.write("x", "abc");
  const auto file = MappedFile::open(path, "file of the test");
  ASSERT_TRUE(file.ok());
  const_cast<char&>(file.value()->bytes()[1]) = 'X';
  EXPECT_EQ(file.value()->bytes(), "aXc");
  EXPECT_EQ(folder.read("x"), "abc");
}

TEST(MappedFile, ForgottenPagesAreReadAgain) {
  const test::TempFolder folder;
  const std::string content = std::string(50000, 'a') + std::string(50000, 'b');
  const auto file = MappedFile::open(folder.write("x", content), "file of the test");
  ASSERT_TRUE(file.ok());
  const std::string_view bytes = file.value()->bytes();
  const_cast<char&>(bytes[0]) = 'X';
  forget_pages(bytes.data() + 10, 60000);
  forget_pages(bytes.data(), 0);
  EXPECT_EQ(bytes[0], 'X') << "a page that is only in part forgotten stays";
  EXPECT_EQ(bytes.substr(1), content.substr(1));
}

TEST(MappedFile, AnEmptyFileIsEmpty) {
  const test::TempFolder folder;
  const auto file = MappedFile::open(folder.write("x", ""), "file of the test");
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file.value()->bytes().empty());
}

TEST(MappedFile, WhatIsNoFile) {
  const test::TempFolder folder;
  const Status absent = MappedFile::open(folder.path("none"), "file of the test").status();
  EXPECT_EQ(absent.code(), StatusCode::kNotFound);
  EXPECT_NE(absent.message().find("Give the path of a file of the test."), std::string::npos);
  EXPECT_EQ(MappedFile::open(folder.path(), "").status().code(), StatusCode::kIo);
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::open(folder.path("pipe"), "").status().code(), StatusCode::kIo);
}

}  // namespace
}  // namespace norma

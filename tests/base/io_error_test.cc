// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The errors are the system's own, of calls that must fail, as far as a test can bring them about.

#include "base/io_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "base/atomic_file.h"
#include "tests/support/temp_folder.h"

namespace norma {
namespace {

using testing::HasSubstr;

TEST(IoError, NamesThePathTheSystemsWordAndARemedy) {
  const test::TempFolder folder;
  const std::string absent = folder.path("absent"), file = folder.write("file", "x");
  EXPECT_EQ(read_file(absent).status().message(),
            "cannot read " + absent + ": No such file or directory. Check the path.");
  EXPECT_EQ(read_file(absent, "Make it.").status().message(),
            "cannot read " + absent + ": No such file or directory. Make it.");
  EXPECT_EQ(read_file(folder.path()).status().message(),
            "cannot read " + folder.path() +
                ": Is a directory. It is a folder: give the path of a file.");
  EXPECT_EQ(read_file(file + "/x").status().message(),
            "cannot read " + file +
                "/x: Not a directory. A part of the path is a file: choose another path.");
}

// The user knows the target; the temporary file beside it is nothing to look for.
TEST(IoError, AWriteThatFailsNamesItsTarget) {
  const test::TempFolder folder;
  const std::string file = folder.write("file", "x");
  EXPECT_EQ(write_file_atomically(file + "/x", {"x"}).message(),
            "cannot write " + file +
                "/x: Not a directory. A part of the path is a file: choose another path.");
  EXPECT_EQ(write_file_atomically(folder.path("gone/x"), {"x"}).message(),
            "cannot write " + folder.path("gone/x") +
                ": No such file or directory. Make its folder first, or choose another path.");
  // Nobody may make files there, not even the one who may do everything.
  EXPECT_THAT(write_file_atomically("/proc/x", {"x"}).message(),
              HasSubstr("cannot write /proc/x:"));
}

TEST(IoError, OneLineForEachReason) {
  for (const int error : {EACCES, EPERM, EROFS, EISDIR, ENOTDIR, ENOSPC, EDQUOT, EFBIG, EMFILE}) {
    const std::string message = io_error("write", "x", error, "otherwise").message();
    EXPECT_THAT(message, testing::Not(HasSubstr("otherwise"))) << "a remedy of its own";
    EXPECT_THAT(message, testing::Not(HasSubstr("\n")));
    EXPECT_EQ(message.back(), '.');
  }
  EXPECT_THAT(io_error("write", "x", ENOSPC).message(), HasSubstr("Free some space"));
  EXPECT_THAT(io_error("write", "x", EACCES).message(), HasSubstr("permissions"));
  EXPECT_THAT(io_error("write", "x", EIO, "otherwise").message(), testing::EndsWith("otherwise"));
}

TEST(IoError, OnlyWhatIsNotThereIsNotFound) {
  EXPECT_EQ(io_error("read", "x", ENOENT).code(), StatusCode::kNotFound);
  EXPECT_EQ(io_error("read", "x", EACCES).code(), StatusCode::kIo);
}

}  // namespace
}  // namespace norma

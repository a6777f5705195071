// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>
#include <vector>

namespace norma {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class AtomicFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "norma_atomic_file_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/result.txt";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string content() const {
    const Result<std::string> read = read_file(path_);
    return read.ok() ? read.value() : "<" + read.status().message() + ">";
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      all.push_back(entry.path().filename());
    }
    return all;
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(AtomicFile, WritesPartsOneAfterTheOther) {
  const std::string_view with_zero("a\0b", 3);
  ASSERT_TRUE(write_file_atomically(path_, {"one ", "", with_zero}).ok());
  EXPECT_EQ(content(), std::string("one a\0b", 7));
  EXPECT_THAT(names(), testing::ElementsAre("result.txt"));
}

TEST_F(AtomicFile, AnEmptyFileIsAFile) {
  ASSERT_TRUE(write_file_atomically(path_, {}).ok());
  EXPECT_EQ(content(), "");
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(AtomicFile, ReplacesALongerFile) {
  ASSERT_TRUE(write_file_atomically(path_, {std::string(200'000, 'x')}).ok());
  EXPECT_EQ(content().size(), 200'000u);
  ASSERT_TRUE(write_file_atomically(path_, {"short"}).ok());
  EXPECT_EQ(content(), "short");
}

TEST_F(AtomicFile, NoSuchFolder) {
  const Status status = write_file_atomically((folder_ / "gone" / "x").string(), {"x"});
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr((folder_ / "gone" / "x").string()));
}

TEST_F(AtomicFile, AFolderInTheWayStaysAndNothingIsLeftBehind) {
  fs::create_directory(path_);
  const Status status = write_file_atomically(path_, {"x"});
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_THAT(status.message(), HasSubstr(path_));
  EXPECT_TRUE(fs::is_directory(path_));
  EXPECT_THAT(names(), testing::ElementsAre("result.txt"));
}

TEST_F(AtomicFile, AProcessThatEndsAtAFailPointLeavesTheOldFileWhole) {
  ASSERT_TRUE(write_file_atomically(path_, {"old"}).ok());
  for (const char* point : {"after_temporary_write", "before_rename"}) {
    EXPECT_EXIT(
        {
          setenv("NORMA_FAIL_POINT", point, 1);
          (void)write_file_atomically(path_, {"new"});
          std::_Exit(0);
        },
        testing::ExitedWithCode(99), "")
        << point;
    EXPECT_EQ(content(), "old") << point;
  }
}

TEST_F(AtomicFile, AFailPointCanWaitForItsNthPass) {
  const auto write_three = [this] {
    setenv("NORMA_FAIL_POINT", "before_rename:3", 1);
    for (const char* text : {"first", "second", "third"}) {
      (void)write_file_atomically(path_, {text});
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(write_three(), testing::ExitedWithCode(99), "");
  EXPECT_EQ(content(), "second");
}

TEST_F(AtomicFile, AFullDiskIsAnErrorWithARemedy) {
  ASSERT_TRUE(write_file_atomically(path_, {"old"}).ok());
  const auto write_too_much = [this] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    const Status status = write_file_atomically(path_, {std::string(10'000, 'x')});
    const bool told = status.code() == StatusCode::kIo &&
                      status.message().find(path_) != std::string::npos &&
                      status.message().find("Free some space") != std::string::npos;
    std::_Exit(told ? 0 : 1);
  };
  EXPECT_EXIT(write_too_much(), testing::ExitedWithCode(0), "");
  EXPECT_EQ(content(), "old");
  EXPECT_THAT(names(), testing::ElementsAre("result.txt"));
}

TEST_F(AtomicFile, ASymlinkStaysAndItsFileIsReplaced) {
  fs::create_directory(folder_ / "elsewhere");
  fs::create_symlink("elsewhere/real.txt", folder_ / "second");  // relative to the link's folder
  fs::create_symlink(folder_ / "second", path_);
  for (const std::string text : {"made", "replaced"}) {  // the file is there the second time only
    ASSERT_TRUE(write_file_atomically(path_, {text}).ok());
    EXPECT_TRUE(fs::is_symlink(path_));
    EXPECT_TRUE(fs::is_symlink(folder_ / "second"));
    EXPECT_EQ(read_file((folder_ / "elsewhere" / "real.txt").string()).value(), text);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "elsewhere"), {}), 1);
  }
}

TEST_F(AtomicFile, LinksInACircleAreAnError) {
  fs::create_symlink(path_, folder_ / "second");
  fs::create_symlink(folder_ / "second", path_);
  for (const Status& status : {write_file_atomically(path_, {"x"}), check_writable(path_)}) {
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.message(), HasSubstr(path_));
  }
  EXPECT_TRUE(fs::is_symlink(path_));
}

TEST_F(AtomicFile, APipeGetsTheBytesAndStays) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(check_writable(path_).ok());
  auto reader = std::async(std::launch::async, [this] { return content(); });
  const std::string large(200'000, 'x');  // more than a pipe holds
  EXPECT_TRUE(write_file_atomically(path_, {"one ", large}).ok());
  const bool stayed = fs::is_fifo(path_);
  EXPECT_TRUE(stayed);
  if (!stayed) std::_Exit(1);  // the reader waits for a pipe that has no name any more
  EXPECT_EQ(reader.get(), "one " + large);
  EXPECT_THAT(names(), testing::ElementsAre("result.txt"));
}

// The numbers of /dev/full, in a folder of the test's own: a failure must not replace the real one.
TEST_F(AtomicFile, ADeviceThatIsFullIsAnErrorAndStays) {
  if (mknod(path_.c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0) GTEST_SKIP() << "needs root";
  const Status status = write_file_atomically(path_, {"x"});
  if (status.message().find("Permission denied") != std::string::npos) GTEST_SKIP() << "nodev";
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_THAT(status.message(), HasSubstr("Free some space"));
  EXPECT_TRUE(fs::is_character_file(path_));
  EXPECT_THAT(names(), testing::ElementsAre("result.txt"));
}

TEST_F(AtomicFile, WhetherItCanBeWrittenIsKnownBefore) {
  EXPECT_TRUE(check_writable(path_).ok());
  EXPECT_THAT(names(), testing::IsEmpty());
  ASSERT_TRUE(write_file_atomically(path_, {"old"}).ok());
  EXPECT_TRUE(check_writable(path_).ok());
  EXPECT_EQ(content(), "old");
  EXPECT_THAT(check_writable((folder_ / "gone" / "x").string()).message(), HasSubstr("Make its"));
  EXPECT_THAT(check_writable(folder_.string()).message(), HasSubstr("It is a folder"));
  EXPECT_THAT(names(), testing::ElementsAre("result.txt"));
}

TEST_F(AtomicFile, RemovingWhatIsThereOrNot) {
  ASSERT_TRUE(write_file_atomically(path_, {"old"}).ok());
  EXPECT_TRUE(remove_file(path_).ok());
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(remove_file(path_).ok());
  fs::create_directory(path_);
  EXPECT_THAT(remove_file(path_).message(), HasSubstr("cannot remove " + path_));
}

TEST_F(AtomicFile, ReadingWhatIsNotThereOrNoFile) {
  const Result<std::string> gone = read_file(path_);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(gone.status().message(), HasSubstr(path_));

  const Result<std::string> folder = read_file(folder_.string());
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.status().code(), StatusCode::kIo);
}

}  // namespace
}  // namespace norma

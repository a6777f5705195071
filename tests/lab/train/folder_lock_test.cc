// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/support/temp_folder.h"

namespace norma::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// A process that holds the lock until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& folder) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      FolderLock lock;
      const char held = lock.take(folder).ok() ? 'y' : 'n';
      if (::write(ready[1], &held, 1) == 1) ::pause();
      ::_exit(0);
    }
    char held = 0;
    EXPECT_EQ(::read(ready[0], &held, 1), 1);
    EXPECT_EQ(held, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Holder() { kill(); }
  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

TEST(FolderLock, AnotherProcessIsRefusedUntilTheFirstIsGone) {
  const test::TempFolder folder;
  Holder holder(folder.path());
  FolderLock lock;
  const Status refused = lock.take(folder.path());
  EXPECT_EQ(refused.message(), folder.path() + " is in use by another norma; wait for it or choose "
                                               "another --out.");
  EXPECT_FALSE(lock.held());
  holder.kill();
  EXPECT_TRUE(lock.take(folder.path()).ok()) << "a kill leaves no lock behind";
  EXPECT_TRUE(lock.held());
  EXPECT_TRUE(lock.take(folder.path()).ok()) << "held already";
}

TEST(FolderLock, GoesWithTheObject) {
  const test::TempFolder folder;
  { EXPECT_TRUE(FolderLock().take(folder.path()).ok()); }
  EXPECT_TRUE(FolderLock().take(folder.path()).ok());
}

TEST(FolderLock, PatienceWaitsForOneThatIsAboutToEnd) {
  const test::TempFolder folder;
  Holder holder(folder.path());
  std::thread ends([&holder] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    holder.kill();
  });
  FolderLock lock;
  const Status status = lock.take(folder.path(), std::chrono::seconds(60));
  ends.join();
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(FolderLock, RemovesWhatKilledWritesHaveLeft) {
  const test::TempFolder folder;
  for (const char* name : {"summary.json", "summary.json.tmp.123", "state.safetensors.tmp.4",
                           "notes.tmp.txt", "sub/x.tmp.5"}) {
    folder.write(name, "x");
  }
  {
    const Holder holder(folder.path());  // has removed them
    folder.write("summary.json.tmp.6", "of the one that holds the lock");
    FolderLock lock;
    EXPECT_FALSE(lock.take(folder.path()).ok());
    EXPECT_THAT(folder.list(), ::testing::Contains("summary.json.tmp.6"));
  }
  FolderLock lock;
  ASSERT_TRUE(lock.take(folder.path()).ok());
  EXPECT_THAT(folder.list(), UnorderedElementsAre("lock", "summary.json", "notes.tmp.txt", "sub"));
  EXPECT_TRUE(std::filesystem::exists(folder.path("sub/x.tmp.5"))) << "another folder's";
}

TEST(FolderLock, AFolderThatCannotBeLockedIsNamed) {
  const test::TempFolder folder;
  EXPECT_THAT(FolderLock().take(folder.path("gone")).message(), HasSubstr("gone/lock"));
}

}  // namespace
}  // namespace norma::lab

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Round trips, the bytes against the format's text, and writes that fail.

#include "weights/safetensors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace norma::weights {
namespace {

using test::TempFolder;

template <typename T>
TensorInfo tensor_of(const char* dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), values.data(), values.size() * sizeof(T)};
}

std::string bytes_of(const TensorInfo& tensor) {
  return std::string(static_cast<const char*>(tensor.data), tensor.bytes);
}

TEST(Safetensors, RoundTrip) {
  const TempFolder folder;
  const std::vector<float> f32 = {1.5f, -0.0f, 3e38f, 4, 5, 6};
  const std::vector<double> f64 = {3.141592653589793};
  const std::vector<int64_t> i64 = {-1, INT64_MAX};
  const std::vector<uint16_t> bf16 = {0x3F80, 0x7FC0, 0x8000};
  const std::vector<uint8_t> u8 = {7};
  const std::map<std::string, TensorInfo> tensors = {
      {"layer.0.weight", tensor_of("F32", {2, 3}, f32)},
      {"a scalar", tensor_of("F64", {}, f64)},
      {"steps \u00FC \"quoted\" \\ \n", tensor_of("I64", {2}, i64)},
      {"half", tensor_of("BF16", {3, 1}, bf16)},
      {"byte", tensor_of("U8", {1, 1, 1}, u8)},
      {"empty", {"F16", {4, 0, INT64_MAX}, nullptr, 0}}};
  const std::map<std::string, std::string> metadata = {{"format", "norma"}, {"json", "{\"a\":[]}"}};
  const std::string path = folder.path("model.safetensors");
  const Status status = write_safetensors(path, tensors, metadata);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(folder.list(), (std::vector<std::string>{"model.safetensors"}));
  const Result<SafetensorsFile> file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file.value().metadata(), metadata);
  ASSERT_EQ(file.value().tensors().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const TensorInfo& read = file.value().tensors().at(name);
    EXPECT_EQ(read.dtype, tensor.dtype);
    EXPECT_EQ(read.shape, tensor.shape);
    EXPECT_EQ(bytes_of(read), bytes_of(tensor));
    if (read.dtype == "F64" || read.dtype == "I64") {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(read.data) % 8, 0u) << name;
    }
    if (read.dtype == "F32") {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(read.data) % 4, 0u);
    }
  }
}

TEST(Safetensors, BytesFollowTheFormat) {
  const TempFolder folder;
  const std::vector<float> values = {1, 2};
  ASSERT_TRUE(write_safetensors(folder.path("x"), {{"w", tensor_of("F32", {2}, values)}}, {}).ok());
  const std::string header = R"({"w":{"data_offsets":[0,8],"dtype":"F32","shape":[2]}})";
  std::string expected(1, static_cast<char>((header.size() + 7) / 8 * 8));
  expected.resize(8, '\0');
  expected += header;
  expected.resize(8 + static_cast<size_t>(expected[0]), ' ');
  expected += std::string("\0\0\x80\x3F\0\0\0\x40", 8);
  EXPECT_EQ(folder.read("x"), expected);
}

TEST(Safetensors, NoTensorsAtAll) {
  const TempFolder folder;
  ASSERT_TRUE(write_safetensors(folder.path("x"), {}, {}).ok());
  const Result<SafetensorsFile> file = SafetensorsFile::open(folder.path("x"));
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_TRUE(file.value().tensors().empty());
}

TEST(Safetensors, TensorsOutliveTheFileOnDisk) {
  const TempFolder folder;
  const std::vector<float> old_values(5000, 1), new_values(7000, 2);
  const std::string path = folder.path("x");
  ASSERT_TRUE(write_safetensors(path, {{"w", tensor_of("F32", {5000}, old_values)}}, {}).ok());
  Result<SafetensorsFile> file = SafetensorsFile::open(path);
  const SafetensorsFile copy = file.value();
  file = Status(StatusCode::kInternal, "let go of the first");
  // From a mapped file to its own path: a checkpoint that is loaded and saved again.
  ASSERT_TRUE(write_safetensors(path, copy.tensors(), {}).ok());
  ASSERT_TRUE(write_safetensors(path, {{"w", tensor_of("F32", {7000}, new_values)}}, {}).ok());
  std::filesystem::remove(path);
  EXPECT_EQ(bytes_of(copy.tensors().at("w")),
            std::string(reinterpret_cast<const char*>(old_values.data()), 20000));
}

TEST(Safetensors, RefusesToWriteWhatCannotBeRead) {
  const TempFolder folder;
  const std::vector<float> values = {1, 2};
  const auto message = [&](const std::string& name, const TensorInfo& tensor,
                           const std::map<std::string, std::string>& metadata = {}) {
    const Status status = write_safetensors(folder.path("x"), {{name, tensor}}, metadata);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
    EXPECT_TRUE(folder.list().empty());
    return status.message();
  };
  const TensorInfo good = tensor_of("F32", {2}, values);
  TensorInfo bad = good;
  bad.dtype = "F33";
  EXPECT_NE(message("w\n", bad).find("\"F33\""), std::string::npos);
  bad = good;
  bad.shape = {3};
  EXPECT_NE(message("w", bad).find("tensor \"w\" has 8 bytes"), std::string::npos);
  bad.shape = {-2};
  message("w", bad);
  bad.shape = {int64_t{1} << 62, 4};
  message("w", bad);
  bad = good;
  bad.data = nullptr;
  message("w", bad);
  message("__metadata__", good);
  EXPECT_NE(message("w\xFF", good).find("not UTF-8"), std::string::npos);
  message("w", good, {{"key", "\xC3"}});
}

TEST(Safetensors, ReadsWhatThePythonPackageWrote) {
  const std::string path = test::shared_data_path("norma-1-golden/norma-1.safetensors");
  NORMA_SKIP_IF_ABSENT(path);
  const Result<SafetensorsFile> file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_GT(file.value().tensors().size(), 10u);
}

// Runs `body` in a child process and gives its exit code.
template <typename Body>
int exit_code_of(Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int state = 0;
  ::waitpid(child, &state, 0);
  return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

class FailingWrite : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write_safetensors(path(), {{"w", tensor_of("F32", {1000}, old_)}}, {}).ok());
  }
  std::string path() const { return folder_.path("model.safetensors"); }
  Status write_new() const {
    return write_safetensors(path(), {{"w", tensor_of("F32", {100000}, new_)}}, {});
  }
  // The file is one of the two, whole.
  float first_value() const {
    const Result<SafetensorsFile> file = SafetensorsFile::open(path());
    if (!file.ok()) return -1;
    float value;
    std::memcpy(&value, file.value().tensors().at("w").data, sizeof value);
    return value;
  }

  TempFolder folder_;
  std::vector<float> old_ = std::vector<float>(1000, 1), new_ = std::vector<float>(100000, 2);
};

TEST_F(FailingWrite, AFullDiskLeavesTheOldFileAndNothingElse) {
  // The kernel refuses every byte behind 64 KiB of a file, as a full disk would.
  const int code = exit_code_of([this] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{65536, 65536};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    const Status status = write_new();
    const bool said = status.code() == StatusCode::kIo &&
                      status.message().find(path()) != std::string::npos &&
                      status.message().find("Free some space") != std::string::npos &&
                      status.message().find('\n') == std::string::npos;
    return said ? 0 : 1;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(first_value(), 1);
  EXPECT_EQ(folder_.list(), (std::vector<std::string>{"model.safetensors"}));
}

TEST_F(FailingWrite, AProcessKilledBeforeTheRenameLeavesTheOldFile) {
  for (const char* point : {"after_temporary_write", "before_rename"}) {
    const int code = exit_code_of([&] {
      ::setenv("NORMA_FAIL_POINT", point, 1);
      return write_new().ok() ? 0 : 1;
    });
    EXPECT_EQ(code, 99) << point;
    EXPECT_EQ(first_value(), 1) << point;
  }
  ASSERT_TRUE(write_new().ok());
  EXPECT_EQ(first_value(), 2);
}

TEST_F(FailingWrite, RandomKillsNeverLeaveHalfAFile) {
  std::mt19937 random(17);
  for (int i = 0; i < 20; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) {
        (void)write_safetensors(path(), {{"w", tensor_of("F32", {1000}, old_)}}, {});
        (void)write_new();
      }
    }
    ::usleep(random() % 20000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const float value = first_value();
    EXPECT_TRUE(value == 1 || value == 2) << value;
  }
}

TEST_F(FailingWrite, AFolderThatIsNotThere) {
  const Status status = write_safetensors(folder_.path("no/such/x"), {}, {});
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find(folder_.path("no/such/x")), std::string::npos);
}

}  // namespace
}  // namespace norma::weights

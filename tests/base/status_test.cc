// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace norma {
namespace {

TEST(Status, DefaultIsOk) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kOk);
  EXPECT_EQ(status.message(), "");
}

TEST(Status, CarriesCodeAndMessage) {
  const Status status(StatusCode::kNotFound, "no such file");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no such file");
  EXPECT_EQ(invalid_argument("bad").code(), StatusCode::kInvalidArgument);
}

TEST(Result, HoldsEitherAValueOrAReason) {
  Result<int> seven(7);
  ASSERT_TRUE(seven.ok());
  EXPECT_EQ(seven.value(), 7);
  EXPECT_TRUE(seven.status().ok());

  const Result<int> none(invalid_argument("not a number"));
  EXPECT_FALSE(none.ok());
  EXPECT_EQ(none.status().message(), "not a number");
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  ASSERT_TRUE(result.ok());
  const std::unique_ptr<int> taken = std::move(result.value());
  EXPECT_EQ(*taken, 3);
}

Status second_step(const Status& first, bool* reached) {
  NORMA_RETURN_IF_ERROR(first);
  *reached = true;
  return Status();
}

TEST(ReturnIfError, StopsAtTheFirstError) {
  bool reached = false;
  EXPECT_EQ(second_step(invalid_argument("first"), &reached).message(), "first");
  EXPECT_FALSE(reached);
  EXPECT_TRUE(second_step(Status(), &reached).ok());
  EXPECT_TRUE(reached);
}

}  // namespace
}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/hidden_symbols.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

namespace norma::bench {
namespace {

TEST(HiddenFunctions, ThoseThatAreExportedTooAreWhereTheyAreFoundByName) {
  // A function of C that torch's library exports.
  const std::string torch = "libtorch_cpu.so";
  const std::string exported = "aoti_torch_device_type_cpu";
  void* const by_name = dlsym(RTLD_DEFAULT, exported.c_str());
  ASSERT_NE(by_name, nullptr);
  const auto found =
      hidden_functions(torch, {exported, "no_such_function", "aoti_torch_device_typ"});
  if (found.empty()) GTEST_SKIP() << "torch's library has no symbol table";
  EXPECT_EQ(found.size(), 1u) << "whole names alone";
  EXPECT_EQ(found.at(exported), by_name);
}

TEST(HiddenFunctions, NoneInALibraryThatIsNotThere) {
  EXPECT_TRUE(hidden_functions("libnosuch.so", {"main"}).empty());
}

}  // namespace
}  // namespace norma::bench

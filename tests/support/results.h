// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Equality of bits of structs of results, member by member.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "tests/support/bits.h"

namespace norma::test {

// A vector of a struct of results, with its name.
template <typename Results, typename T>
using Member = std::pair<const char*, const std::vector<T> Results::*>;

// Those that `got` has, as what is empty was not asked for, against `want`.
template <typename Results, typename T, size_t kCount>
testing::AssertionResult same_members(const Results& got, const Results& want,
                                      const Member<Results, T> (&members)[kCount]) {
  for (const auto& [name, member] : members) {
    const auto &a = got.*member, &b = want.*member;
    if (a.empty()) continue;
    if (a.size() != b.size()) return testing::AssertionFailure() << name << " has another size";
    const auto same = same_bits(a.data(), b.data(), a.size());
    if (!same) return testing::AssertionFailure() << name << ": " << same.message();
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Ids that every vocabulary of the lab shares.
#pragma once

#include <cstdint>

namespace norma::text {

constexpr int32_t kPadId = 0;
constexpr int32_t kBosId = 1;
constexpr int32_t kEosId = 2;
constexpr int32_t kUnkId = 3;
constexpr int32_t kSpecialTokens = 4;

}  // namespace norma::text

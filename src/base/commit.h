// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Which sources this program was built from. In the library norma_commit, which changes with every
// commit, so that what does not ask is not linked anew.
#pragma once

namespace norma {

// Twelve digits of git's hash, or "unknown" where the sources were no git checkout.
const char* commit();
// Whether tracked files differed from that commit.
bool commit_is_modified();

}  // namespace norma

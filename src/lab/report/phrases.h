// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The phrases that the verdict and the contrasts share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lab/report/compare.h"

namespace norma::lab::report {

// Two configurations of which one factor differs.
struct PairedRow {
  const Configuration* first = nullptr;
  const Configuration* second = nullptr;
  Paired paired;
};

// Where `some` are of the `of` settings that a sentence is about: "" where the folder compares in
// one alone, " in all 4 settings" with the `which` that sets them apart where it compares in more
// (" in any of 4 settings" where the sentence is negated), else " at lr ...".
std::string at_settings(const Grid& grid, const std::vector<size_t>& some, size_t of,
                        const std::string& which, bool negated = false);

// The one factor that, alone, says which group a setting is in: "the learning rate"; "the setting"
// where none does.
std::string deciding_factor(const Grid& grid, const std::vector<size_t>& settings,
                            const std::function<std::string(size_t)>& group);

// "0.90 ± 0.05 (lr 0.001 ...) to 1.83 ± 0.03 nats (lr 0.003 ...) over 3 paired seeds": the smallest
// and the largest difference; sizes alone where the words around it say the sign. The setting named
// is the first configuration's.
std::string size_words(const Grid& grid, const std::vector<PairedRow>& rows, bool with_sign);

// ", 1 of 4 runs diverged against 0 of 4" where a row's two differ in it; the second's count comes
// first where `swapped`. Empty where none differs.
std::string diverged_too(const std::vector<PairedRow>& rows, bool swapped);

// Some interval is too wide to call the losses equal.
bool too_wide(const std::vector<PairedRow>& rows);

// Two variants in every setting that has both: "pre LayerNorm beats post LayerNorm in all 4
// settings by ...". Empty where no setting has both.
std::string comparison_words(const Grid& grid, size_t first, size_t second);

}  // namespace norma::lab::report

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Numbers and lists as the report writes them. Plain UTF-8 text, not yet HTML.
#pragma once

#include <string>
#include <vector>

namespace norma::lab::report {

std::string fixed(double value, int decimals);  // 4.07; a true minus sign; "not finite"
std::string signed_fixed(double value, int decimals);
// Enough decimals to show one digit of `spread`, between 2 and 4.
int decimals_for(double spread);
std::string with_spread(double value, double spread);             // 4.07 ± 0.02
std::string difference_with_spread(double value, double spread);  // +0.003 ± 0.010
std::string plain(double value);                                  // shortest: 0.003, 300
std::string significant(double value, int digits);                // 0.867, 1.5e-08
std::string thousands(double value);                              // 11,030
std::string times(double ratio);                                  // 0.71x, 10.3x
std::string percent(double share);                                // 8.0 %
// "a, b and c", or with another word before the last.
std::string joined(const std::vector<std::string>& words, const std::string& last = "and");
std::string counted(size_t n, const std::string& noun);  // 1 seed, 3 seeds
std::string capitalized(std::string text);

// The names that people know: layernorm -> LayerNorm. An unknown name stays what it is.
std::string norm_name(const std::string& norm);

}  // namespace norma::lab::report

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace norma::lab::report {
namespace {

constexpr const char* kMinus = "\u2212";
constexpr double kLargestWritten = 1e9;  // above, digits say nothing

}  // namespace

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "not finite";
  if (std::abs(value) >= kLargestWritten)
    return fmt::format("{}{:.2e}", value < 0 ? kMinus : "", std::abs(value));
  const std::string digits = fmt::format("{:.{}f}", std::abs(value), decimals);
  const bool is_zero = digits.find_first_not_of("0.") == std::string::npos;
  return value < 0 && !is_zero ? kMinus + digits : digits;
}

std::string signed_fixed(double value, int decimals) {
  const std::string text = fixed(value, decimals);
  const bool is_zero = text.find_first_not_of("0.") == std::string::npos;
  return value > 0 && !is_zero ? "+" + text : text;
}

int decimals_for(double spread) {
  // A spread below the last digit that may be shown is none (rounding in the means leaves 1e-17).
  if (!(spread >= 0.00005) || !std::isfinite(spread)) return 2;
  return std::clamp(static_cast<int>(std::ceil(-std::log10(spread))), 2, 4);
}

std::string with_spread(double value, double spread) {
  const int decimals = decimals_for(spread);
  return fixed(value, decimals) + " \u00b1 " + fixed(spread, decimals);
}

std::string difference_with_spread(double value, double spread) {
  const int decimals = std::max(decimals_for(spread), std::abs(value) < 0.05 ? 3 : 2);
  if (!std::isfinite(spread)) return signed_fixed(value, decimals);
  return signed_fixed(value, decimals) + " \u00b1 " + fixed(spread, decimals);
}

std::string plain(double value) { return fmt::format("{}", value); }

std::string significant(double value, int digits) { return fmt::format("{:.{}g}", value, digits); }

std::string thousands(double value) {
  const std::string digits = fixed(std::round(value), 0);
  if (!std::isfinite(value) || std::abs(value) >= kLargestWritten) return digits;
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    // Only digits are grouped: a sign stands before the first of them.
    const bool between = i > 0 && digits[i - 1] >= '0' && digits[i - 1] <= '9';
    if (between && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string times(double ratio) { return fixed(ratio, ratio < 9.95 ? 2 : 1) + "x"; }

std::string percent(double share) { return fixed(100 * share, 1) + "\u00a0%"; }

std::string joined(const std::vector<std::string>& words, const std::string& last) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " " + last + " " : ", ";
    text += words[i];
  }
  return text;
}

std::string counted(size_t n, const std::string& noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string norm_name(const std::string& norm) {
  if (norm == "layernorm") return "LayerNorm";
  if (norm == "rmsnorm") return "RMSNorm";
  if (norm == "batchnorm") return "BatchNorm";
  if (norm == "torch_layernorm") return "LayerNorm (PyTorch)";
  return norm;
}

}  // namespace norma::lab::report

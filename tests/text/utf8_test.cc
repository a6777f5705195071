// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Truth: the C library's decoder and its character tables in the locale C.UTF-8.

#include "text/utf8.h"

#include <gtest/gtest.h>
#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#include <cstring>

namespace norma::text {
namespace {

class Utf8 : public ::testing::Test {
 protected:
  void SetUp() override {
    locale_ = newlocale(LC_ALL_MASK, "C.UTF-8", nullptr);
    ASSERT_NE(locale_, nullptr);
    before_ = uselocale(locale_);
  }
  void TearDown() override {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }

  // Whether the C library reads all of the bytes as characters.
  static bool library_accepts(const std::string& bytes) {
    size_t i = 0;
    while (i < bytes.size()) {
      mbstate_t state;
      std::memset(&state, 0, sizeof state);
      wchar_t c;
      const size_t n = mbrtowc(&c, bytes.data() + i, bytes.size() - i, &state);
      // glibc reads on to U+1FFFFF, which RFC 3629 has cut at U+10FFFF.
      if (n > bytes.size() - i || c > 0x10FFFF) return false;
      i += n == 0 ? 1 : n;
    }
    return true;
  }

  locale_t locale_ = nullptr, before_ = nullptr;
};

TEST_F(Utf8, AcceptsWhatTheLibraryAccepts) {
  // All sequences of two bytes; of three and four with the bytes at the borders of each range.
  const unsigned char borders[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90,
                                   0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
  std::vector<std::string> samples;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string two{static_cast<char>(a), static_cast<char>(b)};
      samples.push_back(two);
      for (unsigned char c : borders) {
        samples.push_back(two + static_cast<char>(c));
        if (a < 0xE0) continue;
        for (unsigned char d : borders) {
          samples.push_back(two + static_cast<char>(c) + static_cast<char>(d));
        }
      }
    }
  }
  size_t accepted = 0;
  for (const std::string& bytes : samples) {
    const bool valid = find_invalid_utf8(bytes) == std::string::npos;
    accepted += valid;
    if (valid != library_accepts(bytes)) ADD_FAILURE() << ::testing::PrintToString(bytes);
  }
  EXPECT_GT(accepted, 100000u);
  EXPECT_LT(accepted, samples.size() / 2);
}

TEST_F(Utf8, NamesTheFirstInvalidByte) {
  EXPECT_EQ(find_invalid_utf8(""), std::string::npos);
  EXPECT_EQ(find_invalid_utf8("gr\xC3\xBC\xC3\x9F"), std::string::npos);
  EXPECT_EQ(find_invalid_utf8("abc\xFC"), 3u);              // Latin-1
  EXPECT_EQ(find_invalid_utf8("\xC3"), 0u);                 // cut
  EXPECT_EQ(find_invalid_utf8("a\xC0\xAF"), 1u);            // overlong '/'
  EXPECT_EQ(find_invalid_utf8("ab\xED\xA0\x80"), 2u);       // a surrogate
  EXPECT_EQ(find_invalid_utf8("\xF4\x8F\xBF\xBF\xF4\x90\x80\x80"), 4u);  // above U+10FFFF
}

TEST_F(Utf8, EveryCodePointGoesThereAndBack) {
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    ASSERT_EQ(find_invalid_utf8(text), std::string::npos) << std::hex << static_cast<uint32_t>(c);
    ASSERT_EQ(character_length(text), text.size());
    ASSERT_EQ(code_point(text), c);
  }
}

TEST_F(Utf8, LowersAsTheLibraryDoes) {
  // All of Latin, Greek and Cyrillic but for the irregular part of Latin Extended-B and the
  // Greek, archaic and Coptic letters that the header does not promise.
  const std::pair<char32_t, char32_t> blocks[] = {{0x01, 0x17F},   {0x1CD, 0x1EF},
                                                  {0x1F6, 0x220},  {0x222, 0x233},
                                                  {0x386, 0x3CE},  {0x3D8, 0x3EF},
                                                  {0x400, 0x52F},  {0x1E00, 0x1EFF}};
  int lowered = 0;
  for (const auto& [first, last] : blocks) {
    for (char32_t c = first; c <= last; ++c) {
      std::string text, expected;
      append_utf8(text, c);
      append_utf8(expected, static_cast<char32_t>(towlower(static_cast<wint_t>(c))));
      EXPECT_EQ(to_lower(text), expected) << std::hex << static_cast<uint32_t>(c);
      lowered += text != expected;
    }
  }
  EXPECT_GT(lowered, 400);
  EXPECT_EQ(to_lower("\u00C4rger MIT \u03A3\u0416 9\u20AC"), "\u00E4rger mit \u03C3\u0436 9\u20AC");
}

TEST_F(Utf8, SplitsWords) {
  EXPECT_EQ(split_words(" a\tbc \n\r\v\f d"), (std::vector<std::string_view>{"a", "bc", "d"}));
  EXPECT_TRUE(split_words(" \n ").empty());
  EXPECT_EQ(split_words("no\u00A0break").size(), 1u);
}

}  // namespace
}  // namespace norma::text

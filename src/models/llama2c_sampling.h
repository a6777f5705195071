// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Drawing the next token bit for bit as llama2.c (github.com/karpathy/llama2.c, run.c) does, so
// that its published texts come out of the same seeds: float32 throughout, sums in the order of
// the tokens.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace norma::models {

// xorshift64* (Vigna 2016, "An experimental exploration of Marsaglia's xorshift generators,
// scrambled"), shifts 12, 25, 27; the upper half of each product. REQUIRES: seed not 0, where the
// generator would stay.
class XorshiftStar {
 public:
  explicit XorshiftStar(uint64_t seed) : state_(seed) {}

  uint32_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<uint32_t>((state_ * 0x2545F4914F6CDD1Dull) >> 32);
  }
  // Uniform in [0, 1), a multiple of 2^-24.
  float next_float() { return static_cast<float>(next() >> 8) * 0x1p-24f; }

 private:
  uint64_t state_;
};

// temperature 0, or one so small that the highest quotient is not finite: the token with the
// highest logit, the first of equals, and no number is drawn.
// Else p = softmax(logits / temperature) and one number u of `random`. top_p outside (0, 1): the
// first token at which the running sum of p exceeds u. Else only tokens with p of at least
// (1 - top_p) / (V - 1) count (no other can be needed to reach top_p), by falling p, equal ones in
// the order of the tokens, up to the first at which their sum exceeds top_p; of these the first at
// which the running sum exceeds u times that sum. Throws NotFinite as sample_token() does.
// REQUIRES: logits not empty, temperature >= 0.
int32_t sample_token_llama2c(std::span<const float> logits, float temperature, float top_p,
                             XorshiftStar& random);

}  // namespace norma::models

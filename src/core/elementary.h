// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The constants of the elementary functions (docs/numerics.md), one set for the specification and
// the kernels. Polynomials are minimax fits, lowest power first.
#pragma once

namespace norma::elementary {

// Adding it leaves the nearest whole number in the lowest bits; 4 |n| < 2^23.
inline constexpr float kRound = 0x1.8p23f;
inline constexpr float kLog2e = 0x1.715476p0f;
// ln 2 in two parts: a number of at most 8 bits times the first is exact.
inline constexpr float kLn2High = 0x1.63p-1f;
inline constexpr float kLn2Low = -0x1.bd0106p-13f;
// (exp(g) - 1 - g) / g^2, |g| <= 0.347, to 0.06 * 2^-24 of exp(g).
inline constexpr float kExp[] = {0x1p-1f, 0x1.55548ep-3f, 0x1.555458p-5f, 0x1.123c18p-7f,
                                 0x1.6db9e6p-10f};

// (tanh(a) / a - 1) / a^2 by powers of a^2, a < kTanhSmall, to 0.03 * 2^-24 of tanh(a).
inline constexpr float kTanhSmall = 0.75f;
inline constexpr float kTanh[] = {-0x1.55554ap-2f, 0x1.110ddap-3f,  -0x1.b98196p-5f,
                                  0x1.5f976ep-6f,  -0x1.f69c72p-8f, 0x1.c937ccp-10f};
// From here on exp(-2a) is below half of the least subnormal.
inline constexpr float kTanhMost = 52.5f;
inline constexpr float kSigmoidMost = 105;  // exp(-a) likewise

// erf(a) / a - 1 by powers of a^2, a < kErfSmall, to 0.01 * 2^-24 of erf(a).
inline constexpr float kErfSmall = 0.9375f;
inline constexpr float kErf[] = {0x1.06eba8p-3f, -0x1.812742p-2f,  0x1.ce2df4p-4f, -0x1.b80cb4p-6f,
                                 0x1.54b5e4p-8f, -0x1.a99ef6p-11f, 0x1.5ac33p-14f};
// erfc(a) exp(a^2) by powers of a, kErfSmall <= a <= 4, to 0.07 * 2^-24 of erf(a).
inline constexpr float kErfc[] = {0x1.fcb73ap-1f,  -0x1.16262p0f,   0x1.c1181p-1f,
                                  -0x1.1296b6p-1f, 0x1.f2b15cp-3f,  -0x1.42a2d8p-4f,
                                  0x1.16b6f2p-6f,  -0x1.1e396cp-9f, 0x1.06eaa8p-13f};
// From here on exp(-a^2) is below half of the least subnormal.
inline constexpr float kErfMost = 10.5f;
inline constexpr float kTwoOverRootPi = 0x1.20dd76p0f;

}  // namespace norma::elementary

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Hashes that are the same on every machine and for ever: splits and seeds depend on them. Not for
// secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace norma {

// FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923).
constexpr uint64_t fnv1a_64(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014, constants of Stafford's variant 13): a
// bijection in which every input bit moves every output bit. Put after fnv1a_64, whose low bits
// depend on few bits of the last byte.
constexpr uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace norma

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SeeDNorm, the scalar specification: docs/seed-norm.md as the text says it, for every type, slow
// and obvious. Every other implementation must have its bits.
#pragma once

#include <cstddef>

#include "core/seed_norm.h"

namespace norma::ref {

// REQUIRES, of both: arguments that the plan's checks accept.
void seed_norm_forward(const SeedNormForward& args);
// scratch: of seed_norm_scratch(args) bytes, aligned to 8.
void seed_norm_backward(const SeedNormBackward& args, void* scratch);
size_t seed_norm_scratch(const SeedNormBackward& args);

}  // namespace norma::ref

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SeeDNorm, measured against the bounds of docs/seed-norm.md.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "bench/accuracy/elements.h"

namespace norma::accuracy {

Status measure_seed_norm(ElementEntry* entry, int64_t rows);

}  // namespace norma::accuracy

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A glance that lets the commonest calls past the rules of checks.h: they take longer than the norm
// of a short row.
#pragma once

#include "core/norm_spec.h"

namespace norma {

// Whether a call is so plain that it keeps every rule of check_forward: no residual, one dtype,
// rows forward in memory. Enough, not needed: a call that is not plain is for the rules to judge.
bool is_plain(const NormSpec& spec, const NormForward& args);

}  // namespace norma

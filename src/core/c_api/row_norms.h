// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The structs of the row norms as the core takes them, for the functions that have one within.
#pragma once

#include "base/status.h"
#include "core/norm_spec.h"
#include "norma/norma.h"

namespace norma {

// kind: one of NormKind's.
Status read(NormKind kind, const norma_row_norm_forward_args* given, NormSpec* spec,
            NormForward* args);
Status read(NormKind kind, const norma_row_norm_backward_args* given, NormSpec* spec,
            NormBackward* args);

}  // namespace norma

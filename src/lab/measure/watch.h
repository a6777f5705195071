// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How far runs of other processes are, from what they have written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/train/train.h"

namespace norma::lab {

// What the last whole train line of FOLDER/metrics.jsonl says of a run of `steps` steps; nothing
// where there is none.
std::optional<Progress> last_progress(const std::string& folder, int64_t steps);

// Of training: what `running` and `waiting` more need, `side_by_side` at a time, where one takes
// `a_run` seconds; 0: not known, as long as `running`. 0 where that is not known either.
double seconds_left(const std::vector<Progress>& running, int64_t waiting, int64_t side_by_side,
                    double a_run);

}  // namespace norma::lab

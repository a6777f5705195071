// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// From a run folder (docs/run-folder.md) to one self-contained HTML page. The page is a pure
// function of the folder: the same files give the same bytes, and training is not needed again.
#pragma once

#include <string>

#include "base/status.h"

namespace norma::lab::report {

// Writes <run_folder>/report.html atomically. The folder holds one training run or a comparison.
// Errors: a file that is missing, truncated or not in the format; the message names it and the
// rule.
Status write_report(const std::string& run_folder);

// The verdict in one line of plain text, UTF-8: which norm, where, by how much, at which learning
// rates, over how many seeds. A single training run compares nothing: its line says where it ended.
Result<std::string> verdict_line(const std::string& run_folder);

// Where the highest BLEU is too low to be a translation, the sentence that says so; else empty.
Result<std::string> untranslated_line(const std::string& run_folder);

}  // namespace norma::lab::report

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/report.h"

#include "base/atomic_file.h"
#include "lab/report/contrasts.h"
#include "lab/report/html.h"
#include "lab/report/read_run.h"
#include "lab/report/verdict.h"

namespace norma::lab::report {

Status write_report(const std::string& run_folder) {
  const Result<RunFolder> folder = read_run_folder(run_folder);
  if (!folder.ok()) return folder.status();
  return write_file_atomically(run_folder + "/report.html", {make_page(folder.value())});
}

Result<std::string> verdict_line(const std::string& run_folder) {
  const Result<RunFolder> folder = read_run_folder(run_folder);
  if (!folder.ok()) return folder.status();
  return make_verdict(folder.value(), make_grid(folder.value().runs)).line();
}

Result<std::string> untranslated_line(const std::string& run_folder) {
  const Result<RunFolder> folder = read_run_folder(run_folder);
  if (!folder.ok()) return folder.status();
  return untranslated_words(folder.value(), make_grid(folder.value().runs));
}

}  // namespace norma::lab::report

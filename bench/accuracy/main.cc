// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// norma_accuracy [--quick]: prints the tables of docs/accuracy.md; exits 1 and names the cases
// where a bound of the contract norma-1 is broken.
#include <cstdio>
#include <cstring>
#include <string>

#include "bench/accuracy/elements.h"
#include "bench/accuracy/survey.h"
#include "bench/accuracy/tables.h"

int main(int argc, char** argv) {
  using namespace norma::accuracy;
  const bool quick = argc == 2 && std::strcmp(argv[1], "--quick") == 0;
  if (argc > 1 && !quick) {
    std::fprintf(stderr, "usage: norma_accuracy [--quick]   (a minute or two; a second)\n");
    return 2;
  }
  const auto entries = survey(quick ? kQuick : kWhole);
  const auto elements = survey_elements(quick ? 8 : 512);
  if (!entries.ok() || !elements.ok()) {
    const norma::Status& status = entries.ok() ? elements.status() : entries.status();
    std::fprintf(stderr, "norma_accuracy: %s\n", status.message().c_str());
    return 1;
  }
  std::fputs(tables(entries.value()).c_str(), stdout);
  std::fputs(tables(elements.value()).c_str(), stdout);
  const std::string broken =
      broken_promises(entries.value()) + broken_promises(elements.value());
  if (broken.empty()) return 0;
  std::fprintf(stderr, "norma_accuracy: above the bound of the contract:\n%s", broken.c_str());
  return 1;
}

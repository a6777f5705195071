// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The data sets that the lab knows by name, and how a name or a path on the command line becomes a
// file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace norma::lab {

enum class DataKind { kPairs, kText, kImages };

// What models of the family learn from.
DataKind kind_of_family(const std::string& family);
// "sentence pairs", "running text", "pictures"
const char* name_of(DataKind kind);

struct DataSet {
  std::string name;         // "en-de"
  DataKind kind = DataKind::kPairs;
  std::string file;         // below the data root: "en-de/en-de.tsv"; of pictures the folder
  std::string description;  // one line
  std::string source;       // where it comes from
  std::string licence;
  std::string how_to_get;   // a command
};

const std::vector<DataSet>& known_data_sets();

struct DataSetState {
  std::string path;  // root joined with file
  bool present = false;
  int64_t bytes = 0;
  int64_t lines = 0;  // pairs, lines of text, or pictures
};

// Reads the file once to count. Absent is a state, not an error; pictures that cannot be read are
// absent.
DataSetState inspect_data_set(const DataSet& set, const std::string& root);

// A known name gives its file below `root`; anything else is a path. kNotFound names the remedy:
// the command that fetches a known set, or, for neither a name nor a file, the known names and the
// nearest of them.
Result<std::string> resolve_data(const std::string& name_or_path, const std::string& root);

}  // namespace norma::lab

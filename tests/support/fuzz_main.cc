// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A fuzzing program without libFuzzer: fuzz_main FOLDER writes its seeds there and runs each, whole
// and cut at every sixteenth of its length. Each whole seed must be one that a reader takes.

#include "tests/support/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  using norma::test::must;
  must(argc == 2, "one argument, a folder for the seeds");
  const std::string folder = argv[1];
  std::filesystem::remove_all(folder);
  std::string flag = "--seeds=" + folder;
  char* words[] = {argv[0], flag.data(), nullptr};
  char** list = words;
  int count = 2;
  LLVMFuzzerInitialize(&count, &list);
  int seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const int before = norma::test::accepted;
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    must(norma::test::accepted == before + 1, entry.path().c_str());
    ++seeds;
    for (size_t part = 0; part < 16; ++part) {
      const std::string cut = bytes.substr(0, bytes.size() * part / 16);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(cut.data()), cut.size());
    }
  }
  must(seeds > 5, "seeds");
  std::printf("%d seeds\n", seeds);
  return 0;
}

// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The program's env.json against the page that says what it holds.

#include "tests/cli/program.h"

namespace norma::test {
namespace {

using nlohmann::json;

Words keys_of(const json& object) {
  Words keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

class Environment : public Program {};

TEST_F(Environment, HasTheNamesOfItsPage) {
  const std::string page = read_text(std::string(NORMA_SOURCE_DIR) + "/docs/run-folder.md");
  const size_t begin = page.find('{', page.find("`env.json` is flat"));
  const json described = json::parse(page.substr(begin, page.find('}', begin) + 1 - begin));
  expect_done(train("run"));
  const json written = json::parse(read_text(path("run/env.json")));
  EXPECT_EQ(keys_of(written), keys_of(described));
  for (const auto& [key, value] : described.items()) {
    EXPECT_STREQ(written[key].type_name(), value.type_name()) << key;
  }
  EXPECT_EQ(written["command"].get<std::string>().substr(0, std::string(NORMA_PROGRAM).size()),
            NORMA_PROGRAM);
}

}  // namespace
}  // namespace norma::test

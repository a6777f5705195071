// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// `norma placements` and `norma norms`, and that what they list can be trained and reported.
#include "tests/cli/program.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class List : public Program {
 protected:
  // Lines that begin in the first column, after the head's paragraph.
  static Words names_in(const std::string& listing) {
    Words names;
    std::istringstream lines(listing.substr(listing.find("\n\n")));
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line[0] != ' ') names.push_back(line);
    }
    return names;
  }
};

TEST_F(List, PlacementsWithTheirDrawings) {
  const ProcessEnd all = norma({"placements"});
  expect_done(all);
  EXPECT_EQ(names_in(all.out).size(), 28u);
  EXPECT_THAT(all.out, HasSubstr("\npre\n"
                                 "    x ─┬─ N ─ f ─ + ─ x\n"
                                 "       └──────────┘\n"
                                 "  block      x = x + f(N(x))\n"
                                 "  at the end N(x)\n"
                                 "  norms      a block: 2\n"));
  const ProcessEnd one = norma({"placements", "post"});
  expect_done(one);
  EXPECT_THAT(one.out, StartsWith("post\n"));
  EXPECT_THAT(one.out, HasSubstr("at the end no norm"));
  EXPECT_THAT(one.out, Not(HasSubstr("\npre\n")));
  expect_error(norma({"placements", "perri"}), 2,
               {"unknown placement \"perri\"", "did you mean \"peri\""});
  expect_error(norma({"placements", "Sandwich"}), 2,
               {"unknown placement \"Sandwich\"; here it is \"peri\"."});
  expect_error(train("run", {"--placement", "Post-LN"}), 2, {"here it is \"post\"."});
}

TEST_F(List, NormsWithTheirFormulas) {
  const ProcessEnd all = norma({"norms"});
  expect_done(all);
  EXPECT_THAT(names_in(all.out),
              ::testing::ElementsAre("layernorm", "rmsnorm", "prmsnorm", "scalenorm", "crmsnorm",
                                     "seednorm", "dyt", "derf", "batchnorm", "torch_layernorm"));
  const ProcessEnd one = norma({"norms", "rmsnorm"});
  expect_done(one);
  EXPECT_THAT(one.out, StartsWith("rmsnorm\n"
                                  "    x ─┬─────────────────── ÷ ─ ·g ─ y\n"
                                  "       └─ ^2 ─ M ─ +eps ─ √ ┘\n"
                                  "  formula    x / sqrt(M(x^2) + eps) * g\n"));
  EXPECT_THAT(one.out, HasSubstr("\n  cost       1 sum; 4 operations\n"));
  expect_error(norma({"norms", "rmsnorn"}), 2, {"did you mean \"rmsnorm\""});
}

// Each name with the page of docs/ that explains it.
TEST_F(List, TheDocumentationHasEachPlacement) {
  const std::string page = read_text(std::string(NORMA_SOURCE_DIR) + "/docs/placements.md");
  for (const std::string& name : names_in(norma({"placements"}).out)) {
    EXPECT_THAT(page, HasSubstr("| `" + name + "` |"));
  }
}

TEST_F(List, EachPlacementTrainsResumesAndHasADrawingInTheReport) {
  for (const std::string& name : names_in(norma({"placements"}).out)) {
    SCOPED_TRACE(name);
    if (name == "gates" || name == "per_gate" || name == "cell") continue;  // recurrent
    const Words layers = {"--encoder-layers", "4", "--decoder-layers", "4", "--steps", "2"};
    expect_done(train(name, Words{"--placement", name, "--norm", "rmsnorm"} + layers));
    expect_done(norma({"report", name}));
    EXPECT_THAT(read_text(path(name + "/report.html")), HasSubstr("<svg class=\"block\""));
  }
}

TEST_F(List, RecurrentNetsTrainResumeGenerateAndReport) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i % 7) + " of a small text\n";
  folder_.write("text.txt", text);
  for (const auto& [family, placement] : std::vector<std::pair<std::string, std::string>>{
           {"rnn", "none"}, {"rnn", "gates"}, {"gru", "gates"}, {"lstm", "none"},
           {"lstm", "gates"}, {"lstm", "per_gate"}, {"lstm", "cell"}}) {
    SCOPED_TRACE(family + " " + placement);
    const std::string run = family + "-" + placement;
    expect_done(norma({"train", "--data", "text.txt", "--tokenizer", "characters", "--window", "16",
                       "--family", family, "--placement", placement, "--norm", "rmsnorm",
                       "--d-model", "12", "--decoder-layers", "2", "--steps", "6", "--batch-size",
                       "4", "--valid-every", "3", "--checkpoint-every", "3", "--out", run}));
    const ProcessEnd said =
        norma({"generate", run, "--quiet", "--prompt", "line ", "--steps", "30"});
    expect_done(said);
    EXPECT_THAT(said.out, StartsWith("line "));
    expect_done(norma({"report", run}));
    EXPECT_THAT(read_text(path(run + "/report.html")), HasSubstr("<svg class=\"block\""));
  }
  expect_error(norma({"train", "--data", "text.txt", "--family", "gru", "--placement", "cell",
                      "--out", "refused"}),
               2, {"placement must be none or gates in the family \"gru\""});
  expect_error(norma({"train", "--data", "text.txt", "--family", "gpt", "--placement", "gates",
                      "--out", "refused"}),
               2, {"placement \"gates\" stands inside a recurrent cell"});
}

TEST_F(List, EachNormTrains) {
  for (const std::string& name : names_in(norma({"norms"}).out)) {
    SCOPED_TRACE(name);
    if (name == "batchnorm") {  // it has no place in a decoder; tests/lab/train trains the others
      expect_error(train(name, {"--norm", name}), 2, {"told of the positions"});
      continue;
    }
    expect_done(train(name, {"--norm", name, "--steps", "2"}));
  }
  expect_done(train("qk", {"--qk-norm", "full", "--steps", "2"}));
}

TEST_F(List, ACombinationWithoutMeaningIsRefusedWithTheReason) {
  expect_error(train("run", {"--placement", "mix"}), 2, {"needs at least 4 blocks in each stack"});
  expect_error(train("run", {"--placement", "hybrid", "--qk-norm", "head"}), 2,
               {"normalises queries and keys itself"});
  expect_error(train("run", {"--norm", "none"}), 2,
               {"a model without norms has placement \"none\""});
  const ProcessEnd unused = train("run", {"--placement", "rezero", "--norm", "rmsnorm"});
  expect_done(unused);
  EXPECT_THAT(unused.out, HasSubstr("; placement rezero applies no norm, rmsnorm is not used\n"));
}

}  // namespace
}  // namespace norma::test

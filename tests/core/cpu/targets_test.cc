// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Which target runs, and how NORMA_TARGET chooses it: read once a process, so that each choice is
// tried in a process of its own.
#include "core/cpu/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"
#include "tests/support/process.h"

namespace norma::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

int lanes_of(const std::string& name) {
  return name.starts_with("avx512") ? 16 : name == "avx2" ? 8 : 4;
}

NormCase small_case() {
  NormCase c({NormKind::kLayerNorm, 1e-5}, 3, 100);
  c.x.assign(normal_values(300, 1));
  c.dy.assign(normal_values(300, 2));
  return c;
}

// The result of a small call by the kernels of the process, and who they are: what the child says.
std::string answer() {
  NormCase c = small_case();
  const Status status = c.run(serial_executor());
  const cpu::Kernels* kernels = cpu::active_kernels();
  std::ostringstream text;
  text << '<' << cpu_target() << ' ' << (kernels == nullptr ? 0 : kernels->lanes) << " | "
       << status.message() << " | " << explain_forward(c.spec, c.forward_args()) << " |";
  for (const float v : c.y.dense()) text << ' ' << std::hexfloat << v;
  text << '>';
  return text.str();
}

std::string answer_with(const std::string& target) {
  Process child;
  child.command = {"/proc/self/exe", "--gtest_filter=TargetsChild.Answers"};
  child.environment = {{"NORMA_TARGET", target}};
  const ProcessEnd end = run_process(child);
  EXPECT_EQ(end.exit_code, 0) << end.out;
  const size_t begin = end.out.find('<'), last = end.out.rfind('>');
  if (begin == std::string::npos || last == std::string::npos) return "no answer: " + end.out;
  return end.out.substr(begin, last + 1 - begin);
}

// The child of the tests below; on its own it checks what it was started with.
TEST(TargetsChild, Answers) {
  std::printf("%s\n", answer().c_str());
  const char* wanted = std::getenv("NORMA_TARGET");
  if (wanted != nullptr && *wanted != '\0' && cpu::active_kernels() != nullptr &&
      cpu::target_status().ok()) {
    EXPECT_EQ(std::string(cpu::active_kernels()->name), wanted);
  }
}

TEST(Targets, TheEnvironmentForcesEachThatThisMachineHas) {
  const std::vector<std::string> names = cpu::available_targets();
  ASSERT_FALSE(names.empty());
  std::vector<std::string> results;
  for (const std::string& name : names) {
    const std::string got = answer_with(name);
    std::printf("ran on %s, %d lanes\n", name.c_str(), lanes_of(name));
    EXPECT_THAT(got, StartsWith("<" + name + " " + std::to_string(lanes_of(name)) + " |  | " +
                                "layer_norm forward f32 [3, 100]: cpu:" + name + "\n"));
    results.push_back(got.substr(got.rfind('|')));
    EXPECT_GT(std::count(results.back().begin(), results.back().end(), ' '), 299) << "no values";
    EXPECT_EQ(results.back(), results.front()) << name << " has other bits than " << names[0];
  }
}

TEST(Targets, EmptyIsTheBest) {
  EXPECT_THAT(answer_with(""), StartsWith("<" + cpu::available_targets()[0] + " "));
}

TEST(Targets, AnUnknownNameIsRefusedAndTheKnownOnesTold) {
  std::string known;
  for (const std::string& each : cpu::available_targets()) {
    known += (known.empty() ? "" : ", ") + each;
  }
  for (const std::string name : {"avx", "AVX2", "sse4 ", "avx512,avx2"}) {
    const std::string got = answer_with(name);
    EXPECT_THAT(got, StartsWith("<none 0 | NORMA_TARGET=" + name +
                                " is not a SIMD target that Norma knows; use one of " + known +
                                ", or leave it out. | "));
    EXPECT_THAT(got, HasSubstr("refused: NORMA_TARGET=" + name + " is not"));
  }
}

TEST(Targets, OneThatThisMachineLacksIsRefusedAndNotReplaced) {
  const std::vector<std::string> here = cpu::available_targets();
  int lacking = 0;
  for (const std::string name : {"avx512_bf16", "avx512", "avx2", "sse4", "neon"}) {
    if (std::find(here.begin(), here.end(), name) != here.end()) continue;
    ++lacking;
    EXPECT_THAT(answer_with(name),
                StartsWith("<none 0 | NORMA_TARGET=" + name +
                           ": this machine has no such SIMD target; use one of " + here[0]));
  }
  EXPECT_GT(lacking, 0) << "no processor has both AVX2 and NEON";
}

TEST(Targets, BestFirst) {
  const std::vector<std::string> order{"avx512_bf16", "avx512", "avx2", "sse4", "neon"};
  size_t at = 0;
  for (const std::string& name : cpu::available_targets()) {
    const auto found = std::find(order.begin() + static_cast<int64_t>(at), order.end(), name);
    ASSERT_NE(found, order.end()) << name << " is unknown, or out of order";
    at = static_cast<size_t>(found - order.begin()) + 1;
  }
}

TEST(Targets, ForcedInTheProcess) {
  const cpu::Kernels* before = cpu::active_kernels();
  const Status bad = cpu::force_target("mmx");
  EXPECT_EQ(bad.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(bad.message(),
              StartsWith("target mmx is not a SIMD target that Norma knows; use one of "));
  EXPECT_THAT(bad.message(), EndsWith(", or leave it out."));
  EXPECT_EQ(cpu::active_kernels(), before) << "a refusal changes nothing";
  for (const std::string& name : cpu::available_targets()) {
    ASSERT_TRUE(cpu::force_target(name).ok());
    EXPECT_EQ(cpu::active_kernels()->name, name);
    EXPECT_EQ(cpu::active_kernels()->lanes, lanes_of(name));
    NormCase c = small_case();
    EXPECT_THAT(explain_forward(c.spec, c.forward_args()), HasSubstr(": cpu:" + name + "\n"));
  }
  if (before != nullptr) {
    EXPECT_TRUE(cpu::force_target(before->name).ok());
  }
}

}  // namespace
}  // namespace norma::test

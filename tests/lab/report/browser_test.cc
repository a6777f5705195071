// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: lab/report/html.cc, lab/report/page.js, lab/report/page.css
// The page as a browser sees it: Debian's chromium without a window. What it draws stays in the
// build folder, to be looked at. A browser that cannot start is a failure, not a reason to skip:
// scripts/setup.sh installs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/atomic_file.h"
#include "lab/report/report.h"
#include "tests/lab/report/page_check.h"
#include "tests/lab/report/synthetic_run.h"

namespace norma::lab::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

std::string shell_word(const std::string& text) { return "'" + text + "'"; }

std::string content_of(const std::string& path) {
  const Result<std::string> file = read_file(path);
  return file.ok() ? file.value() : "";
}

class Browser : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* chosen = std::getenv("NORMA_CHROMIUM");
    for (const std::string& name :
         {std::string(chosen ? chosen : "chromium"), std::string("chromium-browser")}) {
      if (std::system(("command -v " + shell_word(name) + " >/dev/null").c_str()) == 0)
        program_ = name;
      if (!program_.empty()) break;
    }
    ASSERT_FALSE(program_.empty())
        << "chromium is not installed: run scripts/setup.sh, or name one in NORMA_CHROMIUM.";
    // A folder a test, because tests run side by side.
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::string(NORMA_REPORT_PICTURES) + "/" + test->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  // Loads a page; what it wrote to the console is in console_, its document after scripts have run
  // is returned.
  std::string load(const std::string& page, const std::string& options) {
    TemporaryFolder profile;
    const std::string out = profile.path() + "/out", log = profile.path() + "/log";
    const std::string command =
        "timeout 120 " + shell_word(program_) +
        " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars "
        "--no-first-run"
        " --virtual-time-budget=4000 --enable-logging=stderr --v=0 --user-data-dir=" +
        shell_word(profile.path()) + " " + options + " " + shell_word("file://" + page) + " >" +
        shell_word(out) + " 2>" + shell_word(log);
    const int status = std::system(command.c_str());
    const std::string words = content_of(log);
    EXPECT_EQ(status, 0) << program_ << " did not start or end: " << words;
    console_.clear();
    for (size_t at = words.find("CONSOLE"); at != std::string::npos;
         at = words.find("CONSOLE", at + 1)) {
      console_ += words.substr(at, words.find('\n', at) - at) + "\n";
    }
    return content_of(out);
  }

  // A picture of the page in the build folder; the page must not be blank.
  void photograph(const std::string& page, const std::string& name, const std::string& paper,
                  const std::string& options) {
    const std::string picture = folder_ + "/" + name + ".png";
    load(page, options + " --screenshot=" + shell_word(picture));
    const std::string check = std::string(NORMA_PYTHON) + " -B " +
                              shell_word(NORMA_SOURCE_DIR "/tests/lab/report/picture.py") + " " +
                              shell_word(picture) + " " + paper;
    EXPECT_EQ(std::system(check.c_str()), 0) << picture;
  }

  std::string demo_page() {
    write_folder(demo_folder(), folder_ + "/demo");
    const Status status = write_report(folder_ + "/demo");
    EXPECT_TRUE(status.ok()) << status.message();
    return folder_ + "/demo/report.html";
  }

  std::string program_, console_, folder_;
};

size_t occurrences(const std::string& text, const std::string& word) {
  size_t n = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + word.size()))
    ++n;
  return n;
}

TEST_F(Browser, ShowsACurveForEachRunAndARowForEachConfiguration) {
  const std::string document = load(demo_page(), "--dump-dom");
  EXPECT_EQ(console_, "");
  EXPECT_EQ(occurrences(document, " data-run=\""), demo_folder().runs.size());
  EXPECT_EQ(occurrences(document, "<tr data-config=\""), 16u);
  EXPECT_THAT(document, HasSubstr("Choose pre RMSNorm"));
}

TEST_F(Browser, AnErrorOfAScriptWouldBeSeen) {
  TemporaryFolder folder;
  write_text(folder.path() + "/broken.html",
             "<!doctype html><title>x</title><script>nothing.here()</script>");
  load(folder.path() + "/broken.html", "--dump-dom");
  EXPECT_THAT(console_, HasSubstr("nothing is not defined"));
}

// A visitor: sorts by learning rate twice, chooses training curves, rests on a chart and on a row,
// and leaves what it saw in the document.
constexpr const char* kVisitor = R"(<script>
  const rows = () => Array.from(document.querySelectorAll("table.main tbody tr"));
  const rates = () => rows().map((r) => r.children[1].textContent).join();
  const note = (key, value) => document.body.setAttribute("data-saw-" + key, value);
  const hidden = (s) => getComputedStyle(document.querySelector(s)).display === "none";
  note("first", rows()[0].dataset.config);
  const buttons = Array.from(document.querySelectorAll("table.main button"));
  const lr = buttons.find((b) => b.textContent === "lr");
  lr.click();
  note("up", rates());
  lr.click();
  note("down", rates());
  note("aria", lr.closest("th").getAttribute("aria-sort"));
  document.getElementById("show-train").click();
  note("kinds", [hidden(".curve .valid"), hidden(".curve .train")].join());
  const chart = document.querySelector("svg.chart"), box = chart.getBoundingClientRect();
  const at = { clientX: box.left + box.width * 0.66, clientY: box.top + 40 };
  chart.dispatchEvent(new PointerEvent("pointermove", at));
  note("readout", document.getElementById("readout").textContent);
  rows()[0].dispatchEvent(new PointerEvent("pointerenter"));
  note("lit", document.querySelectorAll(".curve.on").length);
</script></body>)";

TEST_F(Browser, SortsAndReadsOut) {
  const std::string page = demo_page();
  std::string html = content_of(page);
  html.replace(html.rfind("</body>"), 7, kVisitor);
  const std::string visited = fs::path(page).parent_path().string() + "/visited.html";
  write_text(visited, html);
  const std::string document = load(visited, "--dump-dom");
  EXPECT_EQ(console_, "");
  const auto saw = [&](const std::string& key) -> std::string {
    const std::string start = " data-saw-" + key + "=\"";
    const size_t at = document.find(start);
    if (at == std::string::npos) return "nothing";
    const size_t begin = at + start.size();
    return document.substr(begin, document.find('"', begin) - begin);
  };
  EXPECT_EQ(saw("first"), "c11");  // pre RMSNorm, lr 0.003, with warm-up
  // Six configurations at the lower rate, ten at the higher one.
  const auto rates = [](const std::string& first, int m, const std::string& second, int n) {
    std::string text;
    for (int i = 0; i < m + n; ++i) text += (i == 0 ? "" : ",") + (i < m ? first : second);
    return text;
  };
  EXPECT_EQ(saw("up"), rates("0.001", 6, "0.003", 10));
  EXPECT_EQ(saw("down"), rates("0.003", 10, "0.001", 6));
  EXPECT_EQ(saw("aria"), "descending");
  EXPECT_EQ(saw("kinds"), "true,false");
  EXPECT_THAT(saw("readout"), HasSubstr("step 300"));
  EXPECT_THAT(saw("readout"), HasSubstr("pre RMSNorm"));
  EXPECT_EQ(saw("lit"), "3");
}

TEST_F(Browser, DrawsInLightAndDarkWideAndNarrow) {
  const std::string page = demo_page();
  photograph(page, "light", "light", "--window-size=1280,1000");
  photograph(page, "dark", "dark",
             "--window-size=1280,1000 --blink-settings=preferredColorScheme=0");
  photograph(page, "narrow", "light", "--window-size=500,2400");
}

}  // namespace
}  // namespace norma::lab::report

# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""A rule that finds nothing proves nothing: each violation in a small tree must be caught."""
import tempfile
import unittest
from pathlib import Path

from tidy import Tidy

HEAD = "// Copyright (c) 2026 The Norma authors\n// SPDX-License-Identifier: MIT\n"
PAGE = """# Architecture

## The house

| folder | what lives there | may include |
| --- | --- | --- |
| `include/norma` | promises | std |
| `src/base` | small things | std |
| `src/core` | words | base |
| `src/core/cpu` | kernels | base, core, Highway |
| `src/models` | models | base, LibTorch |

## Where to find what

See [the words](src/core/word.h#top) and [a site](https://example.org/).
"""
CLEAN = {
    "ARCHITECTURE.md": PAGE,
    "include/norma/norma.h": HEAD + "#include <stdint.h>\n",
    "src/base/status.h": HEAD + "#include <string>\n",
    "src/core/word.h": HEAD + '#include "base/status.h"\n',
    "src/core/cpu/kernel.cc": HEAD + '#include "core/word.h"\n#include "hwy/highway.h"\n',
    "src/models/model.cc": HEAD + '#include <torch/torch.h>\n\n#include "base/status.h"\n',
    "tests/support/data.h": HEAD + "#include <filesystem>\n",
    "tests/core/cpu/kernel_test.cc":
        HEAD + '#include <gtest/gtest.h>\n#include "base/status.h"\n#include "core/word.h"\n'
        '#include "tests/support/data.h"\n',
    "tests/core/all_test.cc": HEAD + "\n// Everything.\n// Spans: core/cpu, core.\n",
    "docs/page.md": "# What?\n\n```\n# a comment in a shell\n```\n\n[up](../ARCHITECTURE.md)\n",
}


class TidyTest(unittest.TestCase):
    def findings(self, changes):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (CLEAN | changes).items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            tidy = Tidy(folder)
            return tidy.run(), tidy.warnings

    def expect(self, start, changes):
        """Exactly one finding, and it begins with `start`."""
        findings, _ = self.findings(changes)
        self.assertEqual(len(findings), 1, findings)
        self.assertTrue(findings[0].startswith(start), findings[0])

    def test_clean_tree(self):
        self.assertEqual(self.findings({}), ([], []))

    def test_upward_include(self):
        self.expect("src/base/status.h:3: layers: core/word.h (src/core)",
                    {"src/base/status.h": HEAD + '#include "core/word.h"\n'})
        self.expect("src/core/word.h:3: layers: core/cpu/kernel.h",
                    {"src/core/word.h": HEAD + '#include "core/cpu/kernel.h"\n'})
        self.expect("include/norma/norma.h:3: layers:",
                    {"include/norma/norma.h": HEAD + '#include "base/status.h"\n'})

    def test_library_out_of_its_room(self):
        self.expect("src/core/word.h:3: layers: torch/torch.h (LibTorch)",
                    {"src/core/word.h": HEAD + "#include <torch/torch.h>\n"})
        self.expect("src/base/status.h:3: include: <zlib/zlib.h>",
                    {"src/base/status.h": HEAD + "#include <zlib/zlib.h>\n"})

    def test_test_of_a_low_room_includes_a_high_one(self):
        self.expect("tests/core/cpu/kernel_test.cc:3: layers: models/model.h",
                    {"tests/core/cpu/kernel_test.cc": HEAD + '#include "models/model.h"\n'})

    def test_include_beside_the_root(self):
        self.expect('src/core/word.h:3: include: "neighbour.h"',
                    {"src/core/word.h": HEAD + '#include "neighbour.h"\n'})

    def test_room_outside_the_table(self):
        self.expect("src/attic/box.cc:0: layers: lies in no room", {"src/attic/box.cc": HEAD})

    def test_table(self):
        findings, _ = self.findings({"ARCHITECTURE.md": "# Architecture\n"})
        self.assertEqual(len(findings), 1, findings)
        self.assertIn("table of rooms", findings[0])
        self.expect("ARCHITECTURE.md:0: layers: src/models may include cellar",
                    {"ARCHITECTURE.md": PAGE.replace("base, LibTorch", "base, LibTorch, cellar")})

    def test_columns(self):
        exact = HEAD + "// " + 97 * "x"
        self.assertEqual(self.findings({"src/base/status.h": exact})[0], [])
        self.expect("src/base/status.h:3: columns: 101", {"src/base/status.h": exact + "x"})

    def test_length(self):
        long_file = HEAD + 400 * "\n"
        findings, warnings = self.findings({"src/base/status.h": long_file})
        self.assertEqual((len(findings), len(warnings)), (0, 1))
        self.expect("src/base/status.h:0: length: 602", {"src/base/status.h": HEAD + 600 * "\n"})

    def test_licence(self):
        self.expect("src/base/status.h:1: licence:", {"src/base/status.h": "#pragma once\n"})
        self.expect("scripts/a.py:1: licence:", {"scripts/a.py": "#!/usr/bin/env python3\n"})
        head = HEAD.replace("//", "#")
        self.assertEqual(self.findings({"scripts/a.py": "#!/usr/bin/env python3\n" + head})[0], [])

    def test_banned_words(self):
        for word in ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK", "Not imple" "mented"):
            self.expect("src/base/status.h:3: banned:",
                        {"src/base/status.h": f"{HEAD}// {word} this\n"})

    def test_machine_paths(self):
        for path in ("/ro" "ot/x", "/wo" "rk/x", "/ho" "me/me"):
            self.expect("docs/page.md:3: machine:", {"docs/page.md": f"# What?\n\nSee {path}.\n"})
        self.assertEqual(self.findings({"docs/page.md": "# What?\n\nteam/work, a/home/b\n"})[0], [])

    def test_folder_named_torch(self):
        self.expect("src/models/torch:0: folder:", {"src/models/torch/a.h": HEAD})

    def test_pages(self):
        self.expect("docs/page.md:3: link: gone.md#x",
                    {"docs/page.md": "# A\n\n[gone](gone.md#x)\n"})
        self.expect("docs/page.md:0: title:", {"docs/page.md": "# A\n\n# B\n"})
        self.expect("docs/page.md:0: title:", {"docs/page.md": "words\n"})

    def test_mirror(self):
        self.expect("tests/core/lost_test.cc:0: mirror: src/core/lost.*",
                    {"tests/core/lost_test.cc": HEAD})
        self.expect("tests/attic/box_test.cc:0: mirror: src/attic does not exist",
                    {"tests/attic/box_test.cc": HEAD})
        self.expect("tests/core/all_test.cc:0: mirror: spans core/gone",
                    {"tests/core/all_test.cc": HEAD + "// Spans: core/cpu, core/gone.\n"})


if __name__ == "__main__":
    unittest.main()

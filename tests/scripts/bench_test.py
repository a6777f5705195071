#!/usr/bin/env python3
# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Tests of scripts/bench.sh with a program that measures nothing."""

import gzip
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench.sh"
# Writes as many bytes as the file "size" says where --json asks for them, and a table.
NORMA = """#!/bin/sh
while [ "$1" != --json ]; do shift; done
head -c "$(cat size)" /dev/zero | tr '\\000' x >"$2"
echo "a table  "
"""


class BenchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name)
        (self.tree / "scripts").mkdir()
        shutil.copy(BENCH, self.tree / "scripts" / "bench.sh")
        program = self.tree / "build" / "release" / "bin" / "norma"
        program.parent.mkdir(parents=True)
        program.write_text(NORMA)
        program.chmod(0o755)

    def bench(self, size, *words):
        """The page that was made, and what else is in its folder, by the ends of the names."""
        (self.tree / "size").write_text(str(size))
        subprocess.run([self.tree / "scripts" / "bench.sh", *words], check=True,
                       stdout=subprocess.DEVNULL)
        (page,) = (self.tree / "bench" / "results").glob("*.md")
        others = {p.name.removeprefix(page.stem): p for p in page.parent.iterdir() if p != page}
        return page, others

    def test_a_small_result_is_kept_as_it_is(self):
        page, others = self.bench(1_000_000)
        self.assertEqual(list(others), [".jsonl"])
        text = page.read_text()
        self.assertIn(f"Made by `make bench`. All numbers: [{page.stem}.jsonl]({page.stem}.jsonl).",
                      text)
        self.assertIn("\n    a table\n", text)

    def test_a_large_result_is_compressed_and_the_page_links_to_that(self):
        page, others = self.bench(1_000_001, "cpu")
        self.assertTrue(page.stem.endswith("-cpu"))
        self.assertEqual(list(others), [".jsonl.gz"])
        bytes_kept = others[".jsonl.gz"].read_bytes()
        self.assertEqual(gzip.decompress(bytes_kept), b"x" * 1_000_001)
        self.assertEqual(bytes_kept[3:8], b"\0" * 5, "neither a name nor a time")
        self.assertIn(f"[{page.stem}.jsonl.gz]({page.stem}.jsonl.gz)", page.read_text())

    def test_a_second_run_of_a_day_leaves_nothing_of_the_first(self):
        self.bench(1_000_001)
        self.assertEqual(list(self.bench(1_000_002)[1]), [".jsonl.gz"])
        page, others = self.bench(10)
        self.assertEqual(list(others), [".jsonl"])
        self.assertNotIn(".gz", page.read_text())


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Tests of scripts/data/en_de_pairs.py on pages and catalogues made here."""

import contextlib
import io
import pathlib
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts" / "data"))
import en_de_pairs


def mo_file(entries, order="<"):
    """The bytes of a .mo file, by the manual of GNU gettext."""
    entries = [(k.encode(), v if isinstance(v, bytes) else v.encode()) for k, v in entries]
    start = 28 + 16 * len(entries)
    tables, strings = [], bytearray()
    for side in (0, 1):
        for entry in entries:
            tables.append(struct.pack(order + "II", len(entry[side]), start + len(strings)))
            strings += entry[side] + b"\0"
    header = struct.pack(
        order + "7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, start
    )
    return header + b"".join(tables) + strings


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class HelpPageTest(Folder):
    def paragraphs(self, body):
        return en_de_pairs.help_paragraphs(self.write("page.html", f"<body>{body}</body>"))

    def test_takes_paragraphs_and_headings_with_ids(self):
        found = self.paragraphs(
            '<h1 id="hd_id1"><a name="x"></a>Insert &amp; Edit</h1>'
            '<p id="par_id2">Choose <span class="emph">Insert - <b>Section</b></span>.</p>'
            "<p>no id</p><p id='bm_module'>other id</p>"
            '<p id="par_id3" class="code">Dim x</p><p id="par_id4"> </p>'
        )
        self.assertEqual(found, {"hd_id1": "Insert & Edit", "par_id2": "Choose Insert - Section."})

    def test_the_first_of_an_id_counts(self):
        self.assertEqual(
            self.paragraphs('<p id="par_1">one</p><p id="par_1">two</p>'), {"par_1": "one"}
        )

    def test_cells_and_breaks_separate_words(self):
        text = self.paragraphs('<p id="par_1">a<br>b<img src="x">c</p>')["par_1"]
        self.assertEqual(text.split(), ["a", "b", "c"])

    def test_a_switch_gives_its_last_wording(self):
        text = self.paragraphs(
            '<p id="par_1">Press <span class="switchinline"><span class="MAC">'
            '<span class="keycode">Command</span></span> <span id="default1">'
            '<span class="keycode">Ctrl</span></span>'
            "</span>+<span>F3</span> now</p>"
        )["par_1"]
        self.assertEqual(" ".join(text.split()), "Press Ctrl+F3 now")

    def test_an_unclosed_paragraph_ends_at_the_next_or_with_the_file(self):
        self.assertEqual(
            self.paragraphs('</span><p id="par_1">one<p id="par_2">two'),
            {"par_1": "one", "par_2": "two"},
        )

    def test_pairs_by_file_and_id(self):
        self.write("en/a/x.html", '<p id="par_1">one</p><p id="par_2">only English</p>')
        self.write("de/a/x.html", '<p id="par_3">nur deutsch</p><p id="par_1">eins</p>')
        self.write("en/y.html", '<p id="par_1">no such page</p>')
        pairs = list(en_de_pairs.help_pairs(self.root / "en", self.root / "de"))
        self.assertEqual(pairs, [("one", "eins")])


class CatalogueTest(Folder):
    ENTRIES = [
        ("", "Content-Type: text/plain; charset=UTF-8\n"),
        ("menu\x04_Open", "Ö_ffnen"),
        ("one file\0many files", "eine Datei\0viele Dateien"),
        ("plain", "einfach"),
    ]
    PAIRS = [
        ("_Open", "Ö_ffnen"),
        ("one file", "eine Datei"),
        ("many files", "viele Dateien"),
        ("plain", "einfach"),
    ]

    def read(self, content):
        return list(en_de_pairs.catalogue_pairs(self.write("x.mo", content)))

    def test_reads_both_byte_orders(self):
        for order in "<>":
            self.assertEqual(self.read(mo_file(self.ENTRIES, order)), self.PAIRS)

    def test_refuses_what_is_no_catalogue(self):
        for content in (b"", b"\xde\x12", b"<html>", bytes(100)):
            with self.assertRaisesRegex(ValueError, r"x\.mo is not a \.mo file"):
                self.read(content)

    def test_refuses_every_cut(self):
        whole = mo_file(self.ENTRIES)
        for size in range(4, len(whole) - 1):
            with self.assertRaisesRegex(ValueError, r"x\.mo is cut short"):
                self.read(whole[:size])

    def test_refuses_other_encodings(self):
        with self.assertRaisesRegex(ValueError, "not UTF-8"):
            self.read(mo_file([("key", "ö".encode("latin-1"))]))


class CleaningTest(unittest.TestCase):
    def test_tidy(self):
        for text, expected in {
            "  two\n words\t": "two words",
            "a\u00a0b\u00adc\u200bd\u2026": "a bcd...",
            "Ö_ffnen": "Öffnen",
            "~File": "File",
            "A_B and C_D": "A_B and C_D",
            "<b>bold</b> and <a href='x'>link</a>": "bold and link",
            "a < b and c > d": "a < b and c > d",
            "u\u0308ber": "über",
            "• item •": "item",
        }.items():
            self.assertEqual(en_de_pairs.tidy(text), expected)

    def test_sentences(self):
        for text, expected in {
            "One here. Two there! Three? Four: Five": [
                "One here.",
                "Two there!",
                "Three?",
                "Four:",
                "Five",
            ],
            "Version 1.5 and so on. but small": ["Version 1.5 and so on. but small"],
            "Es gilt z. B. Folgendes usw. Ende. „So“ ist es.": [
                "Es gilt z. B. Folgendes usw. Ende.",
                "„So“ ist es.",
            ],
            "": [""],
        }.items():
            self.assertEqual(en_de_pairs.sentences(text), expected)

    def test_is_pair(self):
        good = ("This opens the other dialog.", "Dies öffnet den anderen Dialog.")
        self.assertTrue(en_de_pairs.is_pair(*good))
        for bad in (
            "Only three words",
            "word " * 41,
            "long" * 20 + " word" * 60,
            "1 2 3 4 5 6 7 8 words",
            "The file %1 is not there.",
            "See https://example.org for the answer.",
            "Set the value to $(ARG1) here.",
            "Write the entry {0} in here.",
            "Run it with --help to see.",
            "Look into /usr/share/doc for more.",
            "The function main() is called here.",
        ):
            self.assertFalse(en_de_pairs.is_pair(bad, good[1]), bad)
            self.assertFalse(en_de_pairs.is_pair(good[0], bad), bad)
        self.assertFalse(en_de_pairs.is_pair(good[0], good[0]))
        self.assertFalse(en_de_pairs.is_pair("a b c d", "abcdefgh ijklmnop qrstuvw xyzabcd"))

    def test_clean_pairs(self):
        raw = [
            (
                "The first one is here. The second one is there.",
                "Der erste Satz ist hier. Der zweite Satz ist dort.",
            ),
            ("The  first one\nis here.", "Der erste Satz ist hier."),
            (
                "The first one is here. The second one is there.",
                "Der erste Satz ist hier und der zweite dort.",
            ),
        ]
        self.assertEqual(
            list(en_de_pairs.clean_pairs(raw)),
            [
                ("The first one is here.", "Der erste Satz ist hier."),
                ("The second one is there.", "Der zweite Satz ist dort."),
                (
                    "The first one is here. The second one is there.",
                    "Der erste Satz ist hier und der zweite dort.",
                ),
            ],
        )


class MainTest(Folder):
    def run_main(self, *arguments):
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = en_de_pairs.main(list(arguments))
        return code, out.buffer.getvalue().decode(), err.getvalue()

    def packages(self, pairs):
        self.write(
            en_de_pairs.HELP_FOLDERS[0] + "/x.html", '<p id="par_1">Just four words here</p>'
        )
        self.write(
            en_de_pairs.HELP_FOLDERS[1] + "/x.html", '<p id="par_1">Nur vier Wörter hier</p>'
        )
        entries = [
            (f"This is the entry with number {i}", f"Dies ist der Eintrag mit Nummer {i}")
            for i in range(pairs)
        ]
        self.write(en_de_pairs.CATALOGUES + "/a.mo", mo_file(entries))

    def test_writes_the_pairs(self):
        self.packages(en_de_pairs.MIN_PAIRS)
        code, out, err = self.run_main(str(self.root))
        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertEqual(len(lines), en_de_pairs.MIN_PAIRS + 1)
        self.assertEqual(lines[0], "Just four words here\tNur vier Wörter hier")
        self.assertEqual(
            lines[1], "This is the entry with number 0\tDies ist der Eintrag mit Nummer 0"
        )

    def test_too_few_pairs_are_an_error(self):
        self.packages(en_de_pairs.MIN_PAIRS - 2)
        code, out, err = self.run_main(str(self.root))
        self.assertEqual((code, out), (1, ""))
        self.assertIn(f"only {en_de_pairs.MIN_PAIRS - 1} pairs", err)

    def test_a_missing_package_is_an_error(self):
        code, out, err = self.run_main(str(self.root))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("en-US is missing", err)
        self.packages(5)
        self.write(en_de_pairs.CATALOGUES + "/a.mo", b"damaged")
        code, out, err = self.run_main(str(self.root))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("a.mo is not a .mo file", err)

    def test_usage(self):
        code, out, err = self.run_main()
        self.assertEqual((code, out), (2, ""))
        self.assertIn("usage: en_de_pairs.py ROOT", err)


if __name__ == "__main__":
    unittest.main()

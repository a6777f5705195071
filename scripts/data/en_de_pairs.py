#!/usr/bin/env python3
# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Makes English-German sentence pairs out of LibreOffice's help pages and user interface.

usage: en_de_pairs.py ROOT > en-de.tsv

ROOT holds the unpacked Debian packages libreoffice-help-en-us, libreoffice-help-de and
libreoffice-l10n-de. A paragraph of the help has the same id in both languages, and a message
catalogue has the English text as its key. The pairs are cleaned, cut into sentences where both
sides have as many, filtered, and written once each, in an order that depends on the packages alone.
"""

import html.parser
import pathlib
import re
import struct
import sys
import unicodedata

HELP_FOLDERS = ("usr/share/libreoffice/help/en-US", "usr/share/libreoffice/help/de")
CATALOGUES = "usr/lib/libreoffice/program/resource/de/LC_MESSAGES"

MIN_PAIRS = 30000
MIN_WORDS, MAX_WORDS, MAX_CHARACTERS = 4, 40, 300
MIN_LETTERS = 0.65  # of the characters: formulas, paths and key lists have fewer
MAX_LENGTH_RATIO = 2.0  # of one side to the other: more is mostly a wrong pair


class HelpPage(html.parser.HTMLParser):
    """Collects the text of paragraphs and headings that have an id; the first of an id counts."""

    BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6"}
    SPACES = {"br", "img", "td", "th", "li", "div"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.paragraphs = {}
        self._id = None
        self._text = []
        self._spans = []  # for each open <span>: where its text began if it is a switch, else None

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        classes = (attributes.get("class") or "").split()
        if tag in self.BLOCKS:
            self._finish()
            name = attributes.get("id") or ""
            if name.startswith(("par_", "hd_")) and "code" not in classes:
                self._id = name
        elif tag == "span":
            # A switch lists the wordings for each system or program; the last is the general one.
            if self._spans and self._spans[-1] is not None:
                del self._text[self._spans[-1] :]
            self._spans.append(len(self._text) if "switchinline" in classes else None)
        elif tag in self.SPACES:
            self._text.append(" ")

    def handle_endtag(self, tag):
        if tag in self.BLOCKS:
            self._finish()
        elif tag == "span" and self._spans:
            self._spans.pop()

    def handle_data(self, data):
        self._text.append(data)

    def _finish(self):
        text = "".join(self._text).strip()
        if self._id and text:
            self.paragraphs.setdefault(self._id, text)
        self._id, self._text, self._spans = None, [], []


def help_paragraphs(path):
    """{id: text} of a help page."""
    page = HelpPage()
    page.feed(path.read_text(encoding="utf-8", errors="replace"))
    page.close()
    page._finish()
    return page.paragraphs


def help_pairs(english_folder, german_folder):
    for english in sorted(english_folder.rglob("*.html")):
        german = german_folder / english.relative_to(english_folder)
        if not german.exists():
            continue
        translated = help_paragraphs(german)
        for name, text in help_paragraphs(english).items():
            if name in translated:
                yield text, translated[name]


def catalogue_pairs(path):
    """The (key, translation) pairs of a GNU .mo file, plural forms as pairs of their own.

    Format: "The Format of GNU MO Files" in the manual of GNU gettext. Raises ValueError.
    """
    data = path.read_bytes()
    order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}.get(data[:4])
    if order is None:
        raise ValueError(f"{path} is not a .mo file")

    def string(table, index):
        length, start = struct.unpack_from(order + "II", data, table + 8 * index)
        if start + length > len(data):
            raise ValueError(f"{path} is cut short")
        return data[start : start + length].decode("utf-8")

    try:
        count, keys, values = struct.unpack_from(order + "III", data, 8)
        for i in range(count):
            key, value = string(keys, i), string(values, i)
            # A context stands before the key, behind U+0004; the empty key is the file's header.
            key = key.rsplit("\x04", 1)[-1]
            if key:
                yield from zip(key.split("\0"), value.split("\0"))
    except struct.error as error:
        raise ValueError(f"{path} is cut short") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8") from error


MARKUP = re.compile(r"</?[A-Za-z][^<>]*>")
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
# One mark before the letter of a shortcut: "_Open", "Datei ö~ffnen". More of them are identifiers.
SHORTCUT = re.compile(r"[_~](?=\w)")


def tidy(text):
    """Plain text on one line: no markup, no invisible characters, no mark of a shortcut."""
    text = unicodedata.normalize("NFC", INVISIBLE.sub("", MARKUP.sub("", text)))
    text = text.replace("\u2026", "...")
    if len(SHORTCUT.findall(text)) == 1:
        text = SHORTCUT.sub("", text)
    return " ".join(text.split()).strip(" *\u2022\u00b7")


OPENING = '["\u201e\u201c\u00bb\u00ab(]'
SENTENCE_END = re.compile(rf"(?<=[.!?:])\s+(?={OPENING}?[A-Z\u00c4\u00d6\u00dc])")
ABBREVIATION = re.compile(r"\b(?:\w|bzw|usw|etc|ca|Nr|No|vs|Abb|Fig|evtl|ggf|inkl|max|min)\.$")


def sentences(text):
    """Cuts behind . ! ? : before a capital letter, but not behind an abbreviation."""
    parts = []
    for part in SENTENCE_END.split(text):
        if parts and ABBREVIATION.search(parts[-1]):
            parts[-1] += " " + part
        else:
            parts.append(part)
    return parts


# Placeholders, code, addresses and paths, which are not language.
NOT_LANGUAGE = re.compile(
    r"%[A-Za-z0-9(]|[$#@{}|\\^=~_<>]|\bhttps?:|\bwww\.|::|\w\(\)|/\w+/|(?:^|\s)-{1,2}\w|&\w+;"
)


def is_sentence(text):
    words = len(text.split())
    letters = sum(c.isalpha() for c in text)
    return (
        MIN_WORDS <= words <= MAX_WORDS
        and len(text) <= MAX_CHARACTERS
        and letters >= MIN_LETTERS * len(text)
        and not NOT_LANGUAGE.search(text)
    )


def is_pair(english, german):
    if english == german or not is_sentence(english) or not is_sentence(german):
        return False
    return 1 / MAX_LENGTH_RATIO <= len(german) / len(english) <= MAX_LENGTH_RATIO


def clean_pairs(raw_pairs):
    """Yields each good sentence pair of the raw ones once."""
    seen = set()
    for english, german in raw_pairs:
        english, german = tidy(english), tidy(german)
        cut = sentences(english), sentences(german)
        for pair in zip(*cut) if len(cut[0]) == len(cut[1]) else [(english, german)]:
            if pair not in seen and is_pair(*pair):
                seen.add(pair)
                yield pair


def raw_pairs(root):
    english, german = (root / folder for folder in HELP_FOLDERS)
    catalogues = sorted((root / CATALOGUES).glob("*.mo"))
    for place, found in (
        (english, english.is_dir()),
        (german, german.is_dir()),
        (root / CATALOGUES, catalogues),
    ):
        if not found:
            raise ValueError(f"{place} is missing: a package has changed or was not unpacked")
    yield from help_pairs(english, german)
    for catalogue in catalogues:
        yield from catalogue_pairs(catalogue)


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    try:
        pairs = list(clean_pairs(raw_pairs(pathlib.Path(arguments[0]))))
    except (OSError, ValueError) as error:
        print(f"en_de_pairs: {error}", file=sys.stderr)
        return 1
    if len(pairs) < MIN_PAIRS:
        print(
            f"en_de_pairs: only {len(pairs)} pairs, but at least {MIN_PAIRS} are expected: the "
            "packages have changed, or one is incomplete",
            file=sys.stderr,
        )
        return 1
    text = "".join(f"{english}\t{german}\n" for english, german in pairs)
    sys.stdout.buffer.write(text.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

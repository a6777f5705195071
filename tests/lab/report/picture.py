# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Exits 1, with a word, where a screenshot is blank or its paper is of the wrong kind.

Usage: picture.py FILE.png light|dark

A page with a table and charts has text all over it (many shades from smoothed edges) and several
colours that are no grey; a blank one, or one whose style or script failed early, has not.
"""
import collections
import struct
import sys
import zlib

CHANNELS = {2: 3, 6: 4}


def chunks(data):
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        yield kind, data[at + 8 : at + 8 + size]
        at += 12 + size


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def unfilter(kind, row, above, step):
    if kind == 2 and not any(row):  # most rows of a page repeat the one above
        row[:] = above
        return
    for x in range(len(row)):
        left = row[x - step] if x >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[x]
        elif kind == 3:
            guess = (left + above[x]) // 2
        else:
            guess = paeth(left, above[x], above[x - step] if x >= step else 0)
        row[x] = (row[x] + guess) & 255


def rows(data):
    """The rows of an 8-bit, not interlaced picture, each a list of (r, g, b)."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG")
    parts = list(chunks(data))
    header = next(c for k, c in parts if k == b"IHDR")
    width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", header)
    if depth != 8 or interlace or color not in CHANNELS:
        raise ValueError(f"a PNG of depth {depth}, colour type {color} is not read here")
    step = CHANNELS[color]
    raw = zlib.decompress(b"".join(c for k, c in parts if k == b"IDAT"))
    above = bytearray(width * step)
    for y in range(height):
        at = y * (width * step + 1)
        row = bytearray(raw[at + 1 : at + 1 + width * step])
        if raw[at]:
            unfilter(raw[at], row, above, step)
        above = row
        yield list(zip(row[0::step], row[1::step], row[2::step]))


def main():
    with open(sys.argv[1], "rb") as file:
        picture = list(rows(file.read()))
    counts = collections.Counter()
    for row in picture:
        counts.update(row)
    paper, paper_pixels = counts.most_common(1)[0]
    inked = 1 - paper_pixels / sum(counts.values())
    written = sum(len(row) - row.count(paper) > 3 for row in picture) / len(picture)
    vivid = sum(n for c, n in counts.items() if max(c) - min(c) > 60)
    print(f"{len(counts)} colours, {inked:.1%} inked, {written:.0%} of rows, {vivid} vivid pixels")
    if len(counts) < 50 or not 0.01 < inked < 0.9 or written < 0.3 or vivid < 100:
        print(f"{sys.argv[1]} is blank, or close to it")
        return 1
    if (sum(paper) > 3 * 128) != (sys.argv[2] == "light"):
        print(f"{sys.argv[1]} has paper of the colour {paper}, which is not {sys.argv[2]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

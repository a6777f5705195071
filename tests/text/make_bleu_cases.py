#!/usr/bin/env python3
# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Writes bleu_cases.json, the values that bleu_test.cc checks, with sacreBLEU itself.

usage: pip install sacrebleu==2.6.0; python3 make_bleu_cases.py > bleu_cases.json
"""

import json
import random

import sacrebleu
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

LINES = [
    "",
    " ",
    "Hello, world!",
    "It's the U.S.A.'s 3.14 or 1,000.50 dollars.",
    "a-b 5-6 7-x x-7 -3 3-",
    "end of line.",
    "..., wait... what?!",
    "(brackets) [square] {curly} <angle>",
    "50% off & more; 24/7",
    "&quot;quoted&quot; &amp; &lt;tag&gt; &amp;lt; &apos;",
    "a<skipped>b <skipped>",
    "hyphen-\nated new\nline",
    "Zeilen\u00a0umbruch und\u2009d\u00fcnn\u3000weit",
    "\u201eDeutsche Anf\u00fchrung\u201c \u2013 Stra\u00dfe.",
    "1.000,50 \u20ac kosten,das ist viel.Ja",
    "caf\u00e9.caf\u00e9,\u00e9t\u00e9.",
    "x@y.com http://a.b/c?d=e#f~g",
    "tab\tseparated  and   spaced ",
    "5.",
    ".5",
    ",",
    "5,a 5.a a.5 a,5 .. ,, .,5",
    "\u4f60\u597d\u3002\u4e16\u754c",
    "3-4-5 10--20 a--b 1-.2",
    "back\\slash `tick` ^ _ | $ = + * '",
    "\x1funit\x1cseparators\x85next",
]
BASE = [
    "The cat sat on the mat.",
    "There is a dog in the garden, and it barks.",
    "Click the button to open the dialog box.",
    "It costs 1,000.50 dollars (roughly).",
]


def corpora():
    yield "identical", BASE, BASE
    yield "all different", ["x y z w v"] * 4, BASE
    yield "all empty", [""] * 4, BASE
    yield "some empty", [BASE[0], "", BASE[2], ""], BASE
    yield "empty references", BASE, [""] * 4
    yield "both empty", [""], [""]
    yield "no sentences", [], []
    yield "one word right", ["cat"], ["The cat sat on the mat."]
    yield "three words", ["the cat sat"], ["the cat sat"]
    yield "smoothing: only unigrams", ["mat the on sat cat The x"], ["The cat sat on the mat."]
    yield "smoothing: up to bigrams", ["the cat a on the b sat c"], [
        "the cat sat on the mat today yes"
    ]
    yield "smoothing: up to trigrams", ["the cat sat by on the mat"], ["the cat sat on the mat"]
    yield "clipped counts", ["the the the the the the the"], ["the cat is on the mat"]
    yield "too short", ["the cat", "a dog in", "click", "it costs"], BASE
    yield "too long", [b + " And then some more words follow." for b in BASE], BASE
    yield "case differs", [b.upper() for b in BASE], BASE
    yield "punctuation glued", [
        "The cat sat on the mat",
        "There is a dog in the garden and it barks.",
    ] + BASE[2:], BASE
    yield "numbers", ["Pi is 3.14, not 3,14 or 3-14."], ["Pi is 3.14 , not 3.14 or 3 - 14 ."]
    yield "entities", ["&quot;a&quot; &amp; &lt;b&gt; c d"], ['"a" & <b> c d']
    yield "trailing spaces", [b + " \t\u00a0" for b in BASE], BASE
    yield "trailing hyphen and line feed", ["a b c d e-\n"], ["a b c d e-"]
    yield "german", [
        "\u00d6ffnet das Dialogfeld \u201eDrucken\u201c .",
        "Stra\u00dfe und Gr\u00f6\u00dfe: 1.000,5 m\u00b2",
    ], [
        "\u00d6ffnet den Dialog \u201eDrucken\u201c.",
        "Stra\u00dfe und Gr\u00f6\u00dfe: 1.000,5 m\u00b2",
    ]
    yield "chinese", ["\u4f60\u597d \u4e16\u754c \u6211 \u7231 \u4f60"], [
        "\u4f60\u597d \u4e16\u754c \u6211 \u5f88 \u7231 \u4f60"
    ]
    yield "unicode spaces", ["a\u2003b\u3000c\u00a0d e f"], ["a b c d e f"]
    rng = random.Random(7)
    words = "the a cat dog sat on in mat , . garden 3.5 it's".split()
    for n in (1, 5, 40):
        hyps = [" ".join(rng.choice(words) for _ in range(rng.randrange(0, 15))) for _ in range(n)]
        refs = [
            " ".join(w if rng.random() < 0.6 else rng.choice(words) for w in h.split()) + " ."
            for h in hyps
        ]
        yield f"random {n}", hyps, refs


def main():
    tokenizer, metric = Tokenizer13a(), BLEU()
    cases = []
    for name, hyps, refs in corpora():
        # corpus_score refuses an empty list, so its sums are asked for one step further in.
        s = (
            metric.corpus_score(hyps, [refs])
            if hyps
            else BLEU.compute_bleu([0] * 4, [0] * 4, 0, 0, "exp")
        )
        cases.append(
            {
                "name": name,
                "hypotheses": hyps,
                "references": refs,
                "score": s.score,
                "precisions": s.precisions,
                "brevity_penalty": s.bp,
                "hypothesis_length": s.sys_len,
                "reference_length": s.ref_len,
            }
        )
    print(
        json.dumps(
            {
                "made_by": "make_bleu_cases.py",
                "sacrebleu": sacrebleu.__version__,
                "signature": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp",
                "tokens": [[x, tokenizer(x)] for x in LINES],
                "corpora": cases,
            },
            indent=1,
        )
    )


main()

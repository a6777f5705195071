# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Makes the other files of this folder: tokenizers of huggingface/tokenizers with added tokens that
are not special, a normalizer and what stands before a text, as Qwen 3's, LLaMA 3's and Gemma's
files have them, with their ids of texts. Needs tokenizers. Usage: make.py [FOLDER]
"""
import json
import random
import sys
from pathlib import Path

import tokenizers
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers,
                        processors, trainers)

QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN2.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)
SPACE = "\u2581"
CORPUS = ["it's the small cat's mat, isn't it? they'll say we've 1234 cats",
          "IT'S THE MAT\n\n  and  the   other mat\t\tis at 12:30 on 2024-01-05!!!\n",
          "Zo\u00eb's caf\u00e9 \u20ac5 \u4f60\u597d\u4e16\u754c"] * 6
ADDED = ["<think>", "</think>", "<tool", "<tool>", "\n\n", "\n\n\n", "\u00e9t\u00e9"]
TEXTS = ["", "the cat", "<think>", "a <think>the cat</think> sat", "<tool><tool <toolx", "<<tool>>",
         "x\n\ny\n\n\nz\n\n\n\n\n\n", "12345 1 23", "caf\u00e9 cafe\u0301 \u00e9t\u00e9",
         "e\u0301\u0327 \u0958 \u212b \uac00 \u1100\u1161", "  two  spaces ", "<think> <think>",
         "<|begin|> is text", "\u2581the\u2581cat"]
PIECES = ["a", " ", "the", "<think>", "<tool", ">", "\n", "\n\n", "1", "23", "'s", "\u00e9",
          "e\u0301", "\u4f60", "\u20ac", "</think>", "<", "\u212b"]


def texts(special):
    rng = random.Random(8)
    drawn = ["".join(rng.choice(PIECES) for _ in range(rng.randint(1, 12))) for _ in range(100)]
    # A special token that is spelt out is one to this library, and text to Norma.
    return [text for text in TEXTS + drawn if special not in text]


def finish(tokenizer, path, special, template):
    """template: whether the special token stands before a text."""
    tokenizer.add_special_tokens([special])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in ADDED])
    steps = [processors.ByteLevel(trim_offsets=False)]
    if template:
        steps.append(processors.TemplateProcessing(
            single=f"{special} $A", pair=f"{special} $A {special} $B",
            special_tokens=[(special, tokenizer.token_to_id(special))]))
    tokenizer.post_processor = processors.Sequence(steps) if template else steps[0]
    tokenizer.save(str(path), pretty=False)
    rows = []
    for text in texts(special):
        ids = tokenizer.encode(text).ids
        rows.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
    return rows


def byte_level(path, pattern, nfc, template):
    tokenizer = Tokenizer(models.BPE())
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return finish(tokenizer, path, "<|begin|>", template)


def gemma(path):
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, "always")
    learner.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=80, special_tokens=["<unk>"], show_progress=False))
    learned = json.loads(learner.to_str())["model"]
    words = sorted(learned["vocab"], key=learned["vocab"].get)
    order = words[:1] + [f"<0x{byte:02X}>" for byte in range(256)] + words[1:]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in learned["merges"]]
    tokenizer = Tokenizer(models.BPE(
        vocab={word: i for i, word in enumerate(order)}, merges=merges, unk_token="<unk>",
        fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    return finish(tokenizer, path, "<bos>", True)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    expected = {"tokenizers": tokenizers.__version__,
                "qwen3": byte_level(folder / "qwen3.json", QWEN2, True, False),
                "llama3": byte_level(folder / "llama3.json", LLAMA3, False, True),
                "gemma": gemma(folder / "gemma.json")}
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Makes the other files of this folder: byte-level tokenizers trained by huggingface/tokenizers,
cut as GPT-2 and as LLaMA 3 do, with their ids of texts that are hard to cut. Needs tokenizers.
Usage: make.py [FOLDER]
"""
import json
import random
import sys
from pathlib import Path

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CORPUS = ["it's the small cat's mat, isn't it? they'll say we've 1234 cats",
          "IT'S THE MAT\n\n  and  the   other mat\t\tis at 12:30 on 2024-01-05!!!\n",
          "Zo\u00eb's caf\u00e9 \u20ac5 \u4f60\u597d\u4e16\u754c"] * 6
TEXTS = ["it's the cat's mat", "IT'S They'LL we'Ve I'M he'D don't", "1234567 12 3a4", "a  b   c",
         "  lead and trail  ", "\n\n\nx\n y\r\n\r\n z \n ", "tab\t\tand\u00a0nbsp \u3000wide",
         "Zo\u00eb \u20ac \U0001F600 \u4f60\u597d \u0661\u0662\u0663\u0664 \u216b \u00bd \u00b2",
         "!!!wow...\n\nx", " !?\n\n ok", "'", "''s", "'sat 'tis", " 's", "a'", "\t'll",
         "e\u0301\u0327", "snake_case camelCase", "<|endoftext|", " ", "\n", "   ", "x   ", "   x",
         "\r", "\u2028\u2028a", "#\n#", "$5.00 = 5,00\u20ac", "na\u00efve \ufb01",
         "\u00aa\u02b0\u1d2c", "\U00010400\U0001d7ce", "it'\u017f"]
PIECES = ["a", "B", "'", "s", "ll", " ", "  ", "\n", "\r", "\t", "1", "23", "!", "?", "\u00e9",
          "\u4f60", "\u00a0", "\u0301", "\u20ac", "\u0663", "_", "\u2003", "-"]


def train(path, pre_tokenizer, ignore_merges):
    trainer = trainers.BpeTrainer(
        vocab_size=340, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<|endoftext|>"])
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainer)
    if ignore_merges:
        root = json.loads(tokenizer.to_str())
        root["model"]["ignore_merges"] = True
        root["model"]["vocab"]["\u0120zebra"] = len(root["model"]["vocab"])
        tokenizer = Tokenizer.from_str(json.dumps(root))
    tokenizer.save(str(path), pretty=False)
    rows = [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts()]
    for row in rows:
        assert tokenizer.decode(row["ids"]) == row["text"]
    return rows


def texts():
    rng = random.Random(4)
    drawn = ["".join(rng.choice(PIECES) for _ in range(rng.randint(1, 14))) for _ in range(120)]
    return TEXTS + ["a zebra zebras"] + drawn


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    llama3 = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    expected = {"tokenizers": tokenizers.__version__,
                "gpt2": train(folder / "gpt2.json", gpt2, False),
                "llama3": train(folder / "llama3.json", llama3, True)}
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

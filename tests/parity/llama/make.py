# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Makes the other files of this folder: a tiny seeded LLaMA of transformers with its outputs, and
a tokenizer trained by huggingface/tokenizers with its ids. Needs torch, transformers, tokenizers;
the versions are in expected.json. Usage: make.py [FOLDER]
"""
import json
import sys
from pathlib import Path

import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SPACE = "\u2581"
TEXTS = ["the small cat sat on the mat", "  two  spaces ", "Zo\u00eb \u20ac \U0001F600\n\ttab", "a",
         " a", "cats, cats and more cats!", "the <s> and the <0x41>", "\u2581the\u2581cat"]
CORPUS = ["the small cat sat on the mat and the other cat sat on that mat too",
          "small cats and more small cats, that is what the cat saw", "no cat, no mat!"] * 4


def make_model(folder):
    config = transformers.LlamaConfig(
        vocab_size=330, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
        rms_norm_eps=1e-6, initializer_range=0.3, tie_word_embeddings=False,
        rope_theta=500.0,
        rope_scaling={"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0,
                      "high_freq_factor": 4.0, "original_max_position_embeddings": 32})
    torch.manual_seed(5)
    model = transformers.LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(torch.randn_like(parameter), alpha=0.3)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    ids = torch.randint(3, 330, (1, 40), generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        out = model.double()(ids, output_hidden_states=True)
    tensors = {"ids": ids[0], "logits_last8": out.logits[0, -8:].float()}
    for layer, hidden in enumerate(out.hidden_states):
        tensors[f"hidden_{layer}"] = hidden[0].float()
    save_file({name: t.contiguous() for name, t in tensors.items()},
              folder / "expected.safetensors")


def make_tokenizer(path, metaspace):
    trainer = trainers.BpeTrainer(vocab_size=80, special_tokens=["<unk>", "<s>", "</s>"],
                                  show_progress=False)
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, "always")
    learner.train_from_iterator(CORPUS, trainer)
    learned = json.loads(learner.to_str())["model"]
    words = sorted(learned["vocab"], key=learned["vocab"].get)
    order = words[:3] + [f"<0x{byte:02X}>" for byte in range(256)] + words[3:]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in learned["merges"]]
    tokenizer = Tokenizer(models.BPE(
        vocab={word: i for i, word in enumerate(order)}, merges=merges, unk_token="<unk>",
        fuse_unk=True, byte_fallback=True))
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, "first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(),
         decoders.Strip(" ", 1, 0)])
    tokenizer.save(str(path), pretty=False)
    # A special token that is spelt out is one to this library, and text to Norma.
    return [{"text": text, "ids": tokenizer.encode(text).ids,
             "decoded": tokenizer.decode(tokenizer.encode(text).ids)}
            for text in TEXTS if "<s>" not in text]


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    make_model(folder)
    expected = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
                "tokenizer": make_tokenizer(folder / "tokenizer.json", False),
                "metaspace": make_tokenizer(folder / "metaspace.json", True)}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()

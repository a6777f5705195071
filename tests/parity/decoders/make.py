# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Makes the folders beside it: tiny seeded decoders of transformers, each with its outputs in
float64. Needs torch and transformers, whose version is in each config.json. Usage: make.py [FOLDER]
"""
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

SIZES = dict(vocab_size=60, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
             initializer_range=0.3, bos_token_id=1, eos_token_id=2, pad_token_id=0)
LAYERS = ["sliding_attention", "full_attention"]
GEMMA = dict(SIZES, head_dim=8, query_pre_attn_scalar=12, sliding_window=7, layer_types=LAYERS)
GPT2 = dict(vocab_size=340, n_positions=64, n_embd=16, n_layer=2, n_head=4, initializer_range=0.3,
            bos_token_id=1, eos_token_id=2)
ROPE = {"sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
        "full_attention": {"rope_type": "linear", "rope_theta": 900.0, "factor": 4.0}}
CONFIGS = {
    "gpt2": transformers.GPT2Config(**GPT2),
    "gpt2_gelu": transformers.GPT2Config(**GPT2, activation_function="gelu"),
    "olmo2": transformers.Olmo2Config(**SIZES, rope_theta=500.0),
    "qwen3": transformers.Qwen3Config(**SIZES, head_dim=6, rope_theta=500.0),
    "gemma2": transformers.Gemma2Config(
        **GEMMA, attn_logit_softcapping=3.0, final_logit_softcapping=5.0),
    "gemma3": transformers.Gemma3TextConfig(
        **GEMMA, rope_parameters=ROPE),
    # As the greater Gemma 3 come: a text model beside one that sees.
    "gemma3_seeing": transformers.Gemma3Config(
        text_config=dict(GEMMA, rope_parameters=ROPE),
        vision_config=dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                           num_attention_heads=2, image_size=8, patch_size=4),
        mm_tokens_per_image=4, image_token_index=59, boi_token_index=57, eoi_token_index=58,
        bos_token_id=1, eos_token_id=2),
}


def make(folder, config):
    torch.manual_seed(9)
    config._attn_implementation = "eager"  # the others leave soft-capping out
    sees = hasattr(config, "vision_config")
    auto = transformers.AutoModelForImageTextToText if sees else transformers.AutoModelForCausalLM
    model = auto.from_config(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter), alpha=0.3)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    ids = torch.randint(3, 57 if sees else 60, (1, 40), generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        out = model.double()(ids, output_hidden_states=True)
    tensors = {"ids": ids[0], "logits": out.logits[0, -8:].float()}
    for layer, hidden in enumerate(out.hidden_states):
        tensors[f"hidden_{layer}"] = hidden[0].float()
    save_file({name: t.contiguous() for name, t in tensors.items()},
              folder / "expected.safetensors")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    for name, config in CONFIGS.items():
        (root / name).mkdir(exist_ok=True)
        make(root / name, config)


if __name__ == "__main__":
    main()

# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""PyTorch, eager, as a peer of the bench: peer.py REQUEST, a JSON object that torch.cc writes.

Reads a model of llama2.c, version 1, into memory and says {"version"}; then for each line on
standard input generates greedily from bos and says {"ids", "ns"}. Or says {"skipped"} where there
is no torch, or {"error"} and ends with 1. The forward pass is LLaMA's for one position at a time,
with room for all keys and values made beforehand.
"""
import json
import struct
import sys
import time

EPS = 1e-5
BOS = 1


def say(**what):
    print(json.dumps(what), flush=True)


class Llama:
    def __init__(self, path, torch):
        self.torch = torch
        with open(path, "rb") as file:
            head = struct.unpack("<9i", file.read(36))
            dim, hidden, layers, heads, kv_heads, vocab, positions = head[2:]
            file.seek(256)
            read = bytearray(file.read())
        flat = torch.frombuffer(read, dtype=torch.float32)
        width = dim // heads
        kv = width * kv_heads
        shapes = [("rms_att", (layers, dim)), ("rms_ffn", (layers, dim)), ("rms_final", (dim,)),
                  ("embedding", (vocab, dim)), ("wq", (layers, dim, dim)),
                  ("wk", (layers, kv, dim)), ("wv", (layers, kv, dim)), ("wo", (layers, dim, dim)),
                  ("w1", (layers, hidden, dim)), ("w2", (layers, dim, hidden)),
                  ("w3", (layers, hidden, dim))]
        start = 0
        for name, shape in shapes:
            count = 1
            for size in shape:
                count *= size
            weight = flat[start:start + count].view(shape).clone()
            setattr(self, name, list(weight) if len(shape) > 1 and name != "embedding" else weight)
            start += count
        self.dim, self.heads, self.kv_heads, self.width = dim, heads, kv_heads, width
        self.layers = range(layers)
        frequency = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
        angle = torch.outer(torch.arange(positions, dtype=torch.float64), frequency)
        # As LLaMA's authors rotate: pairs of numbers as complex ones.
        self.turn = list(torch.polar(torch.ones_like(angle), angle).to(torch.complex64))
        room = (1, kv_heads, positions, width)
        self.keys = [torch.empty(room) for _ in self.layers]
        self.values = [torch.empty(room) for _ in self.layers]

    def rotated(self, x, position):
        pairs = self.torch.view_as_complex(x.view(1, -1, 1, self.width // 2, 2))
        return self.torch.view_as_real(pairs * self.turn[position]).view(1, -1, 1, self.width)

    def best(self, token, position):
        linear, silu = self.torch.nn.functional.linear, self.torch.nn.functional.silu
        rms_norm = self.torch.nn.functional.rms_norm
        attention = self.torch.nn.functional.scaled_dot_product_attention
        shape, seen = (self.dim,), position + 1
        x = self.embedding[token].view(1, -1)
        for layer in self.layers:
            h = rms_norm(x, shape, self.rms_att[layer], EPS)
            q = self.rotated(linear(h, self.wq[layer]), position)
            keys, values = self.keys[layer], self.values[layer]
            keys[:, :, position] = self.rotated(linear(h, self.wk[layer]), position)[:, :, 0]
            values[:, :, position] = linear(h, self.wv[layer]).view(1, self.kv_heads, self.width)
            # The query heads that share a key head, as if they were positions.
            grouped = q.view(1, self.kv_heads, -1, self.width)
            y = attention(grouped, keys[:, :, :seen], values[:, :, :seen])
            x = x + linear(y.reshape(1, self.dim), self.wo[layer])
            h = rms_norm(x, shape, self.rms_ffn[layer], EPS)
            h = silu(linear(h, self.w1[layer])) * linear(h, self.w3[layer])
            x = x + linear(h, self.w2[layer])
        return linear(rms_norm(x, shape, self.rms_final, EPS), self.embedding).argmax().item()

    def generate(self, tokens):
        ids = [BOS]
        for position in range(tokens):
            ids.append(self.best(ids[-1], position))
        return ids[1:]


def main():
    request = json.loads(sys.argv[1])
    try:
        import torch
    except ImportError as error:
        say(skipped=f"{error} in {sys.executable}; scripts/setup.sh installs the wheel")
        return 0
    try:
        torch.set_num_threads(request["threads"])
        with torch.inference_mode():
            model = Llama(request["path"], torch)
            say(version=torch.__version__)
            for _ in sys.stdin:
                start = time.perf_counter_ns()
                ids = model.generate(request["tokens"])
                ns = time.perf_counter_ns() - start
                time.sleep(request["settle_s"])
                say(ids=ids, ns=ns)
    except Exception as error:  # whatever it is, it is the caller's to tell
        say(error=str(error) or repr(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

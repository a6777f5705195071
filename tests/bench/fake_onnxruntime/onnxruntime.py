# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""ONNX Runtime as bench/onnxruntime/peer.py uses it, by the formulas, in Python. What it does is
the variable FAKE_ONNXRUNTIME: right, wrong (one element), crash, hang.
"""
import ctypes
import math
import os
import pathlib
import struct
import time

__version__ = "0.0.fake"
MODE = os.environ["FAKE_ONNXRUNTIME"]


class GraphOptimizationLevel:
    ORT_DISABLE_ALL = 0


class SessionOptions:
    def add_session_config_entry(self, name, value):
        pass


class Halves:
    """float16 numbers in memory as Python's."""

    def __init__(self, size, pointer):
        self.bits = (ctypes.c_uint16 * size).from_address(pointer)

    def __len__(self):
        return len(self.bits)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return struct.unpack("<e", struct.pack("<H", self.bits[index]))[0]

    def __setitem__(self, index, value):
        self.bits[index] = struct.unpack("<H", struct.pack("<e", value))[0]


class Binding:
    def __init__(self):
        self.buffers = {}

    def bind_input(self, name, device, device_id, element, shape, pointer):
        assert (device, device_id) == ("cpu", 0)
        size = math.prod(shape)
        make = {1: lambda: (ctypes.c_float * size).from_address(pointer),
                10: lambda: Halves(size, pointer)}
        self.buffers[name] = make[element]()
        if name == "x":
            self.cols = shape[1]

    bind_output = bind_input


class InferenceSession:
    def __init__(self, nodes, options, providers):
        assert providers == ["CPUExecutionProvider"]
        self.nodes = nodes

    def io_binding(self):
        return Binding()

    def run_with_iobinding(self, binding):
        if MODE == "crash":
            os.abort()
        if MODE == "hang":
            pathlib.Path(os.environ["FAKE_ONNXRUNTIME_PID"]).write_text(str(os.getpid()))
            time.sleep(600)
        for operator, inputs, outputs, eps in self.nodes:
            layer = not operator.endswith("SimplifiedLayerNormalization")
            x, y, n = binding.buffers["x"], binding.buffers[outputs[0]], binding.cols
            weight = binding.buffers["weight"]
            bias = binding.buffers["bias"] if layer else [0] * n
            for begin in range(0, len(x), n):
                row = x[begin:begin + n]
                if operator.startswith("Skip"):
                    added = binding.buffers["residual"][begin:begin + n]
                    row = [a + b for a, b in zip(row, added)]
                    for i in range(n):
                        binding.buffers[outputs[3]][begin + i] = row[i]
                mean = sum(row) / n if layer else 0
                rstd = 1 / math.sqrt(sum((v - mean) ** 2 for v in row) / n + eps)
                for i in range(n):
                    y[begin + i] = (row[i] - mean) * rstd * weight[i] + bias[i]
            if MODE == "wrong":
                y[len(x) - 1] += 0.01

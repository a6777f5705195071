# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""As much of onnx as bench/onnxruntime/peer.py uses; a model is the list of its nodes."""
import os

if os.environ["FAKE_ONNXRUNTIME"] == "absent":
    raise ModuleNotFoundError("No module named 'onnx'")


class TensorProto:
    FLOAT = 1
    FLOAT16 = 10


class Model:
    def __init__(self, nodes):
        self.nodes = nodes

    def SerializeToString(self):
        return self.nodes


class helper:
    @staticmethod
    def make_tensor_value_info(name, element, shape):
        return name, element, shape

    @staticmethod
    def make_node(operator, inputs, outputs, domain, epsilon, axis=-1):
        assert axis == -1 and domain == ("com.microsoft" if operator.startswith("Skip") else "")
        return operator, inputs, outputs, epsilon

    @staticmethod
    def make_graph(nodes, name, inputs, outputs):
        return nodes

    @staticmethod
    def make_opsetid(domain, version):
        return domain, version

    @staticmethod
    def make_model(graph, opset_imports, ir_version):
        return Model(graph)

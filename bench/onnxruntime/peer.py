# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""ONNX Runtime as a peer of the bench: peer.py REQUEST, a JSON object that harness/onnxruntime.cc
writes. Prints one JSON object a line: {"version"}, then {"rows", "cols", "cache", "ns", "norma_ns"}
for each shape, or {"rows", "cols", "wrong"} where the answer is; or {"skipped"} where the wheels
are not there, or {"error"} and exit 1.

Inputs and outputs are bound to buffers that exist. A single Run costs microseconds before it comes
to a kernel; where the rows are few, the graph has many equal nodes, as a model has many nodes, and
a call is one of them.
"""
import ctypes
import functools
import json
import sys
import time

SAMPLE_NS = 50e3
# Longer than norma's threads wait busily (GOMP_SPINCOUNT in harness/onnxruntime.cc).
SETTLE_S = 2e-3
# Of the rows of a call: below, a graph has NODES nodes.
MANY_NODES_BYTES = 64 << 10
NODES = 16
EPS = 1e-5

MS = "com.microsoft"
# Operator, its domain and attributes, inputs and outputs by the names that norma_bench_buffer has.
# The operators with a residual give no statistics on a CPU.
TASKS = {
    "layer_norm_forward": ("LayerNormalization", "", {"axis": -1}, ["x", "weight", "bias"],
                           ["y", "mean", "rstd"]),
    "rms_norm_forward": ("SimplifiedLayerNormalization", "", {"axis": -1}, ["x", "weight"],
                         ["y", "rstd"]),
    "add_layer_norm_forward": ("SkipLayerNormalization", MS, {},
                               ["x", "residual", "weight", "bias"], ["y", "", "", "sum"]),
    "add_rms_norm_forward": ("SkipSimplifiedLayerNormalization", MS, {},
                             ["x", "residual", "weight"], ["y", "", "", "sum"]),
}
# How many bytes an element of the rows has, by dtype; weight and bias have the rows' type too.
TYPES = {"f32": 4, "f16": 2}


def say(**what):
    print(json.dumps(what), flush=True)


class Rows:
    """A problem of the harness, in its library."""

    def __init__(self, library, request, rows, cols):
        self.library, self.rows, self.cols = library, rows, cols
        task, self.dtype = request["task"], request["dtype"]
        self.opened = library.norma_bench_open(
            task.encode(), "layer_norm" in task, task.startswith("add_"), self.dtype == "f16", rows,
            cols, request["cold"], request["seed"])
        if not self.opened:
            raise MemoryError(f"no memory for {task} [{rows}, {cols}]")
        self.sets = library.norma_bench_sets(self.opened)

    def close(self):
        self.library.norma_bench_close(self.opened)

    def buffer(self, index, name):
        return self.library.norma_bench_buffer(self.opened, index, name.encode())

    def shape(self, name):
        return {"weight": [self.cols], "bias": [self.cols], "mean": [self.rows, 1],
                "rstd": [self.rows, 1]}.get(name, [self.rows, self.cols])

    def element(self, name):
        from onnx import TensorProto
        wide = self.dtype == "f32" or name in ("mean", "rstd")
        return TensorProto.FLOAT if wide else TensorProto.FLOAT16


class Runs:
    """Calls of the operator: a session, and a binding for each set of buffers."""

    def __init__(self, rows, task, nodes, threads, sets):
        import onnxruntime
        self.nodes = nodes
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Equal nodes stay as many as they are.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        # Threads that spin on after a Run would take the cores from norma.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.session = onnxruntime.InferenceSession(
            self.model(rows, task), options, providers=["CPUExecutionProvider"])
        self.bindings = []
        _, _, _, inputs, outputs = TASKS[task]
        for index in range(sets):
            binding = self.session.io_binding()
            for name in inputs:
                binding.bind_input(name, "cpu", 0, rows.element(name), rows.shape(name),
                                   rows.buffer(index, name))
            for node in range(nodes):
                for name in filter(None, outputs):
                    binding.bind_output(f"{name}{node}", "cpu", 0, rows.element(name),
                                        rows.shape(name), rows.buffer(index, name))
            self.bindings.append(binding)

    def model(self, rows, task):
        from onnx import helper
        operator, domain, attributes, inputs, outputs = TASKS[task]

        def info(name, suffix=""):
            return helper.make_tensor_value_info(name + suffix, rows.element(name),
                                                 rows.shape(name))

        nodes = [helper.make_node(operator, inputs, [name and f"{name}{i}" for name in outputs],
                                  domain=domain, epsilon=EPS, **attributes)
                 for i in range(self.nodes)]
        graph = helper.make_graph(nodes, task, [info(name) for name in inputs],
                                  [info(name, str(i)) for i in range(self.nodes)
                                   for name in filter(None, outputs)])
        sets = [helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=8)
        return model.SerializeToString()

    def ns(self, index, sets, calls):
        """Nanoseconds of `calls` Runs together, of the sets from `index` on."""
        run, bindings = self.session.run_with_iobinding, self.bindings
        start = time.perf_counter_ns()
        for _ in range(calls):
            run(bindings[index])
            index = index + 1 if index + 1 < sets else 0
        return time.perf_counter_ns() - start


class Turns:
    """norma and ONNX Runtime timed in turn, as harness/timing.cc does: both walk over the same
    sets, so that neither finds in the cache what the other has just touched. Each is a function
    like Runs.ns."""

    def __init__(self, norma, runs, sets, threads):
        self.norma, self.peers = norma, [norma, runs]
        self.sets, self.threads, self.next = sets, threads, 0

    def ns(self, peer, calls):
        taken = peer(self.next, self.sets, calls)
        if taken < 0:
            raise ArithmeticError("norma refuses a call that it took before")
        self.next = (self.next + calls) % self.sets
        return taken

    def calls_of_a_sample(self, peer):
        """As many as last 50 microseconds."""
        self.ns(peer, 1)
        calls = 1
        while self.ns(peer, calls) < SAMPLE_NS:
            calls *= 2
        return calls

    def samples(self, count):
        """For each peer a list of nanoseconds a call."""
        calls = [self.calls_of_a_sample(peer) for peer in self.peers]
        taken = [[] for _ in self.peers]
        for sample in range(count):
            for p in ((0, 1), (1, 0))[sample % 2]:
                self.prepare(self.peers[p], calls[p])
                taken[p].append(self.ns(self.peers[p], calls[p]) / calls[p])
        return taken

    def prepare(self, peer, calls):
        # Two pools: that of norma sleeps while the other is timed, and is awake for its own.
        if self.threads > 1 and peer is not self.norma:
            time.sleep(SETTLE_S)
        if calls > 1 or (self.threads > 1 and peer is self.norma):
            self.ns(peer, 1 + calls // 16)


def time_shape(library, request, rows, cols):
    task, threads = request["task"], request["threads"]
    problem = Rows(library, request, rows, cols)
    try:
        nodes = NODES if 2 * TYPES[problem.dtype] * rows * cols < MANY_NODES_BYTES else 1
        runs = Runs(problem, task, nodes, threads, problem.sets)
        norma = functools.partial(library.norma_bench_norma_ns, problem.opened)
        for name, peer in ("norma", norma), ("onnxruntime", runs.ns):
            library.norma_bench_spoil(problem.opened)
            peer(0, problem.sets, 1)
            wrong = library.norma_bench_check(problem.opened, name.encode()).decode()
            if wrong and name == "norma":
                raise ArithmeticError(wrong)
            if wrong:
                say(rows=rows, cols=cols, wrong=wrong)
                return
        for cache, sets in ("hot", 1), ("cold", problem.sets):
            if cache == "cold" and problem.sets == 1:
                continue
            turns = Turns(norma, runs.ns, sets, threads)
            norma_ns, run_ns = turns.samples(request["samples"])
            say(rows=rows, cols=cols, cache=cache, norma_ns=norma_ns,
                ns=[ns / nodes for ns in run_ns])
    finally:
        problem.close()


def load(path):
    library = ctypes.CDLL(path)
    c_int, c_long, c_void, c_text = ctypes.c_int, ctypes.c_int64, ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
            ("open", c_void, [c_text, c_int, c_int, c_int, c_long, c_long, c_int, ctypes.c_uint64]),
            ("close", None, [c_void]), ("sets", c_long, [c_void]),
            ("buffer", c_void, [c_void, c_long, c_text]), ("spoil", None, [c_void]),
            ("check", c_text, [c_void, c_text]),
            ("norma_ns", ctypes.c_double, [c_void, c_long, c_long, c_long])):
        function = getattr(library, "norma_bench_" + name)
        function.restype, function.argtypes = result, arguments
    return library


def main():
    request = json.loads(sys.argv[1])
    try:
        import onnx  # noqa: F401
        import onnxruntime
    except ImportError as error:
        say(skipped=f"{error} in {sys.executable}; scripts/setup.sh installs the wheels")
        return 0
    if request["task"] not in TASKS or request["dtype"] not in TYPES:
        say(skipped=f"it has no {request['task']} in {request['dtype']}")
        return 0
    say(version=onnxruntime.__version__)
    library = load(request["library"])
    try:
        for rows, cols in request["shapes"]:
            time_shape(library, request, rows, cols)
    except Exception as error:  # whatever it is, it is the caller's to tell
        say(error=str(error) or repr(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

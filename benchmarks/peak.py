"""What the machine can do at most, in floating-point operations per second, and how many of them a drawing takes."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

from firstlight.runtime import CPU, inference_session
from firstlight.untrusted.trust import made

SHAPES = ((128, 14, 10), (128, 28, 10), (64, 56, 10))  # channels, height and width, pictures of the 3x3 convolutions
SIDE = 1024  # of the matrices
DEPTH = 4  # convolutions in a row


def peak(threads: int) -> Callable[[], dict[str, float]]:
    """Measures GFLOP/s of a matrix product and of 3x3 convolutions, the best of three shapes."""
    left, right = (np.random.default_rng(seed).random((SIDE, SIDE), np.float32) for seed in (0, 1))
    product = inference_session(made(matrix_product(right)), Path("product.onnx"), CPU, threads=threads)
    graphs = [made(convolutions(*shape)) for shape in SHAPES]
    sessions = [inference_session(graph, Path("peak.onnx"), CPU, threads=threads) for graph in graphs]
    inputs = [np.ones((count, channels, size, size), np.float32) for channels, size, count in SHAPES]

    def measure() -> dict[str, float]:
        rates = [
            2 * 9 * DEPTH * channels**2 * size**2 * count / seconds(lambda s=session, x=x: s.run(None, {"x": x}))  # type: ignore[misc]
            for session, x, (channels, size, count) in zip(sessions, inputs, SHAPES, strict=True)
        ]
        matrix = 2 * SIDE**3 / seconds(lambda: product.run(None, {"x": left}))
        return {"matrix": matrix / 1e9, "convolution": max(rates) / 1e9}

    return measure


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of some tries."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def matrix_product(right: np.ndarray) -> bytes:
    """x (SIDE, SIDE) times a constant."""
    return model([helper.make_node("MatMul", ["x", "w"], ["y"])], [SIDE, SIDE], [numpy_helper.from_array(right, "w")])


def convolutions(channels: int, size: int, count: int) -> bytes:
    """DEPTH 3x3 convolutions of x (count, channels, size, size), one after the other."""
    names = ["x", *(f"h{i}" for i in range(DEPTH - 1)), "y"]
    weight = np.random.default_rng(0).standard_normal((channels, channels, 3, 3), np.float32) / (3 * channels**0.5)
    nodes = [helper.make_node("Conv", [a, "w"], [b], pads=[1] * 4) for a, b in pairwise(names)]
    return model(nodes, [count, channels, size, size], [numpy_helper.from_array(weight, "w")])


def model(nodes: list[onnx.NodeProto], shape: list[int], weights: list[onnx.TensorProto]) -> bytes:
    """A graph from x to y, both of `shape`."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "peak", ends[:1], ends[1:], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(made.SerializeToString())


def operations(content: bytes) -> int:
    """Floating-point operations of one picture's way through the convolutions and matrix products of a graph.

    What depends on weights alone is done when it is opened, and does not count.
    """
    graph = onnx.load_model_from_string(content)
    for value in graph.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    graph = shape_inference.infer_shapes(graph, data_prop=True).graph
    sizes = {value.name: [size.dim_value or 1 for size in value.type.tensor_type.shape.dim]
             for value in (*graph.input, *graph.value_info, *graph.output)}  # fmt: skip
    sizes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    constant = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if constant.issuperset(node.input):
            constant.update(node.output)

    def added(node: onnx.NodeProto) -> int:
        """Products that are added up for each number that comes out."""
        return int(np.prod(sizes[node.input[1]][1:])) if node.op_type == "Conv" else int(sizes[node.input[0]][-1])

    return sum(
        2 * int(np.prod(sizes[node.output[0]])) * added(node)
        for node in graph.node
        if node.op_type in ("Conv", "Gemm", "MatMul") and constant.isdisjoint(node.output)
    )

"""Graphs that a run folder from elsewhere may hold with the right hash, each of them meant to do harm or to mislead.

A kind is a function that makes the graph, and a part of the sentence that refuses it.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT, DOUBLE = TensorProto.FLOAT, TensorProto.INT64, TensorProto.DOUBLE
SIZE, CLASSES = 8, [*"abc"]
HUGE = 2**16
PICTURE = ["batch", 1, SIZE, SIZE]
INPUTS = [("x", FLOAT, PICTURE), ("logsnr", FLOAT, ["batch"]), ("label", INT, ["batch"])]


def node(kind: str, given: Sequence[str], *made: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, list(given), list(made), **attributes)


def graph(
    *nodes: onnx.NodeProto,
    inputs: Sequence[Any] = INPUTS,
    outputs: Sequence[Any] = (("denoised", FLOAT, PICTURE),),
    classes: Any = CLASSES,
    told: dict[str, str] | None = None,
    change: Callable[[onnx.ModelProto], None] = lambda model: None,
    opset: int = 20,
    **weights: Any,
) -> bytes:
    """A denoiser of these nodes, by default one that gives x back; `change` is done to it last."""
    last = () if any("denoised" in each.output for each in nodes) else (node("Identity", ["x"], "denoised"),)
    model = helper.make_model(
        helper.make_graph(
            [*nodes, *last],
            "denoiser",
            [helper.make_tensor_value_info(*value) for value in inputs],
            [helper.make_tensor_value_info(*value) for value in outputs],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
        ),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=10,
    )
    helper.set_model_props(model, {"classes": json.dumps(classes)} | (told or {}))
    change(model)
    return bytes(model.SerializeToString())


def weighed(tensor: onnx.TensorProto) -> bytes:
    """A denoiser that adds a weight to its picture."""
    return graph(node("Add", ["x", "w"], "denoised"), change=lambda model: model.graph.initializer.append(tensor))


def elsewhere() -> onnx.TensorProto:
    """A weight that lies in another file."""
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    return tensor


def claimed(*dims: int) -> onnx.TensorProto:
    """A weight of so many numbers, of which it holds one."""
    return TensorProto(name="w", data_type=FLOAT, dims=dims, raw_data=b"\0\0\0\0")


def body(*nodes: onnx.NodeProto, name: str = "body", weights: Sequence[onnx.TensorProto] = ()) -> onnx.GraphProto:
    """What a loop does with its picture."""
    nodes = nodes or (node("Neg", ["y"], "z"),)
    return helper.make_graph(
        [*nodes, node("Identity", ["go"], "still")],
        name,
        [helper.make_tensor_value_info(*value) for value in (("i", INT, []), ("go", TensorProto.BOOL, []))]
        + [onnx.ValueInfoProto(name="y")],
        [helper.make_tensor_value_info("still", TensorProto.BOOL, []), onnx.ValueInfoProto(name="z")],
        list(weights),
    )


def looped(count: Any, inside: onnx.GraphProto | None = None, **more: Any) -> bytes:
    """A denoiser with a loop."""
    loop = node("Loop", ["count", "", "x"], "denoised", body=inside or body())
    return graph(loop, **({"count": np.int64(count)} if count is not None else {}), **more)


def looped_within(depth: int) -> bytes:
    """Loops in a loop."""
    inside = body()
    for _ in range(depth):
        again = node("Loop", ["few", "", "y"], "z", body=inside)
        inside = body(again, weights=[numpy_helper.from_array(np.int64(2), "few")])
    return looped(2, inside)


def branched() -> bytes:
    inside = helper.make_graph([node("Identity", ["x"], "y")], "b", [], [onnx.ValueInfoProto(name="y")])
    return graph(node("If", ["yes"], "denoised", then_branch=inside, else_branch=inside), yes=np.array(True))


def scanned() -> bytes:
    value = helper.make_tensor_value_info("y", FLOAT, None)
    inside = helper.make_graph(
        [node("Neg", ["y"], "z")], "s", [value], [helper.make_tensor_value_info("z", FLOAT, None)]
    )
    return graph(node("Scan", ["x"], "denoised", body=inside, num_scan_inputs=1))


def overridable(model: onnx.ModelProto) -> None:
    """The count of a loop becomes an input too, whose value whoever draws could give."""
    model.graph.input.append(helper.make_tensor_value_info("count", INT, []))


def with_function(model: onnx.ModelProto) -> None:
    model.functions.append(
        helper.make_function("own", "Mine", ["a"], ["b"], [node("Neg", ["a"], "b")], [helper.make_opsetid("", 20)])
    )
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[0].op_type, model.graph.node[0].domain = "Mine", "own"


def sparse(model: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), "w")
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(np.zeros(1, np.int64), "places"), [2**40])
    )


def sparse_constant() -> bytes:
    values = numpy_helper.from_array(np.ones(1, np.float32), "w")
    held = helper.make_sparse_tensor(values, numpy_helper.from_array(np.zeros(1, np.int64), "places"), [2**40])
    return graph(node("Constant", [], "w", sparse_value=held), node("Add", ["x", "w"], "denoised"))


def trained(model: onnx.ModelProto) -> None:
    model.training_info.add()


def moved(model: onnx.ModelProto) -> None:
    """Another domain."""
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def added(made: str) -> onnx.NodeProto:
    """What is as large as the harm wants, brought into the picture."""
    return node("Add", ["x", made], "denoised")


def top(made: str) -> tuple[onnx.NodeProto, onnx.NodeProto]:
    """The same of the largest of its numbers."""
    return node("ReduceMax", [made], "top_of", keepdims=0), added("top_of")


def doubled(times: int, first: str) -> bytes:
    """A weight, or the picture, that is joined with itself, again and again."""
    steps = [node("Concat", [f"w{k}", f"w{k}"], f"w{k + 1}", axis=3) for k in range(times)]
    return graph(node("Identity", [first], "w0"), *steps, *top(f"w{times}"), ones=np.ones((1, 1, 1, 8), np.float32))


def multiplied(size: int, times: int, constant: bool) -> bytes:
    """Products of large matrices, of constants alone or of what depends on the picture."""
    start = [node("ConstantOfShape", ["square"], "c")]
    start += [] if constant else [node("ReduceMax", ["x"], "top", keepdims=0), node("Add", ["c", "top"], "m0")]
    start += [node("Identity", ["c"], "m0")] if constant else []
    steps = [node("MatMul", [f"m{k}", "m0"], f"m{k + 1}") for k in range(times)]
    return graph(*start, *steps, *top(f"m{times}"), square=np.array([size, size]))


def swollen() -> bytes:
    """So many numbers for each picture that memory ends, told by the picture alone."""
    return graph(
        node("ReduceMax", ["x"], "top", keepdims=0),
        node("Mul", ["top", "zero"], "none"),
        node("Add", ["none", "many"], "size"),
        node("Cast", ["size"], "count", to=INT),
        node("Reshape", ["count", "one"], "shape"),
        node("ConstantOfShape", ["shape"], "w"),
        *top("w"),
        zero=np.float32(0),
        many=np.float32(2**32),
        one=np.array([1]),
    )


def in_a_circle() -> bytes:
    return graph(node("Add", ["x", "b"], "a"), node("Neg", ["a"], "b"), node("Identity", ["a"], "denoised"))


def answering(*nodes: onnx.NodeProto, kind: int = FLOAT, shape: Sequence[Any] = PICTURE, **weights: Any) -> bytes:
    return graph(*nodes, outputs=[("denoised", kind, shape)], **weights)


def more_inputs() -> list[Any]:
    return [*INPUTS, *((f"more{k}", FLOAT, ["batch"]) for k in range(9))]


def sequence(model: onnx.ModelProto) -> None:
    model.graph.input[1].CopyFrom(helper.make_tensor_sequence_value_info("logsnr", FLOAT, None))


def emptied(model: onnx.ModelProto) -> None:
    del model.graph.node[:]


def large_input(*shape: Any) -> list[Any]:
    return [("x", FLOAT, ["batch", *shape]), *INPUTS[1:]]


MANY = [node("Neg", ["x"], f"n{k}") for k in range(10)]
UP = np.array([1, 1, HUGE, HUGE])
KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    # what is no graph
    "noise": (lambda: b"\x08\x0agarbage", "is no ONNX graph"),
    "cut short": (lambda: graph()[:-20], "is no ONNX graph"),
    "empty": (lambda: graph(change=emptied), "is empty"),
    "in a circle": (in_a_circle, "cannot be loaded"),
    "from the future": (lambda: graph(opset=999), "cannot be loaded"),
    "a weight twice": (lambda: graph(change=lambda m: m.graph.node.extend([m.graph.node[0]])), "cannot be loaded"),
    # too much of it
    "200,000 nodes": (lambda: graph(*[MANY[k % 10] for k in range(200_000)]), "holds 200,001 nodes"),
    "25,000 nodes in a loop": (
        lambda: looped(2, body(*[MANY[k % 10] for k in range(25_000)], node("Neg", ["y"], "z"))), "holds 25,0"),
    "12,000 nodes twice": (
        lambda: looped(2, body(*MANY * 1200, node("Neg", ["y"], "z")),
                       change=lambda m: m.graph.node.extend(MANY * 1200)), "nodes, more than 20,000"),
    "twelve inputs": (lambda: graph(inputs=more_inputs()), "12 inputs"),
    # control
    "a branch": (branched, "holds If"),
    "a scan": (scanned, "holds Scan"),
    "a loop of 2^62": (lambda: looped(2**62), "holds a Loop of 4,611,"),
    "a loop of 1,001": (lambda: looped(1001), "holds a Loop of 1,001 rounds"),
    "a loop backwards": (lambda: looped(-1), "holds a Loop of -1"),
    "a loop of a constant": (
        lambda: looped(None, change=lambda m: m.graph.node.insert(
            0, node("Constant", [], "count", value=numpy_helper.from_array(np.int64(2**40))))),
        "holds a Loop of 1,099,"),
    "a loop of the label": (
        lambda: graph(node("ReduceMax", ["label"], "count", keepdims=0),
                      node("Loop", ["count", "", "x"], "denoised", body=body())), "not counted before"),
    "a loop without end": (
        lambda: graph(node("Loop", ["", "", "x"], "denoised", body=body())), "not counted before"),
    "a loop of an input": (lambda: looped(3, change=overridable), "not counted before"),
    "a loop in a loop": (lambda: looped_within(1), "Loop within a Loop"),
    "loops in loops": (lambda: looped_within(3), "graphs within graphs"),
    "a graph within Neg": (lambda: graph(node("Neg", ["x"], "denoised", body=body())), "a graph within Neg"),
    # operators
    "functions": (lambda: graph(change=with_function), "functions of its own"),
    "another domain": (lambda: graph(change=moved), "of the domain 'com.microsoft'"),
    "chance": (lambda: graph(node("RandomNormalLike", ["x"], "denoised")), "holds RandomNormalLike"),
    "a file decoded": (lambda: graph(node("ImageDecoder", ["x"], "denoised")), "holds ImageDecoder"),
    "strings": (lambda: graph(node("StringNormalizer", ["x"], "denoised")), "holds StringNormalizer"),
    "nobody's operator": (lambda: graph(node("Evil\n<b>", ["x"], "denoised")), "holds Evil"),
    # weights
    "weights elsewhere": (lambda: weighed(elsewhere()), "lie in another file"),
    "a constant elsewhere": (lambda: graph(node("Constant", [], "w", value=elsewhere()), added("w")), "another file"),
    "weights elsewhere in a loop": (
        lambda: looped(2, body(node("Add", ["y", "w"], "z"), weights=[elsewhere()])), "another file"),
    "sparse weights": (lambda: graph(change=sparse), "sparse weights"),
    "a sparse constant": (sparse_constant, "holds sparse weights"),
    "a training": (lambda: graph(change=trained), "holds a training"),
    "words as weights": (
        lambda: weighed(TensorProto(name="w", data_type=TensorProto.STRING, dims=[1], string_data=[b"a"])),
        "no number"),
    "a constant of 16 GB": (lambda: weighed(claimed(2**32)), "4294967296 numbers, which are not there"),
    "a weight below nothing": (lambda: weighed(claimed(-1, -1)), "-1 x -1 numbers"),
    "a weight of another size": (lambda: weighed(claimed(3)), "3 numbers, which are not there"),
    # memory
    "16 GB of one number": (lambda: graph(node("ConstantOfShape", ["n"], "w"), *top("w"),
                                          n=np.array([HUGE, HUGE])), "makes 65536 x 65536"),
    "an expansion": (lambda: graph(node("Expand", ["one", "n"], "w"), *top("w"), n=UP,
                                    one=np.ones((1, 1, 1, 1), np.float32)),
                     "makes 1 x 1 x 65536"),
    "tiles": (lambda: graph(node("Tile", ["x", "n"], "w"), *top("w"), n=UP),
              "makes 1 x 1 x 524288"),
    "a margin": (lambda: graph(node("Pad", ["x", "n"], "w"), *top("w"),
                               n=np.array([0, 0, HUGE, HUGE, 0, 0, 0, 0])), "makes 1 x 1 x 65544"),
    "a larger picture": (lambda: graph(node("Resize", ["x", "", "n"], "w"), *top("w"),
                                       n=np.array([1, 1, HUGE, HUGE], np.float32)), "makes 1 x 1 x 524288"),
    "an identity": (lambda: graph(node("ConstantOfShape", ["n"], "s"), node("EyeLike", ["s"], "w"),
                                  *top("w"), n=np.array([HUGE, HUGE])), "makes 65536"),
    "a wide layer": (lambda: graph(node("Conv", ["x", "w"], "y", pads=[HUGE] * 4), *top("y"),
                                   w=np.ones((1, 1, 1, 1), np.float32)), "makes 1 x 1 x 131080"),
    "a weight joined with itself": (lambda: doubled(30, "ones"), "MB"),
    "a picture joined with itself": (lambda: doubled(30, "x"), "makes 1 x 1 x 8 x"),
    "a range": (lambda: graph(node("Range", ["a", "b", "c"], "w"), *top("w"),
                              a=np.float32(0), b=np.float32(2**36), c=np.float32(1)), " MB"),
    "grows as it draws": (swollen, "more than 300 MB of memory"),
    # time
    "slow to load": (lambda: multiplied(3000, 1000, True), "was stopped, for loading it took more than"),
    "slow to draw": (lambda: multiplied(3000, 1000, False), "was stopped, for drawing with it took more than"),
    # what goes in and comes out
    "a picture of 3 x 8192 x 8192": (lambda: graph(inputs=large_input(3, 8192, 8192)), "'x' of 3 x 8192 x 8192"),
    "a picture of 9 x 9": (lambda: graph(inputs=large_input(1, 9, 9)), "draws pictures of (1, 9, 9), and its run has"),
    "a picture of nothing": (lambda: graph(inputs=large_input(1, 0, 8)), "'x', which is no array"),
    "a sequence": (lambda: graph(change=sequence), "'logsnr', which is no array"),
    "another name": (lambda: graph(inputs=[INPUTS[0], ("time", FLOAT, ["batch"]), INPUTS[2]]), "it is x, time, label"),
    "another type": (lambda: graph(inputs=[*INPUTS[:2], ("label", FLOAT, ["batch"])]), "no graph x, logsnr, label"),
    "one more output": (
        lambda: graph(node("Neg", ["x"], "more"), outputs=[("denoised", FLOAT, PICTURE), ("more", FLOAT, PICTURE)]),
        "-> denoised, more"),
    "one picture at a time": (lambda: graph(inputs=[("x", FLOAT, [1, 1, SIZE, SIZE]), *INPUTS[1:]]), "no denoiser"),
    "a free height": (lambda: graph(inputs=large_input(1, "h", "w")), "no denoiser"),
    "another height": (lambda: answering(node("Slice", ["x", "from", "to"], "denoised"), shape=None,
                                         **{"from": np.zeros(4, np.int64), "to": np.array([9999, 1, 4, 8])}),
                       "where (3, 1, 8, 8) were asked for"),
    "fewer pictures": (lambda: answering(node("Slice", ["x", "from", "to"], "denoised"), shape=None,
                                         **{"from": np.array([0]), "to": np.array([1])}), "denoised of ("),
    "no pictures": (lambda: answering(node("Slice", ["x", "from", "to"], "denoised"), shape=None,
                                      **{"from": np.array([0]), "to": np.array([0])}), "denoised of (0, 1, 8, 8)"),
    "a number for all": (lambda: answering(node("ReduceMax", ["x"], "denoised", keepdims=0), shape=None), "one number"),
    "twice as precise": (lambda: answering(node("Cast", ["x"], "denoised", to=DOUBLE), kind=DOUBLE), "denoised of"),
    "no numbers": (lambda: graph(node("Log", ["negative"], "w"), added("w"), negative=np.float32(-1)), "not a number"),
    "places that are not there": (
        lambda: graph(node("Gather", ["w", "label"], "y"), added("y"), w=np.ones(1, np.float32)), "ask for fewer"),
    # what it says of itself
    "metadata 50 million deep": (lambda: graph(told={"classes": "[" * 50_000_000}), "50,000,0"),
    "metadata 50,000 deep": (lambda: graph(told={"classes": "[" * 50_000}), "nested more than 8 deep"),
    "100,000 classes": (lambda: graph(classes=["c"] * 100_000), "characters about itself"),
    "10,000 classes": (lambda: graph(classes=["c"] * 10_000), "names 10,000 classes, and its run has 3"),
    "no class": (lambda: graph(classes=[]), "names 0 classes"),
    "classes that are none": (lambda: graph(classes=None), "does not name its classes"),
    "guidance of words": (
        lambda: graph(inputs=[*INPUTS, ("guidance", FLOAT, ["batch"])], told={"guidance": "[1]"}), "guidance scales"),
}  # fmt: skip

"""What is looked at in a graph from elsewhere before ONNX Runtime parses it, in the process that will load it.

Each refusal is a predicate, "holds If, which no graph here may"; whoever asked says whose graph it is and what helps.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from firstlight.errors import GraphError
from firstlight.untrusted.operators import LOOP, OPERATORS

if TYPE_CHECKING:
    import onnx

MOST_NODES = 20_000
MOST_ROUNDS = 1000  # of a Loop
MOST_VALUES = 2**22  # numbers of one picture, or of any other input: 3 x 1024 x 1024 are fewer
MOST_BYTES = 2**28  # of one tensor on the way, for one picture
MOST_INPUTS, MOST_AXES = 8, 6
MOST_METADATA, MOST_DEPTH = 100_000, 8  # characters; brackets within brackets
SMALL = 1000  # numbers: a constant that may be a shape
DOMAINS = ("", "ai.onnx")
TYPES = {1: 4, 2: 1, 3: 1, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}  # number of a type: its bytes
NAMES = {1: "float", 6: "int32", 7: "int64", 10: "float16", 11: "double"}  # as ONNX Runtime calls them

Signature = tuple[dict[str, str], list[str]]  # inputs and their types, outputs


def inspect(content: bytes, signatures: Sequence[Signature] = ()) -> None:
    """Raises GraphError unless a graph has one of the `signatures`, if any, and holds nothing that it may not."""
    model = _parsed(content)
    _check_metadata(model)
    nodes = list(_nodes(model.graph))
    _check_operators(model, nodes)
    _check_tensors(model, nodes)
    _check_values(model.graph)
    if signatures:
        _check_signature(model.graph, signatures)
    for loop in (node for node in nodes if node.op_type == LOOP):
        _check_loop(model.graph, loop)
    _check_sizes(model)


def _parsed(content: bytes) -> "onnx.ModelProto":
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError, RuntimeError) as error:
        raise GraphError("is no ONNX graph") from error
    if not model.graph.node or not model.graph.output:
        raise GraphError("is no ONNX graph: it is empty")
    return model


def _check_metadata(model: "onnx.ModelProto") -> None:
    held = [text for entry in model.metadata_props for text in (entry.key, entry.value)]
    count = sum(map(len, held))
    if count > MOST_METADATA:
        raise GraphError(f"says {count:,} characters about itself, more than {MOST_METADATA:,}")
    if any(_depth(text) > MOST_DEPTH for text in held):
        raise GraphError(f"says something about itself that is nested more than {MOST_DEPTH} deep")


def _depth(text: str) -> int:
    """Brackets within brackets, at most; those inside strings count too."""
    depth = deepest = 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return deepest


def _nodes(graph: "onnx.GraphProto", inside: int = 0) -> Iterator["onnx.NodeProto"]:
    """Every node, those inside others too. Raises GraphError for too many."""
    if inside > 2:
        raise GraphError("holds graphs within graphs within graphs")
    for count, node in enumerate(graph.node):
        if count >= MOST_NODES:
            raise GraphError(f"holds {len(graph.node):,} nodes, more than {MOST_NODES:,}")
        yield node
        for attribute in node.attribute:
            for body in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs):
                yield from _nodes(body, inside + 1)


def _check_operators(model: "onnx.ModelProto", nodes: list["onnx.NodeProto"]) -> None:
    if len(nodes) > MOST_NODES:
        raise GraphError(f"holds {len(nodes):,} nodes, more than {MOST_NODES:,}")
    if model.functions:
        raise GraphError("holds functions of its own, which no graph here may")
    if model.training_info or model.graph.sparse_initializer:
        raise GraphError("holds a training, or sparse weights, which no graph here may")
    for node in nodes:
        if node.domain not in DOMAINS:
            raise GraphError(f"holds {node.op_type[:40]!r} of the domain {node.domain[:40]!r}, which no graph here may")
        if node.op_type not in OPERATORS and node.op_type != LOOP:
            raise GraphError(f"holds {node.op_type[:40]}, which no graph here may")
        bodies = [each for each in node.attribute if each.HasField("g") or each.graphs]
        if bodies and node.op_type != LOOP:
            raise GraphError(f"holds a graph within {node.op_type}, which no graph here may")


def _check_tensors(model: "onnx.ModelProto", nodes: list["onnx.NodeProto"]) -> None:
    """Weights lie in the file, are numbers, and are as many as they say."""
    graphs = [model.graph, *(each.g for node in nodes for each in node.attribute if each.HasField("g"))]
    held = [tensor for graph in graphs for tensor in graph.initializer]
    for attribute in (each for node in nodes for each in node.attribute):
        held += [*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors]
        if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
            raise GraphError("holds sparse weights, which no graph here may")
    for tensor in held:
        if tensor.data_location or tensor.external_data:
            raise GraphError("holds weights that lie in another file, which no graph here may")
        if tensor.data_type not in TYPES:
            raise GraphError(f"has weights of the type {tensor.data_type}, which is no number")
        numbers = math.prod(tensor.dims)
        right = len(tensor.raw_data) == numbers * TYPES[tensor.data_type] or not tensor.raw_data
        if min(tensor.dims, default=0) < 0 or not right or numbers > tensor.ByteSize():
            raise GraphError(f"says that a weight is {_times(tensor.dims)} numbers, which are not there")


def _check_values(graph: "onnx.GraphProto") -> None:
    """What goes in and comes out is as large as pictures are."""
    given = _inputs(graph)
    if not 1 <= len(given) <= MOST_INPUTS or len(graph.output) > MOST_INPUTS:
        raise GraphError(f"has {len(given)} inputs and {len(graph.output)} outputs, and at most {MOST_INPUTS} may be")
    for value in (*given, *graph.output):
        dims = value.type.tensor_type.shape.dim
        sizes = [dim.dim_value for dim in dims if dim.HasField("dim_value")]
        if not value.type.HasField("tensor_type") or len(dims) > MOST_AXES or any(size < 1 for size in sizes):
            raise GraphError(f"takes or gives {value.name[:40]!r}, which is no array of numbers")
        if math.prod(sizes) > MOST_VALUES:
            raise GraphError(
                f"takes or gives {value.name[:40]!r} of {_times(sizes)} numbers, more than {MOST_VALUES:,}"
            )


def _check_signature(graph: "onnx.GraphProto", signatures: Sequence[Signature]) -> None:
    found = {value.name: f"tensor({NAMES.get(value.type.tensor_type.elem_type, '?')})" for value in _inputs(graph)}
    outputs = [value.name for value in graph.output]
    if not any((found, outputs) == (dict(inputs), list(given)) for inputs, given in signatures):
        inputs, given = signatures[0]
        kind = f"{', '.join(inputs)} -> {', '.join(given)}"
        raise GraphError(f"is no graph {kind}: it is {_listed(found)} -> {_listed(outputs)}")


def _check_loop(graph: "onnx.GraphProto", loop: "onnx.NodeProto") -> None:
    """A loop in the graph itself, whose count is a constant."""
    import onnx

    if loop not in list(graph.node):
        raise GraphError("holds a Loop within a Loop, which no graph here may")
    count = loop.input[0] if loop.input else ""
    told = [tensor for tensor in graph.initializer if tensor.name == count]
    made = [node for node in graph.node if count in node.output and node.op_type == "Constant"]
    told += [each.t for node in made for each in node.attribute if each.name == "value"]
    free = count in [value.name for value in graph.input]
    rounds = onnx.numpy_helper.to_array(told[0]).ravel().tolist() if len(told) == 1 and not free else []
    if len(rounds) != 1 or not 0 <= rounds[0] <= MOST_ROUNDS:
        said = f"{rounds[0]:,} rounds" if len(rounds) == 1 else "rounds that are not counted before"
        raise GraphError(f"holds a Loop of {said}, and at most {MOST_ROUNDS:,} may be")


def _check_sizes(model: "onnx.ModelProto") -> None:
    """No tensor on the way is larger than a limit, as far as that can be told; spoils the model.

    Of one picture: each axis of free length counts as one. What cannot be told beforehand meets the limit of memory.
    """
    import onnx

    graph = model.graph
    weights = list(graph.initializer)
    del graph.value_info[:], graph.initializer[:]
    known = {value.name for value in graph.input}
    for tensor in weights:
        if math.prod(tensor.dims) <= SMALL:
            graph.initializer.append(tensor)
        elif tensor.name not in known:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    for value in graph.input:
        for dim in value.type.tensor_type.shape.dim:
            dim.dim_value = dim.dim_value or 1
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        found = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # a graph that makes no sense, which ONNX Runtime will say
        return
    for value in (*found.value_info, *found.output):
        sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim if dim.HasField("dim_value")]
        if math.prod(sizes) * TYPES.get(value.type.tensor_type.elem_type, 8) > MOST_BYTES:
            raise GraphError(f"makes {_times(sizes)} numbers on the way, more than {MOST_BYTES // 2**20} MB")


def _inputs(graph: "onnx.GraphProto") -> list[Any]:
    """What has to be given: old graphs list their weights among the inputs."""
    weights = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in weights]


def _times(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes)) or "1"


def _listed(names: Any) -> str:
    return (", ".join(names) or "nothing")[:200]

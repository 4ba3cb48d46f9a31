"""An adopted network's graph, and where its skips and its time are: found by its shape, for nobody knows their names.

A skip is a Concat along the channels that joins a picture with what convolutions have made of it. The time of a network
that knows levels of its own is what follows from the number of the level, beside the folding of its convention.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.experiments.graph_surgery import Graph, Skip, Time, read
from firstlight.graph import INPUTS
from firstlight.runtime import CPU, inference_session
from firstlight.untrusted.trust import made, ours

GATHERS, CONVOLUTIONS = ("Gather", "GatherND"), ("Conv", "ConvTranspose")


def open_guest(content: bytes, shape: tuple[int, int, int]) -> Graph:
    """An adopted denoiser's graph for pictures of this shape (C, H, W); without skips or time where none are found."""
    model = read(content)
    nodes = list(model.graph.node)
    joins = _joins(nodes)
    sizes = _sizes(model, ours(content), [nodes[place].output[0] for place in joins], shape)
    found = [(place, kept, size) for (place, kept), size in zip(joins.items(), sizes, strict=True) if size]
    finest_first = sorted({size for *_, size in found}, reverse=True)
    skips = tuple(Skip(place, finest_first.index(size), size, kept) for place, kept, size in found)
    return Graph(model, skips, _time(model, nodes), ours(content))


def _joins(nodes: list[Any]) -> dict[int, tuple[int, ...]]:
    """Every Concat along axis 1 that joins something with what convolutions made of it: place -> which inputs skip."""
    made = {name: place for place, node in enumerate(nodes) for name in node.output}
    pictured = {"x"}  # tensors that depend on the picture
    parents: list[list[int]] = []  # of each node, those that hand it such a tensor
    before: list[int] = []  # of each node a bit for every node that it depends on, itself among them
    convolved: list[int] = []  # and for every node that reaches it through a convolution
    for place, node in enumerate(nodes):
        given = [name for name in node.input if name in pictured]
        pictured |= set(node.output) if given else set()
        parents.append([made[name] for name in given if name in made])
        seen = through = 0
        for parent in parents[-1]:
            seen, through = seen | before[parent], through | convolved[parent]
        before.append(seen | 1 << place)
        convolved.append(seen if node.op_type in CONVOLUTIONS else through)

    def sources(place: int) -> Iterator[int]:
        """A tensor, and those that it is no more than a rescaled form of."""
        yield place
        while nodes[place].op_type not in CONVOLUTIONS and len(parents[place]) == 1:
            place = parents[place][0]
            yield place

    def kept(parts: list[int]) -> tuple[int, ...]:
        later = [convolved[part] for part in parts]
        return tuple(k for k, part in enumerate(parts) if any(made >> s & 1 for s in sources(part) for made in later))

    joins = {}
    for place, node in enumerate(nodes):
        channels = node.op_type == "Concat" and any(each.name == "axis" and each.i == 1 for each in node.attribute)
        if channels and all(name in pictured and name in made for name in node.input):
            joins[place] = kept([made[name] for name in node.input])
    return {place: skips for place, skips in joins.items() if skips}


def _sizes(model: Any, own: bool, names: list[str], shape: tuple[int, int, int]) -> list[int]:
    """Height of the pictures (N, C, H, H) in tensors of a graph, 0 for what is no picture: seen by running it once."""
    import onnx

    if not names:
        return []
    told = type(model)()
    told.CopyFrom(model)
    told.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    content = bytes(told.SerializeToString())
    session = inference_session(made(content) if own else content, Path("denoiser.onnx"), CPU)
    values = np.zeros((1, *shape), np.float32), np.zeros(1, np.float32), np.zeros(1, np.int64)
    found = session.run(names, dict(zip(INPUTS, values, strict=True)))
    return [value.shape[2] if value.ndim == 4 and value.shape[2] == value.shape[3] else 0 for value in found]


def _time(model: Any, nodes: list[Any]) -> Time | None:
    """Who is told the number of the level, the folding left out; None where that cannot be told apart."""
    import onnx

    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {name: node for node in nodes for name in node.output}
    chosen = [node for node in nodes if node.op_type == "ArgMin"]
    if len(chosen) != 1:
        return None
    distance = made[made[chosen[0].input[0]].input[0]] if made[chosen[0].input[0]].op_type == "Abs" else None
    tables = [constants[name] for name in (distance.input if distance is not None else ()) if name in constants]
    if len(tables) != 1:
        return None
    levels = onnx.numpy_helper.to_array(tables[0]).ravel()

    def folds(node: Any) -> bool:
        table = constants.get(node.input[0])
        return node.op_type in GATHERS and table is not None and list(table.dims) == [len(levels)]

    told = []
    for place, node in enumerate(nodes):
        if chosen[0].output[0] in node.input and not folds(node):
            after = [user for user in nodes if node.output[0] in user.input]
            if not all(map(folds, after)):
                told.append(place)
                if any(map(folds, after)):
                    return None
    return Time(chosen[0].output[0], tuple(told), tuple(map(float, levels))) if told else None

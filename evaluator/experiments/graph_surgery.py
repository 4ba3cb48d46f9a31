"""A denoiser's graph with a part of the network cut away, found by what the graph is made of.

Needs the `onnx` package and no torch: nothing is trained, and everything else computes as before.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firstlight.errors import GraphError, RunError
from firstlight.untrusted.guarded_session import parsed
from firstlight.untrusted.trust import made, ours

UP, STAYS, TIME = "unet.up.", ".shortcut.weight", "unet.time.frequencies"  # names of weights, from the network's own


@dataclass(frozen=True)
class Skip:
    """One skip connection: a Concat that joins what came up with what went down."""

    node: int  # place in the graph
    level: int  # 0 is the finest
    size: int  # height and width of what it joins
    kept: tuple[int, ...] = (1,)  # which inputs of the Concat went down


@dataclass(frozen=True)
class Time:
    """How a network is told the noise: a tensor, and the nodes that hand it to the time embedding."""

    tensor: str
    users: tuple[int, ...]
    levels: tuple[float, ...] = ()  # logSNR of the numbers that the tensor holds; empty: it holds logSNR


@dataclass(frozen=True)
class Graph:
    """A graph, opened, and where its parts are."""

    model: Any  # onnx.ModelProto
    skips: tuple[Skip, ...]
    time: Time | None  # None where it cannot be told from the rest
    ours: bool = False  # whether it needs no limits; then, what is made of it needs none either

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels that have skips, the finest first."""
        return tuple(sorted({skip.level for skip in self.skips}))

    def size(self, level: int) -> int:
        """Height and width of what the skips of a level carry."""
        return next(skip.size for skip in self.skips if skip.level == level)


def open_graph(content: bytes) -> Graph:
    """The graph of a denoiser of Firstlight's own. Raises RunError where skips or time are not to be found."""
    model = read(content)
    nodes = list(model.graph.node)
    users = {name: [user for user in nodes if name in user.input] for node in nodes for name in node.output}
    depth = max((_level(name.name) for name in model.graph.initializer if name.name.startswith(UP)), default=0)
    skips, height = [], next(given for given in model.graph.input if given.name == "x").type.tensor_type.shape.dim[-1]
    for place, node in enumerate(nodes):
        joined = [name for user in users.get(node.output[0], ()) for name in user.input if name.startswith(UP)]
        kept = [name for name in joined if name.endswith(STAYS)]
        if node.op_type == "Concat" and len(node.input) == 2 and kept:
            level = depth - _level(kept[0])
            skips.append(Skip(place, level, height.dim_value // 2 ** (level + 1)))  # 2 x 2 are folded before the first
    fed = {name for node in nodes if TIME in node.input for name in node.input}
    time = [place for place, node in enumerate(nodes) if "logsnr" in node.input and fed & set(node.output)]
    if not skips or len(time) != 1:
        raise RunError("This graph is no U-Net of Firstlight's own; export the run again with: firstlight export RUN")
    return Graph(model, tuple(skips), Time("logsnr", tuple(time)), ours(content))


def read(content: bytes) -> Any:
    """The graph as onnx holds it. Raises RunError for one that nothing here may load."""
    try:
        return parsed(content)
    except GraphError as error:
        raise RunError(f"The denoiser {error}; export the run again with: firstlight export RUN") from error


def without_skips(graph: Graph, levels: tuple[int, ...]) -> bytes:
    """The graph with zeros instead of what the skips of these levels carry."""
    import onnx

    model = _copy(graph.model)
    model.graph.initializer.append(onnx.helper.make_tensor("nothing", onnx.TensorProto.FLOAT, [], [0.0]))
    cut = [skip for skip in graph.skips if skip.level in levels]
    for skip in sorted(cut, key=lambda skip: -skip.node):  # from the end, so that the places before stay
        joined = model.graph.node[skip.node]
        for place in skip.kept:
            kept, joined.input[place] = joined.input[place], f"silent_{skip.node}_{place}"
            silence = onnx.helper.make_node("Mul", [kept, "nothing"], [joined.input[place]], f"silence_{kept}_{place}")
            model.graph.node.insert(skip.node, silence)
    return _checked(model, graph)


def with_time_at(graph: Graph, logsnr: float) -> bytes:
    """The graph whose time embedding is told `logsnr`, whatever the noise is; how x is scaled stays right.

    Of a network that knows levels of its own, the nearest of them.
    """
    import onnx

    assert graph.time is not None
    model, time = _copy(graph.model), graph.time
    places = np.abs(np.array(time.levels) - logsnr)
    kind, value = (onnx.TensorProto.INT64, int(places.argmin())) if time.levels else (onnx.TensorProto.FLOAT, logsnr)
    for name, held in (("nothing", 0), ("always", value)):
        model.graph.initializer.append(onnx.helper.make_tensor(name, kind, [], [held]))
    for place in time.users:
        inputs = model.graph.node[place].input
        inputs[:] = ["told" if name == time.tensor else name for name in inputs]
    for at, (op, given, result) in enumerate(
        (("Mul", (time.tensor, "nothing"), "zeros"), ("Add", ("zeros", "always"), "told"))
    ):
        model.graph.node.insert(
            time.users[0] + at, onnx.helper.make_node(op, list(given), [result], f"frozen_{result}")
        )
    return _checked(model, graph)


def _copy(model: Any) -> Any:
    copy = type(model)()
    copy.CopyFrom(model)
    return copy


def _checked(model: Any, graph: Graph) -> bytes:
    import onnx

    onnx.checker.check_model(model)
    content = bytes(model.SerializeToString())
    return made(content) if graph.ours else content


def _level(name: str) -> int:
    """The number behind unet.up. in the name of a weight."""
    return int(name.removeprefix(UP).split(".")[0])

"""A denoiser's graph with a part of the network cut away, found by what the graph is made of.

Needs the `onnx` package and no torch: nothing is trained, and everything else computes as before.
"""

from dataclasses import dataclass
from typing import Any

from firstlight.errors import RunError

UP, STAYS, TIME = "unet.up.", ".shortcut.weight", "unet.time.frequencies"  # names of weights, from the network's own


@dataclass(frozen=True)
class Skip:
    """One skip connection: a Concat that joins what came up with what went down."""

    node: int  # place in the graph
    level: int  # how often the picture was folded to a quarter before it: 0 is the finest


@dataclass(frozen=True)
class Graph:
    """A graph, opened, and where its parts are."""

    model: Any  # onnx.ModelProto
    skips: tuple[Skip, ...]
    time: int  # the node that hands logSNR to the time embedding

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels that have skips, the finest first."""
        return tuple(sorted({skip.level for skip in self.skips}))


def open_graph(content: bytes) -> Graph:
    """A denoiser's graph. Raises RunError where skips or time are not to be found."""
    import onnx

    model = onnx.load_from_string(content)
    nodes = list(model.graph.node)
    users = {name: [user for user in nodes if name in user.input] for node in nodes for name in node.output}
    depth = max((_level(name.name) for name in model.graph.initializer if name.name.startswith(UP)), default=0)
    skips = []
    for place, node in enumerate(nodes):
        joined = [name for user in users.get(node.output[0], ()) for name in user.input if name.startswith(UP)]
        kept = [name for name in joined if name.endswith(STAYS)]
        if node.op_type == "Concat" and len(node.input) == 2 and kept:
            skips.append(Skip(place, depth - _level(kept[0])))
    fed = {name for node in nodes if TIME in node.input for name in node.input}
    time = [place for place, node in enumerate(nodes) if "logsnr" in node.input and fed & set(node.output)]
    if not skips or len(time) != 1:
        raise RunError("This graph is no U-Net of Firstlight's own; export the run again with: firstlight export RUN")
    return Graph(model, tuple(skips), time[0])


def without_skips(graph: Graph, levels: tuple[int, ...]) -> bytes:
    """The graph with zeros instead of what the skips of these levels carry."""
    import onnx

    model = _copy(graph.model)
    model.graph.initializer.append(onnx.helper.make_tensor("nothing", onnx.TensorProto.FLOAT, [], [0.0]))
    cut = [skip for skip in graph.skips if skip.level in levels]
    for skip in sorted(cut, key=lambda skip: -skip.node):  # from the end, so that the places before stay
        joined = model.graph.node[skip.node]
        kept, joined.input[1] = joined.input[1], f"silent_{skip.node}"
        model.graph.node.insert(
            skip.node, onnx.helper.make_node("Mul", [kept, "nothing"], [f"silent_{skip.node}"], f"silence_{skip.node}")
        )
    return _checked(model)


def with_time_at(graph: Graph, logsnr: float) -> bytes:
    """The graph whose time embedding is told `logsnr`, whatever the noise is; how x is scaled stays right."""
    import onnx

    model = _copy(graph.model)
    for name, value in (("nothing", 0.0), ("always", logsnr)):
        model.graph.initializer.append(onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, [], [value]))
    embedding = model.graph.node[graph.time]
    embedding.input[list(embedding.input).index("logsnr")] = "told"
    for at, (op, given, made) in enumerate(
        (("Mul", ("logsnr", "nothing"), "zeros"), ("Add", ("zeros", "always"), "told"))
    ):
        model.graph.node.insert(graph.time + at, onnx.helper.make_node(op, list(given), [made], f"frozen_{made}"))
    return _checked(model)


def _copy(model: Any) -> Any:
    copy = type(model)()
    copy.CopyFrom(model)
    return copy


def _checked(model: Any) -> bytes:
    import onnx

    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _level(name: str) -> int:
    """The number behind unet.up. in the name of a weight."""
    return int(name.removeprefix(UP).split(".")[0])

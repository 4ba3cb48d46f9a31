"""A network in an ONNX file folded into D(x, logSNR, label) -> x̂0, node by node; onnx is imported in the call."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from firstlight.adoption.algebra import LEAST, NEARLY, fed, own_state, picture
from firstlight.adoption.nodes import Nodes, Value
from firstlight.graph import BATCH_AXIS, INPUTS, OUTPUT
from firstlight.guest_schedules import half_and_centre

if TYPE_CHECKING:
    import onnx

    from firstlight.adoption.conventions import Terms

PREFIX = "net/"  # of every name in the network's own part


@dataclass(frozen=True)
class Sockets:
    """What the network's own graph takes and gives."""

    inputs: tuple[str, ...]  # names of picture, time and, where it has one, label
    types: dict[str, str]  # of each, such as int64
    output: str
    one_time: bool  # whether a batch has one time
    number: bool  # whether that is a bare number, not a list of one


def folded(model: "onnx.ModelProto", network: Sockets, terms: "Terms") -> "onnx.ModelProto":
    """The graph, of the file's own opset."""
    from onnx import TensorProto, compose, helper

    inner = compose.add_prefix(model, PREFIX)
    g, (half, centre) = Nodes(), half_and_centre(terms.pictures)
    x, logsnr, label = (Value(g, name) for name in INPUTS)
    a, b, t = _levels(g, terms, logsnr)
    wide = g.constant([-1, 1, 1, 1], np.int64)
    a, b = (g.op("Reshape", part, wide) for part in (a, b))
    own = own_state(x, a, b, half, centre)
    given = [fed(terms, own, b), _time(g, network, t), label]
    for name, value in zip(network.inputs, given, strict=False):
        g.op("Cast", value, output=PREFIX + name, to=_element(network.types[name]))
    before = len(g.nodes)
    said = g.op("Cast", Value(g, PREFIX + network.output), to=TensorProto.FLOAT)
    y = picture(terms, said, own, a, b)
    g.op("Div", y - centre, g.constant(half), output=OUTPUT)
    picture_axes: list[Any] = [BATCH_AXIS, *terms.shape]
    kinds: dict[str, tuple[int, list[Any]]] = {
        "x": (TensorProto.FLOAT, picture_axes), "logsnr": (TensorProto.FLOAT, [BATCH_AXIS]),
        "label": (TensorProto.INT64, [BATCH_AXIS]),
    }  # fmt: skip
    graph = helper.make_graph(
        [*g.nodes[:before], *inner.graph.node, *g.nodes[before:]],
        "denoiser",
        [helper.make_tensor_value_info(name, *kind) for name, kind in kinds.items()],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, picture_axes)],
        [*g.constants, *inner.graph.initializer],
        sparse_initializer=list(inner.graph.sparse_initializer),
    )
    return helper.make_model(graph, opset_imports=inner.opset_import, functions=list(inner.functions),
                             ir_version=inner.ir_version)  # fmt: skip


def _levels(g: Nodes, terms: "Terms", logsnr: Value) -> tuple[Value, Value, Value]:
    """a, b and the network's time, (N,) each; what `algebra.levels_at` says, in nodes."""
    schedule, known = terms.schedule, terms.schedule.ours(terms.pictures)
    shift = 2 * math.log(half_and_centre(terms.pictures)[0])
    if schedule.kind == "discrete" and terms.interpolate:
        return _between(g, terms, logsnr, known, shift)
    if schedule.kind == "discrete":
        far = g.op("Abs", g.op("Reshape", logsnr, g.constant([-1, 1], np.int64)) - g.constant(known))
        place = g.op("ArgMin", far, axis=1, keepdims=0)
        a, b = (g.op("Gather", g.constant(part), place) for part in (schedule.signal, schedule.noise))
        return a, b, _share(g, terms, place)
    own, one, nothing = logsnr - shift, g.constant(1.0), g.constant(0.0)
    clean = g.op("GreaterOrEqual", logsnr, g.constant(NEARLY))
    if schedule.kind == "sigmas":
        b = g.op("Where", clean, nothing, g.op("Exp", own / -2))
        t = g.op("Log", g.op("Max", b, g.constant(LEAST))) / 4 if terms.predicts == "edm" else b
        return b * 0 + 1, b, t
    noisy = g.op("LessOrEqual", logsnr, g.constant(-NEARLY))
    b = g.op("Where", noisy, one, g.op("Where", clean, nothing, g.op("Sigmoid", own / -2)))
    return 1 - b, b, b if schedule.noise_at else 1 - b


def _between(g: Nodes, terms: "Terms", logsnr: Value, known: Any, shift: float) -> tuple[Value, Value, Value]:
    """The same at times between the network's own: the time is linear in logSNR between two of them."""
    at = g.op("Clip", logsnr, g.constant(known[-1]), g.constant(known[0]))
    reached = g.op("LessOrEqual", g.op("Reshape", at, g.constant([-1, 1], np.int64)), g.constant(known))
    count = g.op("ReduceSum", g.op("Cast", reached, to=_element("int64")), g.constant([1], np.int64), keepdims=0)
    ends = g.constant(0, np.int64), g.constant(len(known) - 2, np.int64)
    place = g.op("Clip", g.op("Sub", count, g.constant(1, np.int64)), *ends)
    above, below = (g.op("Gather", g.constant(part), place) for part in (known[:-1], known[1:]))
    whole = g.op("Cast", place, to=_element("float"))
    t = whole + (above - at) / (above - below)
    own = at - shift
    return g.op("Sigmoid", own) ** 0.5, g.op("Sigmoid", -own) ** 0.5, t / len(known) if terms.fraction else t


def _share(g: Nodes, terms: "Terms", place: Value) -> Value:
    return g.op("Cast", place, to=_element("float")) / len(terms.schedule) if terms.fraction else place


def _time(g: Nodes, network: Sockets, t: Value) -> Value:
    """The time as the file takes it: one number, one in a list, or one for each picture."""
    return g.op("Gather", t, g.constant(0 if network.number else [0], np.int64)) if network.one_time else t


def _element(name: str) -> int:
    from onnx import TensorProto

    return int(getattr(TensorProto, name.upper()))

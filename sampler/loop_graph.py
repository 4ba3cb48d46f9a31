"""A run's whole default drawing as one ONNX graph: its step in a loop, with the table of coefficients inside.

Whoever runs it elsewhere, a browser for one, computes no coefficient: one call draws the picture, or, for who watches,
as many of its steps as are asked for. The weights are in it once. Needs onnx, and no torch.
"""

from typing import Any

from sampler.generation import Settings
from sampler.session import Denoiser
from sampler.step_graph import OWN, plan_of, step_graph

OUTER = "drawing."  # begins the name of what the whole graph takes and gives
FLOAT, UINT8, INT64, BOOL = 1, 2, 7, 9  # as ONNX numbers them
Values = dict[str, tuple[int, tuple[Any, ...]]]  # name -> type and shape


def drawing_graph(content: bytes, denoiser: Denoiser, settings: Settings) -> bytes:
    """The drawing of a run whose denoiser is `content`, as a serialized graph for one picture.

    Takes state (1, C, H, W), class (1,) int64, scale (1,), first () and count () int64, the step to begin with and how
    many to take, past (J - 1, 1, C, H, W) where J > 1, and fresh (count, 1, C, H, W) where the solver adds noise.
    Returns next (1, C, H, W) and kept, the next past; image and noisy (count, H, W, C) uint8, what each step shows and
    what the network saw; and sum (count,), each no number where a pixel of its picture is none.
    """
    import onnx
    from onnx import helper, numpy_helper

    model, plan = onnx.load_model_from_string(step_graph(content, denoiser, settings)), plan_of(settings)
    body = onnx.GraphProto()
    body.CopyFrom(model.graph)
    model.graph.Clear()
    channels, height, width = denoiser.shape
    size, shown = (1, *denoiser.shape), ("count", height, width, channels)
    held: Values = {"past": (FLOAT, (plan.past, *size))} if plan.past else {}
    carried: Values = {"state": (FLOAT, size), **held}
    told: Values = {"class": (INT64, (1,)), "scale": (FLOAT, (1,)), "first": (INT64, ()), "count": (INT64, ())}
    fresh: Values = {"fresh": (FLOAT, ("count", *size))} if any(plan.fresh) else {}
    follow: Values = {"next": (FLOAT, size), **({"kept": held["past"]} if held else {})}
    frames: Values = {"image": (UINT8, shown), "noisy": (UINT8, shown), "sum": (FLOAT, ("count",))}

    _in_a_loop(body, list(carried), [*follow, *frames], bool(fresh))
    model.graph.name = "drawing"
    model.graph.initializer.append(numpy_helper.from_array(plan.rows, f"{OUTER}rows"))
    model.graph.node.append(helper.make_node(
        "Loop", [f"{OUTER}count", "", *(f"{OUTER}{name}" for name in carried)],
        [f"{OUTER}{name}" for name in (*follow, *frames)], f"{OUTER}loop", body=body,
    ))  # fmt: skip
    for values, known in ((model.graph.input, carried | told | fresh), (model.graph.output, follow | frames)):
        values.extend(helper.make_tensor_value_info(f"{OUTER}{name}", *each) for name, each in known.items())
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _in_a_loop(step: Any, carried: list[str], given: list[str], fresh: bool) -> None:
    """Make a step's graph the body of a loop: it looks up its row, and its fresh noise, by the turn that it is in."""
    from onnx import helper

    turn, go, row = f"{OUTER}turn", f"{OUTER}go", f"{OUTER}row"
    begins = [
        helper.make_node("Add", [f"{OUTER}first", turn], [row]),
        helper.make_node("Gather", [f"{OUTER}rows", row], [f"{OWN}row"]),
        *(helper.make_node("Identity", [f"{OUTER}{name}"], [f"{OWN}{name}"]) for name in ("class", "scale")),
        *([helper.make_node("Gather", [f"{OUTER}fresh", turn], [f"{OWN}fresh"])] if fresh else []),
        helper.make_node("Identity", [go], [f"{OUTER}on"]),
    ]
    nodes, inputs, outputs = list(step.node), *(_by_name(part) for part in (step.input, step.output))
    del step.node[:], step.input[:], step.output[:]
    step.node.extend([*begins, *nodes])
    step.input.extend([
        helper.make_tensor_value_info(turn, INT64, ()), helper.make_tensor_value_info(go, BOOL, ()),
        *(inputs[f"{OWN}{name}"] for name in carried),
    ])  # fmt: skip
    step.output.extend([
        helper.make_tensor_value_info(f"{OUTER}on", BOOL, ()), *(outputs[f"{OWN}{name}"] for name in given)
    ])  # fmt: skip


def _by_name(values: Any) -> dict[str, Any]:
    return {each.name: each for each in values}

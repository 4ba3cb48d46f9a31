"""One step of a run's drawing as an ONNX graph that takes a row of the stored table of coefficients.

With the noise and one row after the other it draws what `sampler.loop` draws; `sampler.loop_graph` is a loop around
it. Needs onnx, and no torch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.graph import INPUTS, OUTPUT, SCALE_INPUT
from sampler.generation import Settings
from sampler.graph_draft import GraphDraft
from sampler.guidance import scale_at
from sampler.session import Denoiser
from sampler.solvers import Table

COLUMNS = ("told", "guided", "a", "beyond", "d", "mean", "deviation", "last")  # of a row, before the weights b
OWN = "step."  # begins the name of everything that the denoiser's graph does not have already
BYTE = 127.5


@dataclass(frozen=True)
class Plan:
    """How a run draws, for who holds its step: `rows` (K, 8 + J) float32, and the K steps that take fresh noise."""

    rows: NDArray[np.float32]
    fresh: list[bool]
    past: int  # x̂0 of earlier steps that are handed from step to step: J - 1


def plan_of(settings: Settings) -> Plan:
    """The run's default drawing, row by row. Raises SamplerError for settings that make no sense."""
    table = settings.table()
    told, steps = table.told[:-1], table.steps
    low, high = settings.guidance_low, settings.guidance_high
    first = np.arange(steps) == 0
    mean, deviation = table.start
    columns = {
        "told": told,
        "guided": [scale_at(float(level), 2.0, low, high) != 1 for level in told],
        "a": table.a,
        "beyond": np.zeros(steps) if table.beyond is None else table.beyond,
        "d": table.d,
        "mean": np.where(first, mean, 0.0),
        "deviation": np.where(first, deviation, 1.0),
        "last": np.arange(steps) == steps - 1,
    }
    rows = np.column_stack([*(columns[name] for name in COLUMNS), table.b]).astype(np.float32)
    return Plan(rows, (table.d != 0).tolist(), table.b.shape[1] - 1)


def step_graph(content: bytes, denoiser: Denoiser, settings: Settings) -> bytes:
    """The step of a run whose denoiser is `content`, as a serialized graph for one picture.

    Takes state (1, C, H, W), class (1,) int64, scale (1,), row (8 + J,), past (J - 1, 1, C, H, W) where J > 1, and
    fresh (1, C, H, W) where the solver adds noise. Returns next (1, C, H, W), image and noisy (H, W, C) uint8, what the
    step shows and what the network saw; sum (), which is no number where a pixel is none; and kept, the next past.
    """
    import onnx

    model = onnx.load_model_from_string(content)
    table = settings.table()
    draft = Draft(model.graph, denoiser.shape)
    draft.inputs(table)
    if denoiser.scales:
        draft.asked_once()
    else:
        draft.asked_twice_where_guided(len(denoiser.classes))
    draft.answers(table)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


class Draft(GraphDraft):
    """A denoiser's graph, and the nodes that are put before it and behind it."""

    def __init__(self, graph: Any, shape: tuple[int, int, int]) -> None:
        super().__init__(graph, OWN)
        self.shape = shape
        self.inner = list(graph.node)
        del graph.node[:], graph.input[:], graph.output[:]
        self.state = ""  # x of this step, once it is known

    def column(self, name: str) -> str:
        """One value of the row, ()."""
        return self.node("Gather", f"{OWN}row", self.number(COLUMNS.index(name), np.int64), axis=0)

    def part(self, value: str, start: str, end: str) -> str:
        """The pictures from `start` to before `end`."""
        return self.node("Slice", value, start, end, self.number([0], np.int64))

    def inputs(self, table: Table) -> None:
        """What the step takes, and x as the first row alone makes it out of the noise."""
        picture, history = (1, *self.shape), table.b.shape[1]
        self.take(f"{OWN}state", 1, picture)
        self.take(f"{OWN}class", 7, (1,))
        self.take(f"{OWN}scale", 1, (1,))
        self.take(f"{OWN}row", 1, (len(COLUMNS) + history,))
        if history > 1:
            self.take(f"{OWN}past", 1, (history - 1, *picture))
        if table.stochastic:
            self.take(f"{OWN}fresh", 1, picture)
        self.state = self.node(
            "Add", self.column("mean"), self.node("Mul", self.column("deviation"), f"{OWN}state"), name=f"{OWN}x"
        )

    def asked_once(self) -> None:
        """A student: guidance is an input of its network."""
        one = self.number([1], np.int64)
        x, logsnr, label = INPUTS
        self.node("Identity", self.state, name=x)
        self.node("Reshape", self.column("told"), one, name=logsnr)
        self.node("Identity", f"{OWN}class", name=label)
        self.node("Identity", f"{OWN}scale", name=SCALE_INPUT)
        self.graph.node.extend(self.inner)
        self.node("Identity", OUTPUT, name=f"{OWN}said")

    def asked_twice_where_guided(self, none: int) -> None:
        """Both candidates in one batch where guidance needs them, else the one, as sampler.guidance does."""
        zero, one = self.number([0], np.int64), self.number([1], np.int64)
        plain, off, unlabelled = self.number([1.0]), self.number([0.0]), self.number([none], np.int64)
        here = self.node("Greater", self.column("guided"), self.number(0.5))
        scale = self.node("Where", here, f"{OWN}scale", plain)
        alone = self.node("Equal", scale, off)
        two = self.node("Not", self.node("Or", alone, self.node("Equal", scale, plain)))
        count = self.node("Where", two, self.number([2], np.int64), one)
        x, logsnr, label = INPUTS
        self.node("Slice", self.node("Concat", self.state, self.state, axis=0), zero, count, zero, name=x)
        self.node("Expand", self.column("told"), count, name=logsnr)
        first = self.node("Where", alone, unlabelled, f"{OWN}class")
        self.node("Slice", self.node("Concat", first, unlabelled, axis=0), zero, count, zero, name=label)
        self.graph.node.extend(self.inner)
        chosen = self.part(OUTPUT, zero, one)
        other = self.part(OUTPUT, self.node("Sub", count, one), count)
        pushed = self.node("Add", other, self.node("Mul", scale, self.node("Sub", chosen, other)))
        self.node("Where", two, pushed, chosen, name=f"{OWN}said")

    def answers(self, table: Table) -> None:
        """The step itself, as sampler.loop takes it, and what it shows."""
        said = f"{OWN}said"
        denoised, picture = self.within(said, table), (1, *self.shape)
        following = self.node("Mul", self.column("a"), self.state)
        if table.beyond is not None:
            cut = self.node("Sub", said, denoised)
            following = self.node("Add", following, self.node("Mul", self.column("beyond"), cut))
        following = self.node("Add", following, self.remembered(denoised, table.b.shape[1]))
        if table.stochastic:
            following = self.node("Add", following, self.node("Mul", self.column("d"), f"{OWN}fresh"))
        last = self.node("Greater", self.column("last"), self.number(0.5))
        shown = self.node("Where", last, following, denoised)
        channels, height, width = self.shape
        self.give(f"{OWN}next", following, 1, picture)
        self.give(f"{OWN}image", self.bytes(shown), 2, (height, width, channels))
        self.give(f"{OWN}noisy", self.bytes(self.state), 2, (height, width, channels))
        self.give(f"{OWN}sum", self.node("ReduceSum", shown, keepdims=0), 1, ())

    def within(self, said: str, table: Table) -> str:
        """x̂0 as clipping leaves it, as `Table.within` does."""
        if not table.clip:
            return self.node("Identity", said)
        if not table.clip_share:
            return self.node("Clip", said, self.number(-table.clip_at), self.number(table.clip_at))
        values = int(np.prod(self.shape))
        at = (values - 1) * table.clip_share
        below, share = int(at), at - int(at)
        flat = self.node("Reshape", self.node("Abs", said), self.number([-1], np.int64))
        falling = self.node("TopK", flat, self.number([values], np.int64))
        low, high = (
            self.node("Gather", falling, self.number(values - 1 - min(place, values - 1), np.int64))
            for place in (below, below + 1)
        )
        bound = self.node("Add", low, self.node("Mul", self.number(share), self.node("Sub", high, low)))
        bound = self.node("Clip", bound, self.number(1.0), self.number(table.clip_at))
        return self.node("Clip", self.node("Div", said, bound), self.number(-1.0), self.number(1.0))

    def remembered(self, denoised: str, history: int) -> str:
        """The weighted sum of this x̂0 and those before; where there are any, they are handed on."""
        first = self.number([len(COLUMNS)], np.int64)
        weights = self.part(f"{OWN}row", first, self.number([len(COLUMNS) + history], np.int64))
        if history == 1:
            return self.node("Mul", weights, denoised)
        held = self.node("Concat", self.node("Unsqueeze", denoised, self.number([0], np.int64)), f"{OWN}past", axis=0)
        self.give(
            f"{OWN}kept",
            self.part(held, self.number([0], np.int64), self.number([history - 1], np.int64)),
            1,
            (history - 1, 1, *self.shape),
        )
        weights = self.node("Reshape", weights, self.number([history, 1, 1, 1, 1], np.int64))
        return self.node("ReduceSum", self.node("Mul", weights, held), self.number([0], np.int64), keepdims=0)

    def bytes(self, picture: str) -> str:
        """A picture (1, C, H, W) in [-1, 1] as (H, W, C) uint8."""
        one = self.number(1.0)
        cut = self.node("Clip", picture, self.number(-1.0), one)
        scaled = self.node("Round", self.node("Mul", self.node("Add", cut, one), self.number(BYTE)))
        turned = self.node("Transpose", scaled, perm=[0, 2, 3, 1])
        flat = self.node("Squeeze", turned, self.number([0], np.int64))
        return self.node("Cast", flat, to=2)

"""Forks of a stored trajectory: many ways on from one x_t, drawn now, and what they end as.

The seam is here because a solver without noise has one continuation only: a fork adds fresh noise at every step, over
the levels that the run has left, whatever drew the trajectory. x_t is the stored one, in 256 grey levels from -3 to 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dashboard import generation
from dashboard.components import elements, inputs, progress
from dashboard.data import archive
from dashboard.format import number, share
from dashboard.generation import Verdicts
from dashboard.pictures.plate import Bytes, plate
from dashboard.trajectory import chart
from dashboard.trajectory.stored import Followed
from evaluator.recognizability.judge_frames import decode
from evaluator.stats.intervals import wilson
from firstlight.errors import JudgeError, SamplerError
from firstlight.schema import X_RANGE
from sampler.generation import Progress, Settings, continued, settings_of
from sampler.noise import Pictures
from sampler.session import Denoiser

CONTINUATIONS = 16
MOST = 64
MOST_STEPS = 32  # of one continuation: a run of 150 steps is continued in every second or third
FRESH = 2**40  # seeds from here on: no trajectory begins with them, so fresh noise is fresh
ACROSS, SCALE = 8, 3  # pictures beside each other, and how much they are enlarged
TOLD = ("the class", "no label")


@dataclass(frozen=True)
class Fork:
    """What to draw: from where, how often, and what the network is told."""

    run: str
    sample: int
    label: int  # the class that the trajectory was drawn for
    name: str  # of that class
    step: int
    steps: int  # of the trajectory
    logsnr: float
    told: bool  # the class, or no label (c_mask = 0)
    count: int
    seed: int

    @property
    def seeds(self) -> list[int]:
        return [FRESH + MOST * self.seed + place for place in range(self.count)]


@dataclass(frozen=True)
class Forked:
    """The continuations of a fork, judged where there is a judge."""

    fork: Fork
    classes: tuple[str, ...]
    solver: str  # of the trajectory
    drawn: Progress  # its images are (N, H, W, C)
    verdicts: Verdicts | None
    remark: str = ""

    @property
    def other(self) -> NDArray[np.bool_]:
        """Continuations that the judge takes for another class than the trajectory's, (N,)."""
        return self.verdicts.top != self.fork.label if self.verdicts else np.zeros(self.fork.count, bool)

    @property
    def stay(self) -> int:
        """How many it takes for the trajectory's class."""
        return int((~self.other).sum())


def begin() -> None:
    """The scrubber's button was pressed: continue from where it stands."""
    pressed = (st.session_state.get("scrubber") or {}).get("fork")
    if isinstance(pressed, str) and pressed.isdecimal() and len(pressed) < 6:
        st.session_state["from"] = int(pressed)
        st.session_state["fork"] = True


def section(run: pd.Series, found: Followed, classes: Sequence[str], step: int) -> None:
    """The form, the drawing while it goes on, and the last fork of this trajectory."""
    last = int(found.frames["step"].iloc[-1])
    if last < 1:
        return
    st.subheader("Other ways on from here", anchor=False)
    answer = st.container()
    name = classes[int(found.row["label"])]
    with st.form("forking", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        own = f"{run['run']} {last}"
        start = inputs.entry("From step", 0, last - 1, min(step, last - 1), "from", own)
        count = inputs.entry("Continuations", 1, MOST, CONTINUATIONS, "continuations")
        seed = inputs.entry("Fresh noise", 0, 9999, 0, "fresh", help="another number, other continuations")
        told = inputs.choose("Told", TOLD, "told", help="no label: the network is not told the class, c_mask = 0")
        pressed = st.form_submit_button("Draw continuations", type="primary")
    bar, place = st.container(), st.empty()
    if pressed or st.session_state.pop("fork", False):
        frame = found.frames.iloc[(found.frames["step"].iloc[:-1] - start).abs().argmin()]
        asked = Fork(
            str(run["run"]), int(found.row["sample"]), int(found.row["label"]), name, int(frame["step"]),
            int(found.row["steps"]), float(frame["logsnr"]), told == TOLD[0], int(count), int(seed),
        )  # fmt: skip
        with archive.faults(), bar:
            st.session_state["forked"] = draw(run, found, asked, place)
    made = st.session_state.get("forked")
    if made is None or (made.fork.run, made.fork.sample) != (run["run"], found.row["sample"]):
        elements.note(
            "What would this picture have become with other noise? Draw, or press “Continue from here” above."
        )
        return
    with answer:
        elements.finding(sentence(made))
    place.image(picture(made.drawn.images, made.other), output_format="PNG", alt=sentence(made))
    if made.verdicts is not None:
        ends = endings(made.verdicts.top, made.classes)
        elements.chart(chart.endings(ends, made.fork.label), "endings", "What the continuations end as", ends)
    elements.note(how(made))


def draw(run: pd.Series, found: Followed, fork: Fork, place: DeltaGenerator) -> Forked:
    """Draw the continuations with a bar, the pictures in `place` as they form. Raises SamplerError with a sentence."""
    folder = archive.folder(run)
    net = generation.denoiser(folder)
    settings = replace(settings_of(folder), guidance=float(found.row["guidance"]))
    steps = ways_on(net, settings, stored(found, fork.step, net.shape), fork)

    def show(now: Progress) -> None:
        place.image(picture(now.images), output_format="PNG")

    last = progress.watched(generation.queued(steps), show)
    try:
        labels = np.full(fork.count, fork.label, np.int64)
        verdicts, remark = generation.judged(str(run["dataset"]), last.images, labels), ""
    except JudgeError as error:
        verdicts, remark = None, str(error)
    return Forked(fork, net.classes, str(found.row["solver"]), last, verdicts, remark)


def stored(found: Followed, step: int, shape: tuple[int, int, int]) -> Pictures:
    """The stored x_t (C, H, W) at a kept step. Raises SamplerError where it is of another size than the network's."""
    steps = found.frames["step"].tolist()
    try:
        frames: Pictures = decode(bytes(found.row["x"]), len(steps), shape, X_RANGE)
    except ValueError as error:
        raise SamplerError(f"Sample {found.row['sample']} is no picture of {shape}; trace the run again.") from error
    return np.asarray(frames[steps.index(step)])


def ways_on(net: Denoiser, settings: Settings, x: Pictures, fork: Fork) -> Iterator[Progress]:
    """The steps of all continuations of x (C, H, W) at once. Raises SamplerError."""
    label = fork.label if fork.told else len(net.classes)
    ancestral = replace(settings, solver="ddpm", eta=0.0, guidance=settings.guidance if fork.told else 1.0)
    return continued(net, [label] * fork.count, fork.seeds, ancestral, x, fork.logsnr, MOST_STEPS)


def endings(top: NDArray[np.int64], classes: Sequence[str]) -> pd.DataFrame:
    """One row for each class: how many continuations the judge takes for it, with 95 % Wilson interval and n."""
    rows = []
    for label, name in enumerate(classes):
        found = wilson(int((top == label).sum()), len(top))
        rows.append((label, name, int((top == label).sum()), found.n, found.value, found.low, found.high))
    return pd.DataFrame(rows, columns=["label", "class", "count", "n", "share", "low", "high"])


def sentence(made: Forked) -> str:
    """One sentence on how many continuations stay what they were."""
    fork = made.fork
    where = f"step {fork.step} of {fork.steps} (logSNR {number(fork.logsnr, 'logSNR')})"
    told = "the network told the class" if fork.told else "the network not told the class"
    if made.verdicts is None:
        return f"{fork.count} continuations from {where}, {told}. {made.remark}"
    stay = "stays" if made.stay == 1 else "stay"
    found = wilson(made.stay, fork.count)
    return f"{made.stay} of {fork.count} {stay} a {fork.name}, {share(found)}, continued from {where}, {told}."


def how(made: Forked) -> str:
    """How the continuations were drawn."""
    drawn = made.drawn
    marked = " An amber corner marks what the judge takes for another class." if made.other.any() else ""
    return (
        f"Drawn with {made.solver} up to here, then in ancestral steps, which add fresh noise each time: a solver "
        f"without noise has one way on only. {drawn.total} steps over the levels that the run has left, "
        f"{drawn.evaluations} evaluations of the network for each picture, {drawn.seconds:.1f} s on {drawn.provider}."
        f"{marked}"
    )


def picture(images: Bytes, other: NDArray[np.bool_] | None = None) -> bytes:
    """One PNG of all continuations (N, H, W, C), rows of 8; those marked in `other` (N,) have an amber corner."""
    across = min(len(images), ACROSS)
    down = -(-len(images) // across)
    cells = np.zeros((down * across, *images.shape[1:]), np.uint8)
    cells[: len(images)] = images
    marked = [] if other is None else [divmod(int(place), across) for place in np.flatnonzero(other)]
    return plate(cells.reshape(down, across, *images.shape[1:]), SCALE, marked=marked)

"""Forks of a stored trajectory: many ways on from one x_t, drawn now, and what they end as.

A solver without noise has one continuation only: a fork adds fresh noise at every step, over the levels that the run
has left, whatever drew the trajectory. x_t is the stored one, in 256 grey levels from -3 to 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dashboard import generation
from dashboard.components import progress_bar
from dashboard.data import archive
from dashboard.data.trajectories import Trajectory
from dashboard.generation import Verdicts
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes
from evaluator.recognizability.judge_frames import decode
from evaluator.stats.intervals import wilson
from firstlight.errors import JudgeError, RunError, SamplerError
from firstlight.levels import NEAR, nearest
from firstlight.table_schema import X_RANGE
from sampler.generation import Progress, Settings, continued, settings_of
from sampler.noise import Pictures
from sampler.session import Denoiser

MOST = 64
MOST_STEPS = 32  # of one continuation: a run of 150 steps is continued in every second or third
FRESH = 2**40  # seeds from here on: no trajectory begins with them, so fresh noise is fresh
ACROSS, SCALE = 8, 3  # pictures beside each other, and how much they are enlarged


@dataclass(frozen=True)
class Fork:
    """What to draw: from where, how often, and with or without the label."""

    run: str
    sample: int
    label: int  # the class that the trajectory was drawn for
    name: str  # of that class
    step: int
    steps: int  # of the trajectory
    logsnr: float
    with_label: bool  # the class, or no label (c_mask = 0)
    count: int
    seed: int

    @property
    def seeds(self) -> list[int]:
        return [FRESH + MOST * self.seed + place for place in range(self.count)]


@dataclass(frozen=True)
class Continuations:
    """The continuations of a fork, judged where there is a judge."""

    fork: Fork
    classes: tuple[str, ...]
    solver: str  # of the trajectory
    drawn: Progress  # its images are (N, H, W, C)
    verdicts: Verdicts | None
    remark: str = ""
    moved: float | None = None  # logSNR that x_t was taken at, where the network knows that of the fork not
    guidance: float = 1.0

    @property
    def other(self) -> NDArray[np.bool_]:
        """Continuations that the judge takes for another class than the trajectory's, (N,)."""
        return self.verdicts.top != self.fork.label if self.verdicts else np.zeros(self.fork.count, bool)

    @property
    def stay(self) -> int:
        """How many it takes for the trajectory's class."""
        return int((~self.other).sum())


def draw(run: pd.Series, trajectory: Trajectory, fork: Fork, place: DeltaGenerator) -> Continuations:
    """Draw the continuations with a bar, the pictures in `place` as they form. Raises SamplerError with a sentence."""
    folder = archive.folder(run)
    net = generation.denoiser(folder)
    settings = replace(settings_of(folder), guidance=float(trajectory.row["guidance"]))
    steps = ways_on(net, settings, stored_x(trajectory, fork.step, net.shape), fork)

    def show(now: Progress) -> None:
        place.image(picture(now.images), output_format="PNG")

    last = progress_bar.watched(generation.queued(steps, fork.count, net), show)
    try:
        labels = np.full(fork.count, fork.label, np.int64)
        verdicts, remark = generation.judged(folder, last.images, labels), ""
    except (JudgeError, RunError) as error:
        verdicts, remark = None, str(error)
    at = float(nearest(fork.logsnr, net.known))
    moved = None if abs(at - fork.logsnr) <= NEAR else at
    told, solver = _settings(settings, fork), str(trajectory.row["solver"])
    return Continuations(fork, net.classes, solver, last, verdicts, remark, moved, told.guidance)


def stored_x(trajectory: Trajectory, step: int, shape: tuple[int, int, int]) -> Pictures:
    """The stored x_t (C, H, W) at a kept step. Raises SamplerError where it is of another size than the network's."""
    steps = trajectory.frames["step"].tolist()
    try:
        frames: Pictures = decode(bytes(trajectory.row["x"]), len(steps), shape, X_RANGE)
    except ValueError as error:
        raise SamplerError(
            f"Sample {trajectory.row['sample']} is no picture of {shape}; trace the run again."
        ) from error
    return np.asarray(frames[steps.index(step)])


def ways_on(net: Denoiser, settings: Settings, x: Pictures, fork: Fork) -> Iterator[Progress]:
    """The steps of all continuations of x (C, H, W) at once. Raises SamplerError."""
    label = fork.label if fork.with_label else len(net.classes)
    ancestral = _settings(settings, fork)
    return continued(net, [label] * fork.count, fork.seeds, ancestral, x, fork.logsnr, MOST_STEPS)


def _settings(settings: Settings, fork: Fork) -> Settings:
    """Ancestral steps; without the label there is nothing to guide to."""
    return replace(settings, solver="ddpm", eta=0.0, guidance=settings.guidance if fork.with_label else 1.0)


def origin(made: Continuations) -> dict[str, object]:
    """What draws these continuations again, by the keys of the form, which may ask for others by now."""
    asked = made.fork
    return {
        "sample": asked.sample, "from": asked.step, "told": asked.name if asked.with_label else "no label",
        "fresh": asked.seed, "continuations": asked.count, "solver": "ddpm", "steps": made.drawn.total,
        "evaluations": made.drawn.evaluations, "guidance": f"{made.guidance:g}",
    }  # fmt: skip


def endings(top: NDArray[np.int64], classes: Sequence[str]) -> pd.DataFrame:
    """One row for each class: how many continuations the judge takes for it, with 95 % Wilson interval and n."""
    rows = []
    for label, name in enumerate(classes):
        count = int((top == label).sum())
        share = wilson(count, len(top))
        rows.append((label, name, count, share.n, share.value, share.low, share.high))
    return pd.DataFrame(rows, columns=["label", "class", "count", "n", "share", "low", "high"])


def picture(images: Bytes, other: NDArray[np.bool_] | None = None) -> bytes:
    """One PNG of all continuations (N, H, W, C), rows of 8; those marked in `other` (N,) have an amber corner."""
    across = min(len(images), ACROSS)
    down = -(-len(images) // across)
    cells = np.zeros((down * across, *images.shape[1:]), np.uint8)
    cells[: len(images)] = images
    marked = [] if other is None else [divmod(int(place), across) for place in np.flatnonzero(other)]
    return plate(cells.reshape(down, across, *images.shape[1:]), SCALE, marked=marked)

"""A drawing noised to every level and brought back by a network that knows them all, draw after draw."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard import generation
from dashboard.draw.networks import Teacher
from dashboard.pictures.pixels import Bytes, shown
from dashboard.turns import Waiting
from evaluator.experiments.diffusion_classifier import errors, level
from evaluator.experiments.uturn import way_back
from evaluator.judges.judge import Judge, judge_for_run
from firstlight.errors import JudgeError, RunError
from firstlight.levels import Levels, nearest
from firstlight.run_folder import Run
from sampler.generation import Settings, drawn
from sampler.noise import Noise, Pictures, noised
from sampler.session import BATCH

FIRST_SEED = 2**41  # no picture of a run begins with seeds from here on
MOST = 32  # draws of one drawing at a level
VOTES, OVERALL = 100, 200  # where the seeds of the classifier begin, at a level and at all of its window
AT_ONCE = 2  # draws that are made together
WINDOW = 5  # draws of the diffusion classifier for all levels together, with each AT_ONCE of the others
NOT_YET = -1

Tops = NDArray[np.int64]


@dataclass
class Turns:
    """What was found at every level so far; `done` of `total` parts."""

    levels: tuple[float, ...]  # rising
    grid: Levels  # of the chain that passes them
    order: tuple[int, ...]  # places of the levels, the chosen one first
    noised: Bytes  # (L, H, W, C) of the first draw
    back: Bytes  # (L, D, H, W, C)
    top: Tops  # (L, D) the judge's first choice of finished pictures
    noisy: Tops  # (L, D) the noisy judge's of x_t
    named: Tops  # (L, D) the label that explains the noise best
    error: NDArray[np.float64]  # (E, classes) of the diffusion classifier at levels of its whole window; nan: not yet
    done: int = 0

    @property
    def total(self) -> int:
        return int(-(-self.top.shape[1] // AT_ONCE) * (len(self.levels) + 1))

    def made(self, place: int) -> int:
        """Draws made at a level."""
        whole, rest = divmod(self.done, len(self.levels) + 1)
        return min(int(self.top.shape[1]), AT_ONCE * (whole + int(self.order.index(place) < rest)))


@dataclass(frozen=True)
class Judges:
    """Who says what pictures show; None where nobody knows the run's."""

    clean: Judge | None
    noisy: Judge | None
    remark: str  # why there is none


def judges(run: Run) -> Judges:
    """The judges of a run's pictures."""
    found: dict[str, Judge | None] = {"clean": None, "noisy": None}
    remark = ""
    for kind in found:
        try:
            found[kind] = judge_for_run(run, kind)
        except (JudgeError, RunError) as error:
            remark = remark or str(error)
    return Judges(found["clean"], found["noisy"], remark)


def pictured(image: Bytes) -> Pictures:
    """A picture (H, W, C) as networks and judges know it, (C, H, W) in [-1, 1]."""
    return np.asarray(image.transpose(2, 0, 1) / np.float32(127.5) - 1, np.float32)


def seen(judge: Judge | None, x: Pictures, logsnr: float | None = None) -> Tops:
    """The first choice of a judge (N,) for pictures (N, C, H, W); NOT_YET where there is no judge."""
    if judge is None:
        return np.full(len(x), NOT_YET)
    return np.asarray(judge(np.clip(x, -1, 1) if logsnr is None else x, logsnr)[0].argmax(axis=1), np.int64)


def label_for(net: Any, told: bool, top: int) -> int:
    """The label that a way back is given: none, or the class that the judge sees where it is `told` or must be.

    Of a network that must be told one where nobody knows which, its first.
    """
    return max(top, 0) if not net.no_label or (told and top != NOT_YET) else len(net.classes)


def seeds(seed: int, draws: range, first: int = 0) -> list[int]:
    """The noise of some draws, the same at every level; `first`: of the classifier's, which has noise of its own."""
    return [FIRST_SEED + 1000 * seed + first + draw for draw in draws]


def begun(teacher: Teacher, chosen: float, draws: int) -> Turns:
    """Nothing yet, at the levels that will be tried. Raises RunError where the chain passes none."""
    levels, grid = teacher.levels(chosen)
    order = sorted(range(len(levels)), key=lambda place: (abs(levels[place] - chosen), place))
    channels, height, width = teacher.net.shape
    blank = np.zeros((len(levels), draws, height, width, channels), np.uint8)
    top, noisy, named = (np.full((len(levels), draws), NOT_YET) for _ in range(3))
    none = np.full((-(-draws // AT_ONCE) * WINDOW, len(teacher.net.classes)), np.nan)
    return Turns(levels, grid, tuple(order), blank[:, 0].copy(), blank, top, noisy, named, none)


def go_on(turns: Turns, teacher: Teacher, image: Bytes, label: int, seed: int, who: Judges) -> None:
    """The next part: some draws at one level, or of the diffusion classifier at all of its window.

    A page that is left ends its part beside the one that is opened, so the same part may be made twice, to the same
    end. Raises Refused, RunError and SamplerError with a sentence.
    """
    x0, part = pictured(image), turns.done
    among, place = divmod(part, len(turns.levels) + 1)
    some = range(AT_ONCE * among, min(AT_ONCE * (among + 1), turns.top.shape[1]))
    if place < len(turns.order):
        _turn(turns, teacher, x0, label, turns.order[place], some, seed, who)
    elif (window := teacher.window) is not None:
        more = range(WINDOW * among, WINDOW * (among + 1))
        at = lambda draw, shift: nearest(level(draw, shift, window), teacher.net.known)  # noqa: E731
        turns.error[more.start : more.stop] = _asked(teacher, x0, seeds(seed, more, OVERALL), at)
    turns.done = max(turns.done, part + 1)


def _turn(
    turns: Turns, teacher: Teacher, x0: Pictures, label: int, place: int, some: range, seed: int, who: Judges
) -> None:
    """Some draws at one level: noised, looked at, brought back and looked at again."""
    net, at, own = teacher.net, turns.levels[place], seeds(seed, some)
    x = noised(x0, at, Noise(own, net.shape).start())
    labels, settings = np.full(len(own), label), Settings(solver="ddpm", guidance=1.0)
    steps = drawn(net, labels, np.array(own), settings, way_back(turns.grid, at), BATCH, x)
    last = last_of(generation.queued(steps, len(own), net))
    here = slice(some.start, some.stop)
    turns.back[place, here] = last.images
    turns.top[place, here] = seen(who.clean, np.stack([pictured(each) for each in last.images]))
    turns.noisy[place, here] = seen(who.noisy, x, at)
    if some.start == 0:
        turns.noised[place] = shown(x[0]).transpose(1, 2, 0)
    if teacher.listens:
        error = _asked(teacher, x0, seeds(seed, some, VOTES), lambda draw, shift: np.full(len(shift), at))
        turns.named[place, here] = error.argmin(axis=1)


@dataclass(frozen=True)
class Answer:
    """What the network says of some draws, `done` of `total`, as those count steps who take turns."""

    error: NDArray[np.float64]  # (done, classes)
    done: int
    total: int


def _asked(teacher: Teacher, x0: Pictures, own: list[int], at: Any) -> NDArray[np.float64]:
    """What each label makes of the noise of each draw, ‖ε − ε_c‖², (N, classes); counted as so many pictures."""

    def denoise(x: Pictures, logsnr: NDArray[np.float32], label: Tops) -> Pictures:
        some = [slice(first, first + BATCH) for first in range(0, len(x), BATCH)]
        return np.concatenate([teacher.net(x[part], logsnr[part], label[part]) for part in some])

    def asked() -> Iterator[Answer]:
        said = np.zeros((0, len(teacher.net.classes)))
        for seed in own:
            one = errors(denoise, x0[None], [seed], len(teacher.net.classes), 1, at)[..., 0]
            said = np.concatenate([said, one])
            yield Answer(said, len(said), len(own))

    return np.asarray(last_of(generation.queued(asked(), len(own), teacher.net)).error)


def last_of(steps: Generator[Any, None, None]) -> Any:
    """The last step, however long others go first."""
    *_, last = (step for step in steps if not isinstance(step, Waiting))
    return last

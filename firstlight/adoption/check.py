"""Does a network do what was said of it? A known picture is noised and denoised, in every way to read the network.

It needs no data. Told rightly, a denoiser takes off most of the noise where there is little of it, also from pictures
unlike those that it learned; told wrongly, it does worse than whoever knows only the pictures' mean and variance.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.adoption.algebra import fed, picture
from firstlight.adoption.conventions import RANGES, Terms
from firstlight.amplitude_left import amplitude_left
from firstlight.errors import RunError
from firstlight.guest_schedules import Schedule, flow
from firstlight.levels import SIGNAL_LEFT, alpha

Numbers = NDArray[np.float64]
Ask = Callable[[NDArray[Any], NDArray[Any], NDArray[np.int64]], NDArray[Any]]  # x (N, C, H, W), t (N,), label (N,)
READS = {  # what a network may predict, by the kind of its schedule
    "discrete": ("noise", "sample", "v", "score"),
    "sigmas": ("noise", "sample", "score", "edm"),
    "flow": ("velocity", "noise", "sample", "score"),
}
LEVELS = np.linspace(5.0, -3.0, 6)  # logSNR, in the network's own scale, at which pictures are noised
EACH = 4  # pictures of a kind
MOST_LABELS = 12  # of which it is asked whether they change anything
SAME = 1e-6  # of the largest answer: labels that move it less change nothing
WORST = math.log(100)  # a level counts for at most so much
FITS = math.log(0.6)  # ln of the squared error over that of mean and variance alone: what fits stays below
MEAN, SOMEWHERE, NOWHERE = 0.4, math.log(3), -0.2  # in ln: a wrong reading is so much worse, here, and never better
DRAWN, STEPS = 6, 12  # pictures drawn to see their range, and steps of each
DARK, GREY, BRIGHT = -0.5, -0.25, 1.6  # ends of drawn pictures that tell [-1, 1], or [0, 1], or nothing


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to read a network's answers."""

    predicts: str
    schedule: Schedule
    pictures: tuple[float, float]
    fraction: bool
    sigma_data: float

    def time(self, place: NDArray[Any], b: Numbers) -> NDArray[Any]:
        """What the network is told, (N,), at the places of discrete times, or at noise b."""
        if self.schedule.kind == "discrete":
            return place / len(self.schedule) if self.fraction else place
        if self.schedule.kind == "sigmas":
            return np.log(b) / 4 if self.predicts == "edm" else b
        return b if self.schedule.noise_at else 1 - b

    def unlike(self, other: "Reading") -> str:
        """What would have to be said for this reading, where the other was."""
        said = {"predicts": repr(self.predicts), "pictures": f"({self.pictures[0]:g}, {self.pictures[1]:g})",
                "fraction": repr(self.fraction)}  # fmt: skip
        parts = [f"{name}={text}" for name, text in said.items() if getattr(self, name) != getattr(other, name)]
        if self.schedule.noise_at != other.schedule.noise_at:
            parts.append(f"schedule=flow(noise_at={self.schedule.noise_at})")
        return " and ".join(parts)


def findings(ask: Ask, terms: Terms, kept: tuple[Numbers, NDArray[np.int64]] | None) -> list[str]:
    """What is odd about the network under its terms, in sentences.

    `kept` are pictures of its run, from 0 to 1, (N, C, H, W), and their labels (N,). Raises RunError, with what would
    fit, where it clearly does not do what was said of it and clearly does something else.
    """
    told = Reading(terms.predicts, terms.schedule, terms.pictures, terms.fraction, terms.sigma_data)
    kinds = [(known, np.arange(EACH) % len(terms.classes)) for known in _pictures(terms.shape)]
    errors = _errors(ask, told, [*kinds, kept] if kept else kinds)
    kind, best = min(((k, reading) for k, reading in errors), key=lambda pair: errors[pair].mean())
    said = [] if len(terms.classes) < 2 or _labels_matter(ask, told, kinds[0][0], len(terms.classes)) else [
        "Its labels change nothing: every class is drawn alike."
    ]  # fmt: skip
    if best.pictures != told.pictures and not _reaches(ask, best, terms.shape, len(terms.classes)):
        kind, best = min((pair for pair in errors if pair[1].pictures == told.pictures), key=lambda p: errors[p].mean())
    gap, error = errors[kind, told] - errors[kind, best], errors[kind, best].mean()
    if error > FITS:
        unlike = "" if kept else ", or it learned pictures unlike these: record some of its own with run.snapshot first"
        return [*said, "However its answers are read, a known picture that is noised and denoised does not come back: "
                f"it may not be trained, or its schedule is another{unlike}."]  # fmt: skip
    if gap.mean() < MEAN:
        return said
    times = f"{math.exp(gap.mean() / 2):.1f} times as far off as with {best.unlike(told)}"
    if gap.min() < NOWHERE or gap.max() < SOMEWHERE:
        return [*said, f"A known picture, noised and denoised, comes back {times}, though not at every level."]
    raise RunError(f"As the network was described, a known picture that is noised and denoised comes back {times}; say "
                   "that, or adopt it as it is with check=False (--no-check).")  # fmt: skip


def start(terms: Terms) -> list[str]:
    """That its own drawing starts from pure noise where its schedule has picture left, a sentence; else none."""
    noisiest = terms.schedule.ours(terms.pictures)[terms.drawn].min()
    return [] if alpha(noisiest) <= SIGNAL_LEFT else [
        f"Its own drawing starts from pure noise at its noisiest level, logSNR {noisiest:.2f}, where its schedule "
        f"leaves {amplitude_left(float(noisiest), terms.pictures)}: it begins with what it was not trained on. Whether "
        "that harms, its pictures tell."
    ]  # fmt: skip


def _errors(ask: Ask, told: Reading, kinds: list[Any]) -> dict[tuple[int, Reading], Numbers]:
    """For each kind of pictures and each reading, the error at each level; readings of one input share its answer."""
    heard: dict[Any, NDArray[Any]] = {}
    found: dict[tuple[int, Reading], Numbers] = {}
    for reading, (kind, (known, label)) in product(_readings(told), enumerate(kinds)):
        key = kind, reading.pictures, reading.fraction, reading.schedule.noise_at, reading.predicts == "edm"

        def once(x: Any, t: Any, c: Any, key: Any = key) -> NDArray[Any]:
            if key not in heard:
                heard[key] = _heard(ask, x, t, c)
            return heard[key]

        found[kind, reading] = _error(once, reading, known, label)
    return found


def _readings(told: Reading) -> Iterator[Reading]:
    """What was said first, and every other reading of the same levels."""
    yield told
    discrete, kind = told.schedule.kind == "discrete", told.schedule.kind
    schedules = [told.schedule] + ([flow(noise_at=1 - told.schedule.noise_at)] if kind == "flow" else [])
    for predicts, schedule, pictures, fraction in product(
        READS.get(kind, ()), schedules, RANGES, (False, True) if discrete else (told.fraction,)
    ):
        other = Reading(predicts, schedule, pictures, fraction, told.sigma_data)
        if other.unlike(told):
            yield other


def _heard(ask: Ask, x: NDArray[Any], t: NDArray[Any], label: NDArray[np.int64]) -> NDArray[Any]:
    """The network's answer; not a number where it cannot be asked so."""
    try:
        return ask(x.astype(np.float32), t, label)
    except Exception:  # whatever somebody's network raises at times that are not its own
        return np.full_like(x, np.nan)


def _error(ask: Ask, reading: Reading, known: Numbers, label: NDArray[np.int64]) -> Numbers:
    """ln of the squared error of pictures that are noised and denoised over that of mean and variance alone, (L,)."""
    low, high = reading.pictures
    y = low + (high - low) * known.astype(np.float64)
    place, a, b = _levels(reading.schedule, LEVELS)
    every = (len(a), *y.shape)
    a_, b_ = (np.repeat(part, len(y)).reshape(-1, 1, 1, 1) for part in (a, b))
    clean, noise = np.broadcast_to(y, every), np.random.default_rng(0).standard_normal(every)
    x = a_ * clean.reshape(-1, *y.shape[1:]) + b_ * noise.reshape(-1, *y.shape[1:])
    said = ask(fed(reading, x, b_), np.repeat(reading.time(place, b), len(y)), np.tile(label, len(a)))
    found = picture(reading, said.astype(np.float64), x, a_, b_).reshape(every)
    squared = np.nan_to_num(((found - y) ** 2).mean((1, 2, 3, 4)), nan=np.inf)
    plain = y.var() * b**2 / (a**2 * y.var() + b**2)
    return np.asarray(np.clip(np.log(squared / plain), -WORST, WORST))


def _levels(schedule: Schedule, targets: Numbers) -> tuple[NDArray[Any], Numbers, Numbers]:
    """Places (of discrete times), signal and noise, (L,) each, rising in noise, at the levels nearest to logSNRs."""
    if schedule.kind == "discrete":
        usable = np.flatnonzero((schedule.noise > 0) & (schedule.signal > 0))
        place = np.unique(usable[np.abs(schedule.logsnr[usable][:, None] - targets).argmin(0)])
        return place, schedule.signal[place], schedule.noise[place]
    if schedule.kind == "sigmas":
        b = np.unique(np.clip(np.exp(-targets / 2), max(schedule.noise[0], 1e-4), schedule.noise[-1]))
        return np.arange(len(b)), np.ones_like(b), b
    b = np.unique(1 / (1 + np.exp(targets / 2)))
    return np.arange(len(b)), 1 - b, b


def _reaches(ask: Ask, reading: Reading, shape: tuple[int, int, int], classes: int) -> bool:
    """Whether pictures that it draws in its own scale, which needs no range, lie in the range of this reading."""
    place, a, b = (part[::-1] for part in _levels(reading.schedule, np.linspace(6, -8, STEPS)))
    start = b[0] if reading.schedule.kind == "sigmas" else 1.0
    x, label = start * np.random.default_rng(1).standard_normal((DRAWN, *shape)), np.arange(DRAWN) % classes
    for k in range(len(a)):
        t = np.repeat(reading.time(place[k : k + 1], b[k : k + 1]), DRAWN)
        y = picture(reading, _heard(ask, fed(reading, x, b[k]), t, label).astype(np.float64), x, a[k], b[k])
        if k + 1 < len(a):
            x = a[k + 1] * y + b[k + 1] / b[k] * (x - a[k] * y)
    low, high = np.percentile(np.nan_to_num(y, nan=np.inf), (0.5, 99.5))
    return bool(high < BRIGHT and (-BRIGHT < low < DARK if reading.pictures[0] < 0 else low > GREY))


def _labels_matter(ask: Ask, told: Reading, known: Numbers, classes: int) -> bool:
    """Whether some label moves the network's answer at some level."""
    place, a, b = _levels(told.schedule, LEVELS)
    low, high = told.pictures
    x = a.reshape(-1, 1, 1, 1) * (low + (high - low) * known[:1])
    x = x + b.reshape(-1, 1, 1, 1) * np.random.default_rng(2).standard_normal(x.shape)
    labels, t = np.arange(min(classes, MOST_LABELS)), told.time(place, b)
    x = fed(told, x, b.reshape(-1, 1, 1, 1))
    said = np.stack([ask(x, t, np.full(len(t), label)) for label in labels])
    return bool(np.ptp(said, axis=0).max() > SAME * np.abs(said).max())


def _pictures(shape: tuple[int, int, int]) -> tuple[Numbers, Numbers]:
    """Known pictures from 0 to 1, each (EACH, C, H, W): bright strokes on black, and smooth fields of every shade."""
    channels, size, _ = shape
    rng, side = np.random.default_rng(0), (np.arange(size) + 0.5) / size
    grid, u = np.stack(np.meshgrid(side, side, indexing="ij"), -1), np.linspace(0, 1, 40)[:, None]
    waves = np.cos(np.pi * np.arange(4)[:, None] * side)  # (4, H)
    strokes, fields = np.zeros((2, EACH, *shape))
    for k in range(EACH):
        a, b, c = rng.uniform(0.15, 0.85, (3, 2))
        curve = (1 - u) ** 2 * a + 2 * u * (1 - u) * b + u**2 * c
        far = np.linalg.norm(grid[:, :, None] - curve, axis=-1).min(-1)
        strokes[k] = np.clip(2 - far / 0.045, 0, 1) * rng.uniform(0.7, 1, (channels, 1, 1))
        field = np.einsum("cij,ih,jw->chw", rng.standard_normal((channels, 4, 4)), waves, waves)
        fields[k] = (field - field.min()) / np.ptp(field)
    return strokes, fields

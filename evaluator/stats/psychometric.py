"""From when on people can name a picture: the psychometric function of their answers.

P(right) = γ + (1 − γ − ℓ) Φ((s − μ) / σ): γ = 1 / classes is guessing, ℓ the share of lapses (at most LAPSES[-1], as
Wichmann and Hill, 2001, advise), μ the place where half are named beyond guessing. People are asked at one random place
at a time, so nothing is known of when a single picture is recognized.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evaluator.stats.bootstrap import draws, ends
from evaluator.stats.intervals import Estimate, Numbers
from firstlight.errors import RunError

FEWEST = 10  # answers
FEWEST_PEOPLE = 5  # from which on the interval is over people
REPEATS = 1000
LAPSES = np.array([0.0, 0.01, 0.02, 0.04, 0.06])
MIDDLES, WIDTHS = 121, 16  # of the grid


@dataclass(frozen=True)
class Curve:
    """Shares right at some places with their 95 % band."""

    place: Numbers
    share: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True)
class Fit:
    """The function that fits best, and its bootstrap draws (repeats, 3): μ, σ, ℓ."""

    middle: Estimate  # μ; infinite: not before the end
    width: Estimate  # σ
    guess: float  # γ
    people: int
    over_people: bool  # whether the intervals are over people; else over answers, and say nothing of other people
    best: Numbers  # (3,)
    drawn: Numbers

    @property
    def n(self) -> int:
        """Answers."""
        return self.middle.n

    def curve(self, place: Numbers) -> Curve:
        """The function at places (T,)."""
        middle, width, lapse = np.concatenate([self.best[None], self.drawn]).T[..., None]
        every = chance(place, middle, width, lapse, self.guess)
        low, high = ends(every[1:], self.people if self.over_people else self.n)
        return Curve(place, every[0], low, high)


def chance(place: Numbers, middle: Numbers, width: Numbers, lapse: Numbers, guess: float) -> Numbers:
    """P(right) at places; arguments broadcast."""
    return np.asarray(guess + (1 - guess - lapse) * special.ndtr((place - middle) / width))


def fit(place: Numbers, right: NDArray[np.bool_], person: NDArray[np.generic], classes: int) -> Fit:
    """The most likely function of answers (n,) at places (n,) that rise along the process.

    Maximum likelihood on a grid, made finer along μ. Whole people are drawn for the intervals, or answers where there
    are fewer than FEWEST_PEOPLE. Raises RunError for fewer than FEWEST answers or all at one place.
    """
    known, column = np.unique(place, return_inverse=True)
    if len(place) < FEWEST or len(known) < 2:
        raise RunError(f"{len(place)} answers are too few for a curve; give at least {FEWEST}, at different steps.")
    names, member = np.unique(person, return_inverse=True)
    people = len(names)
    over_people = people >= FEWEST_PEOPLE
    cluster = member if over_people else np.arange(len(place))
    count = people if over_people else len(place)
    cells = 2 * len(known)  # right or wrong, at which place
    cell = cluster * cells + column + np.where(right, 0, len(known))
    sums = np.bincount(cell, minlength=count * cells).reshape(count, cells).astype(np.float32)
    counts = np.concatenate([sums.sum(axis=0, keepdims=True), draws(count, repeats=REPEATS) @ sums])
    fits = _likeliest(counts, known, 1 / classes)
    low, high = ends(fits[1:], count)
    middle, width = (Estimate(float(fits[0][k]), float(low[k]), float(high[k]), len(place)) for k in (0, 1))
    return Fit(middle, width, 1 / classes, people, over_people, fits[0], fits[1:])


def _likeliest(counts: NDArray[np.float32], known: Numbers, guess: float) -> Numbers:
    """μ, σ and ℓ for each row of counts (R, 2 U): right at each of U places, then wrong."""
    span = float(known[-1] - known[0])
    middles = np.linspace(known[0], known[-1], MIDDLES)
    widths = np.geomspace(span / 50, span, WIDTHS)
    grid = [part.ravel() for part in np.meshgrid(middles, widths, LAPSES, indexing="ij")]
    right = np.clip(chance(known[:, None], grid[0], grid[1], grid[2], guess), 1e-9, 1 - 1e-9)
    table = np.concatenate([np.log(right), np.log1p(-right)]).astype(np.float32)  # (2 U, grid)
    rows = []
    for part in np.array_split(counts, max(1, len(counts) // 250)):
        likely = (part @ table).reshape(len(part), MIDDLES, -1)
        best = likely.reshape(len(part), -1).argmax(axis=1)
        rows.append(np.stack([_finer(likely, best, middles), grid[1][best], grid[2][best]], axis=1))
    return np.concatenate(rows)


def _finer(likely: NDArray[np.float32], best: NDArray[np.int64], middles: Numbers) -> Numbers:
    """μ of each row: the top of the parabola through the best place and its neighbours; infinite at the last place."""
    row, (at, other) = np.arange(len(best)), np.divmod(best, likely.shape[2])
    inner = np.clip(at, 1, len(middles) - 2)
    before, top, after = (likely[row, inner + turn, other].astype(np.float64) for turn in (-1, 0, 1))
    bend = before - 2 * top + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    moved = middles[inner] + np.clip(shift, -1, 1) * (middles[1] - middles[0])
    return np.where(at == len(middles) - 1, math.inf, np.where(at == 0, middles[0], moved))

"""Which classes are really earlier than others: an order with what it cannot tell apart.

Every comparison is paired on the noise seed and corrected for how many there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evaluator.recognizability.censoring import restricted
from evaluator.recognizability.incidence import Omnibus, omnibus, paired
from evaluator.recognizability.points import Points
from evaluator.stats.bootstrap import drawn_sums, ends, small_sample
from evaluator.stats.intervals import Estimate, Numbers
from evaluator.stats.permutation_tests import LEVEL, flipped, holm
from firstlight.interval_text import listed


@dataclass(frozen=True)
class Place:
    """A class in the order of the restricted means, earliest first."""

    label: int
    rank: int
    low: int  # the ranks it may have: a 95 % interval
    high: int
    mean: Estimate  # of R, on the axis of the ranking; "never" counts as the end


@dataclass(frozen=True)
class Pair:
    """Two classes, the one with the earlier mean first."""

    first: int
    second: int
    difference: Estimate  # second minus first, of the restricted means; n: noise seeds that have both
    p: float
    holm: float  # p, corrected for all pairs

    @property
    def apart(self) -> bool:
        """Whether the two can be told apart."""
        return self.holm <= LEVEL


@dataclass(frozen=True)
class Ranking:
    """The order, every comparison, and what it cannot tell apart."""

    rows: tuple[Place, ...]  # earliest first
    pairs: tuple[Pair, ...]
    omnibus: Omnibus
    groups: tuple[tuple[int, ...], ...]  # neighbours in the order of which no two can be told apart, as many as fit


def ranking(points: Points, axis: str = "percent") -> Ranking:
    """All classes that have samples, by their restricted means along an axis: "percent" or "logsnr".

    Pairs: the mean difference within noise seeds, by random sign flips, Holm's correction over all pairs. Ranks: a
    class ranks behind every class that is earlier by more than the joint bootstrap's critical value of the largest
    studentized difference to any class (Mogstad, Romano, Shaikh and Wilhelm, 2024, "Inference for ranks"); quantiles
    of bootstrapped ranks would be wrong where classes are close.
    """
    labels, table = paired(restricted(points, axis), points)
    order = np.argsort(np.nanmean(table, axis=0), kind="stable")
    labels, table = [labels[i] for i in order], table[:, order]
    means, drawn = bootstrapped(table)
    low, high = ends(drawn, len(table))
    ranks = rank_intervals(means, drawn, len(table))
    seeds = np.isfinite(table).sum(axis=0)
    rows = tuple(
        Place(label, i + 1, *ranks[i], Estimate(float(means[i]), float(low[i]), float(high[i]), int(seeds[i])))
        for i, label in enumerate(labels)
    )
    pairs = compared(labels, table, drawn)
    return Ranking(rows, pairs, omnibus(points), alike(labels, pairs))


def bootstrapped(table: Numbers) -> tuple[Numbers, Numbers]:
    """Means (G,) of a table of seeds (C, G) that may hold nan, and their joint bootstrap draws (repeats, G)."""
    there = np.isfinite(table)
    means = np.nanmean(table, axis=0)
    parts = np.concatenate([np.where(there, table - means, 0.0), there], axis=1)
    total, count = np.split(drawn_sums(parts), 2, axis=1)
    return means, np.asarray(means + total / np.maximum(count, 1), np.float64)  # a class that no drawn seed has stays


def rank_intervals(means: Numbers, drawn: Numbers, seeds: int) -> list[tuple[int, int]]:
    """The 95 % interval of each rank, from means (G,) and their joint draws (repeats, G); all ranks for one seed."""
    groups = len(means)
    if seeds < 2 or groups < 2:
        return [(1, groups)] * groups
    later = means[None, :] - means[:, None]  # (G, G), of the second
    moved = drawn - means
    spread = np.sqrt(np.maximum(_of_differences(np.cov(moved, rowvar=False)), 1e-18))
    largest = np.empty_like(moved)  # studentized difference to any other class, in each draw
    for i in range(groups):
        largest[:, i] = (np.abs(moved - moved[:, [i]]) / spread[i]).max(axis=1)
    limit = np.quantile(largest, 1 - LEVEL, axis=0) * small_sample(seeds)
    beyond = later / spread / np.maximum(limit, 1e-9)[:, None]
    before, behind = (beyond < -1).sum(axis=1), (beyond > 1).sum(axis=1)
    return [(1 + int(before[i]), groups - int(behind[i])) for i in range(groups)]


def _of_differences(covariance: Numbers) -> Numbers:
    own = np.diag(covariance)
    return np.asarray(own[:, None] + own[None, :] - 2 * covariance)


def compared(labels: Sequence[int], table: Numbers, drawn: Numbers) -> tuple[Pair, ...]:
    """Every two columns of a table of seeds (C, G) whose means rise, with their joint draws (repeats, G)."""
    both = list(combinations(range(len(labels)), 2))
    if not both:
        return ()
    first, second = (np.array(side) for side in zip(*both, strict=True))
    apart = table[:, second] - table[:, first]  # (C, pairs)
    seeds = np.isfinite(apart).sum(axis=0)
    p = flipped(apart)
    corrected = holm(p)
    low, high = ends(drawn[:, second] - drawn[:, first], len(table))
    value = np.nanmean(table, axis=0)[second] - np.nanmean(table, axis=0)[first]
    return tuple(
        Pair(
            labels[first[i]],
            labels[second[i]],
            Estimate(float(value[i]), float(low[i]), float(high[i]), int(seeds[i])),
            float(p[i]),
            float(corrected[i]),
        )
        for i in range(len(both))
    )


def alike(order: Sequence[int], pairs: Sequence[Pair]) -> tuple[tuple[int, ...], ...]:
    """Neighbours in the order of which no two are apart: every run of them that cannot be made longer."""
    apart = {frozenset((pair.first, pair.second)) for pair in pairs if pair.apart}
    runs: list[tuple[int, ...]] = []
    for start in range(len(order)):
        stop = start + 1
        while stop < len(order) and not any(frozenset((order[stop], label)) in apart for label in order[start:stop]):
            stop += 1
        if not runs or order[stop - 1] not in runs[-1]:
            runs.append(tuple(order[start:stop]))
    return tuple(runs)


def sentence(found: Ranking, classes: Sequence[str]) -> str:
    """Which classes are really earlier than others, and which cannot be told apart."""
    seeds, count = found.omnibus.n, sum(pair.apart for pair in found.pairs)
    tested = f"Holm's correction at 5 %, n = {seeds:,} noise seed{'' if seeds == 1 else 's'}"
    if not count:
        return f"No class is really earlier than another ({tested})."
    together = [listed([classes[label] for label in group]) for group in found.groups if len(group) > 1]
    order = ", ".join(classes[row.label] for row in found.rows)
    text = f"From early to late {order}: {count} of {len(found.pairs)} pairs really differ ({tested})"
    return f"{text}; not to be told apart: {'; '.join(together)}." if together else f"{text}."

"""What the pictures of a sweep come to: every cell's figures with their intervals, and paired differences between laws.

All cells have the same noise: a difference between two is taken on whole noise seeds, and on the same bootstrap
draws.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator.experiments.subject import Labels
from evaluator.guidance import kernel_cas
from evaluator.guidance.judges import CLIP, CNN, Judges
from evaluator.guidance.reference import Figure, Hits, Real, ceiling, manifolds
from evaluator.guidance.sweep import Cell, pictures
from evaluator.judges.reference import Moments
from evaluator.stats.bootstrap import cluster_weights, mean, normal_interval
from evaluator.stats.frechet import frechet, moments
from evaluator.stats.intervals import Estimate, Numbers, share, share_difference, wilson

RESAMPLED = 50  # bootstrap repeats of a Fréchet distance
AGAINST = (("clip", "shuffled"),)  # laws that guide as strongly on average at one scale; no others are compared at it

Row = dict[str, Any]
Clustered = tuple[Hits, Labels]  # hits (N,), and what each is clustered on (N,)


@dataclass(frozen=True)
class CellPictures:
    """A cell's pictures, ordered by seed and label, as figures need them."""

    seed: Labels  # (N,)
    label: Labels  # (N,)
    right: dict[str, Hits]  # judge -> (N,)
    reached: dict[str, Hits]  # judge -> (N,) taken for the label on the way
    features: dict[str, NDArray[np.float32]]  # judge -> (N, F)
    mean_scale: Numbers  # (N,)
    evaluations: int
    frechet: dict[str, Numbers]  # judge -> (1 + RESAMPLED,), the value first
    named: Hits | None  # (M,) real pictures that a classifier names right that learned from these

    def accuracy(self, judge: str) -> Clustered:
        """The pictures that a judge names right."""
        return self.right[judge], self.seed

    def drift(self, judge: str) -> Clustered:
        """Of pictures taken for their label on the way, those that are not when finished."""
        reached = self.reached[judge]
        return ~self.right[judge][reached], self.seed[reached]


def cell_pictures(table: pa.Table, cell: Cell, judges: Judges, real: Real, shape: tuple[int, int, int]) -> CellPictures:
    """A cell's pictures, looked at and held against real ones. `table`: GUIDED with every image."""
    rows = table.filter(_mask(table, cell)).sort_by([("seed", "ascending"), ("label", "ascending")])
    channels, height, width = shape
    images = np.frombuffer(b"".join(rows["image"].to_pylist()), np.uint8).reshape(-1, height, width, channels)
    column = {name: rows[name].to_numpy() for name in rows.column_names if name not in ("image", "scales", "law")}
    label, seed = column["label"].astype(np.int64), column["seed"]
    features = {name: judges.look(name, pictures(images))[1] for name in real.spaces}
    far = {
        name: _resampled(features[name], seed, space.moments)
        for name, space in real.spaces.items()
        if len(label) > features[name].shape[1]  # fewer have no covariance of full rank
    }
    grey = kernel_cas.pixels(images.transpose(0, 3, 1, 2))
    return CellPictures(
        seed, label, {name: column[name] == label for name in (CNN, CLIP)},
        {name: column[f"{name}_reached"].astype(bool) for name in (CNN, CLIP)}, features,
        column["mean_scale"].astype(np.float64), int(column["evaluations"][0]), far,
        real.named(grey, label) if real.at_hand else None,
    )  # fmt: skip


def _mask(table: pa.Table, cell: Cell) -> pa.Array:
    same = (table["scale"].to_numpy() == cell.scale) & (table["steps"].to_numpy() == cell.steps)
    return pa.array(same & (np.asarray(table["law"].to_pylist()) == cell.law))


def _resampled(features: NDArray[np.float32], seed: Labels, real: Moments) -> Numbers:
    """The Fréchet distance, and those of pictures of seeds drawn anew: the same seeds for every cell."""
    weights = cluster_weights(seed, repeats=RESAMPLED)
    return np.array([frechet(moments(features, weight), real) for weight in (None, *weights)])


def rows(tried: Sequence[Cell], drawn: dict[Cell, CellPictures], real: Real) -> Iterator[Row]:
    """Every figure: of real pictures, of each cell, and of laws against others."""
    count = max(len(each.label) for each in drawn.values())
    for figure in ceiling(real, count):
        yield _row(Cell("real", math.nan, 0), figure)
    for cell in tried:
        for figure in _of_cell(drawn[cell], real):
            yield _row(cell, figure)
    for law, against in AGAINST:
        others = {cell: Cell(against, cell.scale, cell.steps) for cell in tried if cell.law == law}
        pairs = {cell: (drawn[cell], drawn[other]) for cell, other in others.items() if other in drawn}
        for cell, pair in pairs.items():
            for figure in differences([pair]):
                yield _row(cell, figure, against)
        for steps in dict.fromkeys(cell.steps for cell in pairs):
            some = [pair for cell, pair in pairs.items() if cell.steps == steps and cell.scale > 1]
            for figure in differences(some) if some else ():
                yield _row(Cell(law, math.nan, steps), figure, against)


def _row(cell: Cell, figure: Figure, against: str | None = None) -> Row:
    metric, judge, estimate = figure
    ends = {name: getattr(estimate, name) for name in ("value", "low", "high")}
    known: Row = {name: value if math.isfinite(value) else None for name, value in ends.items()}
    scale = None if math.isnan(cell.scale) else cell.scale
    where: Row = {"law": cell.law, "scale": scale, "steps": cell.steps or None, "against": against}
    return where | {"metric": metric, "judge": judge} | known | {"n": estimate.n}


def _of_cell(cell: CellPictures, real: Real) -> Iterator[Figure]:
    n = len(cell.label)
    for name in (CNN, CLIP):
        yield "accuracy", name, share(*cell.accuracy(name))
        yield "drift", name, share(*cell.drift(name))
    for name, values in cell.frechet.items():
        yield "frechet", name, normal_interval(float(values[0]), values[1:], n)
    for name, space in real.spaces.items():
        if space.features is not None:
            own, _ = real.parted(n)
            yield from manifolds(name, cell.features[name], space.features[own], cell.seed)
    if cell.named is not None:
        yield "cas", None, wilson(int(cell.named.sum()), len(cell.named))
    yield "mean_scale", None, mean(cell.mean_scale, cell.seed)
    yield "evaluations", None, Estimate(cell.evaluations, math.nan, math.nan, n)


def differences(pairs: Sequence[tuple[CellPictures, CellPictures]]) -> Iterator[Figure]:
    """What the first of each pair of cells has more than the second, on the same noise.

    Shares with Newcombe's interval for paired shares over whole seeds, of all pairs together; Fréchet distances from
    the same bootstrap draws, as the mean of the pairs' differences.
    """
    count = sum(len(cell.label) for pair in pairs for cell in pair)
    for name in (CNN, CLIP):
        yield "accuracy", name, _less([(one.accuracy(name), other.accuracy(name)) for one, other in pairs])
        yield "drift", name, _less([(one.drift(name), other.drift(name)) for one, other in pairs])
        far = [one.frechet[name] - other.frechet[name] for one, other in pairs
               if name in one.frechet and name in other.frechet]  # fmt: skip
        if far:
            apart = np.mean(far, axis=0)
            yield "frechet", name, normal_interval(float(apart[0]), apart[1:], count)
    named = [(one.named, other.named) for one, other in pairs if one.named is not None and other.named is not None]
    if named:
        real = np.arange(len(named[0][0]))
        yield "cas", None, _less([((one, real), (other, real)) for one, other in named])


def _less(pairs: Sequence[tuple[Clustered, Clustered]]) -> Estimate:
    """The share of hits of all first sides together less that of all second sides."""
    sides = [*(one for one, _ in pairs), *(other for _, other in pairs)]
    hits, clusters = (np.concatenate(part) for part in zip(*sides, strict=True))
    first = np.arange(len(hits)) < sum(len(one) for (one, _), _ in pairs)
    return share_difference(hits, clusters, first, ~first)

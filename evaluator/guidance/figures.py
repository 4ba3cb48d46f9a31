"""What the pictures of a sweep come to: every cell's figures with their intervals, and paired differences between laws.

All cells have the same noise: a difference between two is taken on whole noise seeds, and on the same bootstrap
draws."""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator.experiments.real_pictures import real_pictures
from evaluator.experiments.subject import Labels, Subject
from evaluator.guidance import kernel_cas
from evaluator.guidance.judges import CLIP, CNN, Judges
from evaluator.guidance.sweep import Cell, pictures
from evaluator.judges.reference import Moments, evenly_drawn, reference_for
from evaluator.stats.bootstrap import cluster_weights, mean, normal_interval
from evaluator.stats.distances import Numbers, balance, frechet, moments, precision_recall
from evaluator.stats.intervals import Estimate, share, share_difference, wilson
from firstlight.errors import RunError

RESAMPLED = 50  # bootstrap repeats of a Fréchet distance
FLOORS = 20  # how often as many real pictures are drawn
AGAINST = (("clip", "shuffled"), *((law, "constant") for law in ("interval", "clip", "shuffled", "cnn", "feedback")))
NOTHING = Estimate(math.nan, math.nan, math.nan, 0)

Row = dict[str, Any]
Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Space:
    """A judge's features of real pictures, every class counting the same."""

    real: Moments  # of the real test pictures
    held: NDArray[np.float32] | None  # (M, F) of the real pictures at hand, in Real's order


@dataclass(frozen=True)
class Real:
    """What pictures are held against."""

    spaces: dict[str, Space]  # of the judges whose features are known of real pictures
    labels: Labels  # (M,) of the real pictures at hand; none where there are none
    pixels: NDArray[np.float32]  # (M, pixels)
    source: str

    @property
    def at_hand(self) -> bool:
        return len(self.labels) > 0


@dataclass(frozen=True)
class Found:
    """A cell's pictures, ordered by seed and label, as figures need them."""

    seed: Labels  # (N,)
    label: Labels  # (N,)
    right: dict[str, Hits]  # judge -> (N,)
    reached: dict[str, Hits]  # judge -> (N,) taken for the label on the way
    features: dict[str, NDArray[np.float32]]  # judge -> (N, F)
    mean_scale: Numbers  # (N,)
    evaluations: int
    frechet: dict[str, Numbers] = field(default_factory=dict)  # judge -> (1 + RESAMPLED,), the value first
    named: Hits | None = None  # (M,) real pictures that a classifier names right that learned from these


def real_of(subject: Subject, judges: Judges, data: Path | None) -> Real:
    """Real pictures as both judges see them. Where none are at hand, a sentence on standard error says so."""
    nothing = np.empty((0, 0), np.float32)
    images, labels, source = np.empty((0, 1, 1, 1), np.uint8), np.empty(0, np.int64), ""
    try:
        real = real_pictures(subject.card, data)
        images, labels, source = real.images, real.labels, real.source
    except (RunError, ImportError) as error:
        print(f"Floors, precision, recall and classification accuracy are left out: {error}", file=sys.stderr)
    x = np.asarray(images / np.float32(127.5) - 1, np.float32)
    spaces = {}
    if not judges.cnn.kept:  # the reference is of all classes of the dataset
        held = judges.look(CNN, x)[1] if len(labels) else None
        spaces[CNN] = Space(reference_for(judges.cnn).moments, held)
    known = judges.clip.real
    held = judges.look(CLIP, x)[1] if len(labels) else None
    spaces[CLIP] = Space(moments(known.embeddings, balance(known.labels)), held)
    return Real(spaces, labels, kernel_cas.pixels(images) if len(labels) else nothing, source)


def found_in(table: pa.Table, cell: Cell, judges: Judges, real: Real, shape: tuple[int, int, int]) -> Found:
    """A cell's pictures, looked at and held against real ones. `table`: GUIDED with every image."""
    rows = table.filter(_mask(table, cell)).sort_by([("seed", "ascending"), ("label", "ascending")])
    channels, height, width = shape
    images = np.frombuffer(b"".join(rows["image"].to_pylist()), np.uint8).reshape(-1, height, width, channels)
    column = {name: rows[name].to_numpy() for name in rows.column_names if name not in ("image", "scales", "law")}
    label, seed = column["label"].astype(np.int64), column["seed"]
    features = {name: judges.look(name, pictures(images))[1] for name in real.spaces}
    made = Found(
        seed, label, {name: column[name] == label for name in (CNN, CLIP)},
        {name: column[f"{name}_reached"].astype(bool) for name in (CNN, CLIP)}, features,
        column["mean_scale"].astype(np.float64), int(column["evaluations"][0]),
    )  # fmt: skip
    for name, space in real.spaces.items():
        if len(label) > features[name].shape[1]:  # fewer have no covariance of full rank
            made.frechet[name] = _resampled(features[name], seed, space.real)
    if not real.at_hand:
        return made
    own, others = _learned(real, len(label))
    variance = kernel_cas.width(real.pixels[own])
    grey = kernel_cas.pixels(images.transpose(0, 3, 1, 2))
    named = kernel_cas.right(grey, label, real.pixels[others], real.labels[others], variance)
    return Found(**{**vars(made), "named": named})


def _mask(table: pa.Table, cell: Cell) -> pa.Array:
    same = (table["scale"].to_numpy() == cell.scale) & (table["steps"].to_numpy() == cell.steps)
    return pa.array(same & (np.asarray(table["law"].to_pylist()) == cell.law))


def _resampled(features: NDArray[np.float32], seed: Labels, real: Moments) -> Numbers:
    """The Fréchet distance, and those of pictures of seeds drawn anew: the same seeds for every cell."""
    weights = cluster_weights(seed, repeats=RESAMPLED)
    return np.array([frechet(moments(features, w), real) for w in (None, *weights)])


def _learned(real: Real, count: int) -> tuple[Labels, Labels]:
    """Indices of `count` real pictures to learn from, every class equally often, and of the others."""
    own = evenly_drawn(real.labels, min(count, len(real.labels) // 2), np.random.Generator(np.random.Philox(key=0)))
    return own, np.setdiff1d(np.arange(len(real.labels)), own)


def rows(tried: Sequence[Cell], found: dict[Cell, Found], real: Real) -> Iterator[Row]:
    """Every figure: of real pictures, of each cell, and of laws against others."""
    count = max(len(each.label) for each in found.values())
    yield from _ceiling(real, count)
    for cell in tried:
        for metric, judge, estimate in _of_cell(found[cell], real):
            yield _row(cell, metric, judge, estimate)
    for law, against in AGAINST:
        pairs = [
            (cell, other) for cell in tried if cell.law == law
            if (other := Cell(against, cell.scale, cell.steps)) in found
        ]  # fmt: skip
        for cell, other in pairs:
            for metric, judge, estimate in differences([found[cell]], [found[other]]):
                yield _row(cell, metric, judge, estimate, against)
        for steps in dict.fromkeys(cell.steps for cell, _ in pairs):
            some = [(found[cell], found[other]) for cell, other in pairs if cell.steps == steps and cell.scale > 1]
            if some:
                firsts, seconds = ([pair[side] for pair in some] for side in (0, 1))
                for metric, judge, estimate in differences(firsts, seconds):
                    yield _row(Cell(law, math.nan, steps), metric, judge, estimate, against)


def _row(cell: Cell, metric: str, judge: str | None, estimate: Estimate, against: str | None = None) -> Row:
    ends = {name: getattr(estimate, name) for name in ("value", "low", "high")}
    said: Row = {name: value if math.isfinite(value) else None for name, value in ends.items()}
    scale = None if math.isnan(cell.scale) else cell.scale
    where: Row = {"law": cell.law, "scale": scale, "steps": cell.steps or None, "against": against}
    return where | {"metric": metric, "judge": judge} | said | {"n": estimate.n}


def _of_cell(cell: Found, real: Real) -> Iterator[tuple[str, str | None, Estimate]]:
    """Metric, judge and estimate."""
    n = len(cell.label)
    for name in (CNN, CLIP):
        yield "accuracy", name, share(cell.right[name], cell.seed)
        had = cell.reached[name]
        yield "drift", name, share(~cell.right[name][had], cell.seed[had])
    for name, values in cell.frechet.items():
        yield "frechet", name, normal_interval(float(values[0]), values[1:], n)
    for name, space in real.spaces.items():
        if space.held is not None:
            own, _ = _learned(real, n)
            precision, recall = precision_recall(cell.features[name], space.held[own])
            yield "precision", name, wilson(round(precision * n), n)
            yield "recall", name, wilson(round(recall * len(own)), len(own))
    if cell.named is not None:
        yield "cas", None, wilson(int(cell.named.sum()), len(cell.named))
    yield "mean_scale", None, mean(cell.mean_scale, cell.seed)
    yield "evaluations", None, Estimate(cell.evaluations, math.nan, math.nan, n)


def _ceiling(real: Real, count: int) -> Iterator[Row]:
    """The same figures of as many real pictures: what perfect pictures would come to."""
    at = Cell("real", math.nan, 0)
    if not real.at_hand:
        return
    own, others = _learned(real, count)
    generator = np.random.Generator(np.random.Philox(key=1))
    for name, space in real.spaces.items():
        if space.held is None:
            continue
        drawn = [space.held[evenly_drawn(real.labels, count, generator)] for _ in range(FLOORS)]
        if count > drawn[0].shape[1]:
            floor = np.array([frechet(moments(each), space.real) for each in drawn])
            yield _row(at, "frechet", name, normal_interval(float(floor.mean()), floor, count))
        again = others[evenly_drawn(real.labels[others], count, generator)]
        precision, recall = precision_recall(space.held[again], space.held[own])
        yield _row(at, "precision", name, wilson(round(precision * len(again)), len(again)))
        yield _row(at, "recall", name, wilson(round(recall * len(own)), len(own)))
    variance = kernel_cas.width(real.pixels[own])
    named = kernel_cas.right(real.pixels[own], real.labels[own], real.pixels[others], real.labels[others], variance)
    yield _row(at, "cas", None, wilson(int(named.sum()), len(named)))


def differences(firsts: Sequence[Found], seconds: Sequence[Found]) -> Iterator[tuple[str, str | None, Estimate]]:
    """What cells have more than others, one against one, on the same noise: metric, judge and estimate.

    Shares with Newcombe's interval for paired shares over whole seeds, of several cells together; Fréchet distances
    from the same bootstrap draws, as the mean of the cells' differences.
    """
    count = sum(len(cell.label) for cell in (*firsts, *seconds))
    for name in (CNN, CLIP):
        hits, clusters, mine = _stacked([(cell.right[name], cell.seed) for cell in firsts],
                                        [(cell.right[name], cell.seed) for cell in seconds])  # fmt: skip
        yield "accuracy", name, share_difference(hits, clusters, mine, ~mine)
        left = [
            [(~cell.right[name][cell.reached[name]], cell.seed[cell.reached[name]]) for cell in side]
            for side in (firsts, seconds)
        ]
        hits, clusters, mine = _stacked(*left)
        yield "drift", name, share_difference(hits, clusters, mine, ~mine)
        pairs = [(one.frechet[name], other.frechet[name]) for one, other in zip(firsts, seconds, strict=True)
                 if name in one.frechet and name in other.frechet]  # fmt: skip
        if pairs:
            apart = np.mean([one - other for one, other in pairs], axis=0)
            yield "frechet", name, normal_interval(float(apart[0]), apart[1:], count)
    known = [(one.named, other.named) for one, other in zip(firsts, seconds, strict=True)
             if one.named is not None and other.named is not None]  # fmt: skip
    if known:
        shown = np.arange(len(known[0][0]))
        hits, clusters, mine = _stacked([(one, shown) for one, _ in known], [(other, shown) for _, other in known])
        yield "cas", None, share_difference(hits, clusters, mine, ~mine)


def _stacked(
    firsts: Sequence[tuple[Hits, Labels]], seconds: Sequence[tuple[Hits, Labels]]
) -> tuple[Hits, Labels, Hits]:
    """Hits and clusters of both sides one after the other, and which are of the first side."""
    both = [*firsts, *seconds]
    mine = np.repeat([True] * len(firsts) + [False] * len(seconds), [len(hits) for hits, _ in both])
    return np.concatenate([hits for hits, _ in both]), np.concatenate([clusters for _, clusters in both]), mine

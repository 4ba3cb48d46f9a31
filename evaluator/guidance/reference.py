"""Real pictures as both judges see them: what a sweep is held against, and what perfect pictures would come to."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.experiments.real_pictures import real_pictures
from evaluator.experiments.subject import Labels, Subject
from evaluator.guidance import kernel_cas
from evaluator.guidance.judges import CLIP, CNN, Judges
from evaluator.judges.reference import Moments, evenly_drawn, reference_for
from evaluator.stats.bootstrap import normal_interval
from evaluator.stats.frechet import balance, frechet, moments
from evaluator.stats.intervals import Estimate, share, wilson
from evaluator.stats.precision_recall import inside, radii
from firstlight.errors import RunError

FLOORS = 20  # how often as many real pictures are drawn

Figure = tuple[str, str | None, Estimate]  # metric, judge and estimate
Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Space:
    """A judge's features of real pictures, every class counting the same."""

    moments: Moments  # of the real test pictures
    features: NDArray[np.float32] | None  # (M, F) of the real pictures at hand


@dataclass(frozen=True)
class Real:
    """Real pictures at hand, M of them or none, and the judges whose features are known of real pictures."""

    spaces: dict[str, Space]
    labels: Labels  # (M,)
    pixels: kernel_cas.Pixels  # (M, pixels)
    source: str

    @property
    def at_hand(self) -> bool:
        return len(self.labels) > 0

    def parted(self, count: int) -> tuple[Labels, Labels]:
        """Indices of `count` pictures, half at most and every class equally often, and of the others."""
        half = min(count, len(self.labels) // 2)
        own = evenly_drawn(self.labels, half, np.random.Generator(np.random.Philox(key=0)))
        return own, np.setdiff1d(np.arange(len(self.labels)), own)

    def named(self, learned: kernel_cas.Pixels, labels: Labels) -> Hits:
        """Which of the others a classifier names right that has `learned` (N, pixels) with their labels (N,)."""
        own, others = self.parted(len(labels))
        variance = kernel_cas.width(self.pixels[own])
        return kernel_cas.right(learned, labels, self.pixels[others], self.labels[others], variance)


def real_of(subject: Subject, judges: Judges, data: Path | None) -> Real:
    """Real pictures as both judges see them. Where none are at hand, a sentence on standard error says so."""
    images, labels, source = np.empty((0, 1, 1, 1), np.uint8), np.empty(0, np.int64), ""
    try:
        real = real_pictures(subject.card, data)
        images, labels, source = real.images, real.labels, real.source
    except (RunError, ImportError) as error:
        print(f"Floors, precision, recall and classification accuracy are left out: {error}", file=sys.stderr)
    x = np.asarray(images / np.float32(127.5) - 1, np.float32)
    known = {CLIP: moments(judges.clip.real.embeddings, balance(judges.clip.real.labels))}
    if not judges.cnn.kept:  # the reference is of all classes of the dataset
        known = {CNN: reference_for(judges.cnn).moments} | known
    spaces = {name: Space(known[name], judges.look(name, x)[1] if len(labels) else None) for name in known}
    pixels = kernel_cas.pixels(images) if len(labels) else np.empty((0, 0), np.float32)
    return Real(spaces, labels, pixels, source)


def ceiling(real: Real, count: int) -> Iterator[Figure]:
    """The figures of `count` real pictures: what perfect pictures would come to; none where none are at hand."""
    if not real.at_hand:
        return
    own, others = real.parted(count)
    generator = np.random.Generator(np.random.Philox(key=1))
    for name, space in real.spaces.items():
        if space.features is None:
            continue
        drawn = [space.features[evenly_drawn(real.labels, count, generator)] for _ in range(FLOORS)]
        if count > drawn[0].shape[1]:
            floor = np.array([frechet(moments(each), space.moments) for each in drawn])
            yield "frechet", name, normal_interval(float(floor.mean()), floor, count)
        again = others[evenly_drawn(real.labels[others], count, generator)]
        yield from manifolds(name, space.features[again], space.features[own])
    named = real.named(real.pixels[own], real.labels[own])
    yield "cas", None, wilson(int(named.sum()), len(named))


def manifolds(
    name: str, features: NDArray[np.float32], real: NDArray[np.float32], seed: Labels | None = None
) -> Iterator[Figure]:
    """Precision of features (N, F), clustered on their noise `seed` (N,), and recall of real ones (M, F)."""
    within = inside(features, real, radii(real))
    recall = float(inside(real, features, radii(features)).mean())
    yield "precision", name, share(within, np.arange(len(within)) if seed is None else seed)
    yield "recall", name, wilson(round(recall * len(real)), len(real))

"""What the parts of an evaluation of quality will take on this machine: their sizes times what a piece takes here."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from evaluator.judges.judge import BATCH as JUDGED_AT_ONCE
from evaluator.judges.judge import Judge
from evaluator.judges.reference import FLOOR_DRAWS, SUBSET
from evaluator.stats.frechet import RESAMPLED, frechet, moments
from evaluator.stats.precision_recall import ROWS, radii
from evaluator.stats.time_ahead import seconds_of
from sampler.generation import Settings
from sampler.session import BATCH, Denoiser


def of_drawing(denoiser: Denoiser, settings: Settings, count: int) -> float:
    """Seconds to draw `count` pictures: evaluations times one of a batch, at the run's first level."""
    many = min(BATCH, count)
    x = np.random.Generator(np.random.Philox(key=0)).standard_normal((many, *denoiser.shape), np.float32)
    level = np.full(many, settings.grid()[0], np.float32)
    label = np.arange(many) % len(denoiser.classes)
    return seconds_of(lambda: denoiser(x, level, label), settings.evaluations() * count / max(many, 1))


def of_judging(judge: Judge, count: int) -> float:
    """Seconds for a judge of clean pictures to look at `count`."""
    some = np.zeros((JUDGED_AT_ONCE, *judge.shape), np.float32)
    return seconds_of(lambda: judge(some), count / JUDGED_AT_ONCE)


def of_distances(count: int, width: int) -> float:
    """Seconds for distances, precision and recall of `count` pictures in features of this width."""
    features = np.random.Generator(np.random.Philox(key=0)).standard_normal((max(count, 2), width), np.float32)
    weight, real, few = np.ones(len(features)), moments(features), features[:SUBSET]
    distances = 2 * (RESAMPLED + 1) + FLOOR_DRAWS
    manifolds = 8 * len(few) / ROWS  # of the pictures and of real ones, each with radii and points, both ways round
    parts = manifolds * len(few) / min(ROWS, len(few))
    return seconds_of(lambda: frechet(moments(features, weight), real), distances) + seconds_of(
        lambda: radii(few[:ROWS]), parts
    )


def of_fits(fits: Sequence[tuple[int, int]], shape: tuple[int, int, int], classes: int) -> float:
    """Seconds to fit classifiers to so many pictures of a shape (C, H, W), in so many epochs, each."""
    from evaluator.judges.network import BATCH as LEARNED_AT_ONCE
    from evaluator.judges.network import fit

    images = np.zeros((LEARNED_AT_ONCE, *shape), np.uint8)
    labels = np.arange(LEARNED_AT_ONCE) % classes
    fit(images, labels, classes, 1)  # loads what it needs
    every = sum(size * epochs for size, epochs in fits) / LEARNED_AT_ONCE
    return seconds_of(partial(fit, images, labels, classes, 2), every / 2, tries=1)

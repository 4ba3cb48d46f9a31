"""The pictures that a run's quality is measured on, drawn through ONNX Runtime and kept until they change.

What is finished is written down every few hundred pictures, and a longer list begins with the shorter one.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.provenance import denoiser_sha256
from evaluator.quality import price
from evaluator.stats.time_ahead import say
from firstlight import counts
from firstlight.array_cache import keep, kept
from firstlight.errors import RunError
from firstlight.remedy import denoiser_by
from firstlight.run_folder import Run
from jobs.progress_lines import counted
from jobs.shares import shares
from sampler import session
from sampler.generation import Progress, Settings, generate, settings_of
from sampler.session import BATCH

FIRST_SEED = 1_000_000  # far from the seeds of trajectories and snapshots
HELD_OUT_SEED = 500_000_000  # of pictures that choices are made by, none of which is reported
KEEP_EVERY = 8  # batches between two writes


@dataclass(frozen=True)
class Drawn:
    """Generated pictures, every class in turn, each from a seed of its own."""

    images: NDArray[np.uint8]  # (N, C, H, W)
    labels: NDArray[np.int64]  # (N,)
    settings: Settings


def draw(run: Run, per_class: int, on: str = "", first_seed: int = FIRST_SEED) -> Drawn:
    """`per_class` pictures of every class at the run's default settings, from the cache as far as it goes.

    on: where, as `jobs.shares` takes it. Raises RunError for a run without a denoiser, or for a number below 1, and
    SamplerError where it cannot draw.
    """
    if per_class < 1:
        raise RunError(f"{per_class} pictures per class are none; give --per-class a number from 1.")
    if not run.denoiser.is_file():
        raise RunError(f"{run.id} has no {run.denoiser.name}. {denoiser_by(run)}")
    denoiser, settings = session.load(run.denoiser), settings_of(run)
    count = per_class * len(denoiser.classes)
    if on:
        return drawn_in_shares(run, denoiser, settings, count, on, first_seed)
    done = len(kept(cache_path(run, settings, first_seed), np.uint8, denoiser.shape)[:count])
    steps = len(settings.table().a)
    if done < count:
        each = counts.counted(settings.evaluations(), "evaluation")
        size = f"{counts.counted(count - done, 'picture')} of {each}"
        say(f"drawing {run.id}", size, price.of_drawing(denoiser, settings, count - done))
    total, initial = (-(-pictures // BATCH) * steps for pictures in (count, done))
    with counted(None, f"drawing {run.id}", total, initial=initial, unit="step") as bar:
        return drawn(run, denoiser, settings, count, lambda _: bar.update(), first_seed)


def drawn(
    run: Run, denoiser: session.Denoiser, settings: Settings, count: int, moved: Callable[[Progress], object],
    first_seed: int = FIRST_SEED,
) -> Drawn:  # fmt: skip
    """`count` pictures of the run's denoiser at these settings, every class in turn, from the cache as far as it goes.

    `moved` is told of every step drawn. Raises SamplerError where it cannot draw.
    """
    labels = np.arange(count) % len(denoiser.classes)
    cache = cache_path(run, settings, first_seed)
    done = kept(cache, np.uint8, denoiser.shape)[:count]
    while len(done) < count:
        until = min(len(done) + KEEP_EVERY * BATCH, count)
        seeds = range(first_seed + len(done), first_seed + until)
        for step in generate(denoiser, labels[len(done) : until].tolist(), seeds, settings):
            moved(step)
            images = step.images
        done = np.concatenate([done, images.transpose(0, 3, 1, 2)])
        keep(cache, done)
    return Drawn(done, labels, settings)


def drawn_in_shares(
    run: Run, denoiser: session.Denoiser, settings: Settings, count: int, on: str, first_seed: int
) -> Drawn:  # fmt: skip
    """What `drawn` gives, by workers: each draws the pictures between two writes of the cache."""
    labels, cache = np.arange(count) % len(denoiser.classes), cache_path(run, settings, first_seed)
    done = kept(cache, np.uint8, denoiser.shape)[:count]
    firsts = range(len(done), count, KEEP_EVERY * BATCH)
    where = Run(run.folder.resolve(), run.words)
    parts = ((where, first, min(first + KEEP_EVERY * BATCH, count), first_seed) for first in firsts)
    for images in counted(shares(on, draw_some, parts), f"drawing {run.id}", len(firsts)):
        done = np.concatenate([done, images])
        keep(cache, done)
    return Drawn(done, labels, settings)


def draw_some(run: Run, first: int, until: int, first_seed: int = FIRST_SEED) -> NDArray[np.uint8]:
    """The pictures (n, C, H, W) from number `first` up to `until`; a share of the work."""
    denoiser, settings = session.load(run.denoiser), settings_of(run)
    labels = (np.arange(first, until) % len(denoiser.classes)).tolist()
    *_, last = generate(denoiser, labels, range(first_seed + first, first_seed + until), settings)
    return last.images.transpose(0, 3, 1, 2)


def cache_path(run: Run, settings: Settings, first_seed: int = FIRST_SEED) -> Path:
    """Where pictures of this denoiser at these settings are kept; another denoiser or setting is another file."""
    key = hashlib.sha256(json.dumps([denoiser_sha256(run), settings.plain(), first_seed]).encode()).hexdigest()
    return run.cache / f"generated-{key[:16]}.npz"

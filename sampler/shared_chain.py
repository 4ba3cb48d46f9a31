"""Pictures taken up at several levels of one chain, drawn on together: at each level those that begin there join."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import SamplerError
from firstlight.levels import NEAR, Levels, nearest, onward
from sampler.generation import Progress, Settings, blank, law, to_bytes
from sampler.loop import sample
from sampler.noise import Noise, Pictures
from sampler.request import check_known, check_request
from sampler.solvers import Table

Part = tuple[NDArray[np.bool_], Table]  # which pictures (N,) take which steps


def joined(
    denoiser: Any,
    labels: Sequence[int],
    seeds: Sequence[int],
    settings: Settings,
    x: Pictures,
    logsnr: Sequence[float],
) -> Iterator[Progress]:
    """Draw on from each x_t (N, C, H, W) at a level of its own (N,), with labels and seeds, both (N,).

    Each becomes the picture that `sampler.generation.continued` draws of it, to the rounding of float32; all that take
    a step take it in one evaluation. Raises SamplerError as `continued` does, and for another number of x_t.
    """
    check_request(denoiser, labels, seeds)
    check_known(denoiser, labels, settings.guidance)
    asked = (len(labels), *denoiser.shape)
    if x.shape != asked or len(logsnr) != len(labels):
        raise SamplerError(f"x_t of {x.shape} at {len(logsnr)} levels are none of this run's; give {asked}, one each.")
    told, own = np.asarray(labels, np.int64), np.asarray(seeds, np.int64)
    return _drawn(denoiser, told, own, settings, np.array(x, np.float32), parts(settings, logsnr))


def parts(settings: Settings, logsnr: Sequence[float]) -> list[Part]:
    """Who takes which steps, in order: whoever has begun, one step after the other.

    A solver that looks back, or adds noise, takes all steps of one beginning after those of another.
    """
    starts, grid = nearest(logsnr, settings.known), settings.grid()
    chains = [settings.table(onward(grid, float(start))) for start in np.unique(starts)]
    longest = chains[0]
    on_it = all(np.abs(longest.logsnr - start).min() < NEAR for start in starts)
    if not on_it or longest.b.shape[1] > 1 or longest.stochastic:
        return [(np.abs(starts - chain.logsnr[0]) < NEAR, chain) for chain in chains]
    return [(starts < longest.logsnr[k] + NEAR, _step(longest, k)) for k in range(longest.steps)]


def _step(table: Table, k: int) -> Table:
    """One step of a table."""
    here = slice(k, k + 1)
    beyond = None if table.beyond is None else table.beyond[here]
    levels: Levels = table.logsnr[k : k + 2]
    return replace(table, logsnr=levels, a=table.a[here], b=table.b[here], d=table.d[here], beyond=beyond)


def _drawn(
    denoiser: Any,
    labels: NDArray[np.int64],
    seeds: NDArray[np.int64],
    settings: Settings,
    x: Pictures,
    some: list[Part],
) -> Iterator[Progress]:
    """The steps; a picture that has not begun is black."""
    channels, height, width = denoiser.shape
    images, end = blank((len(x), height, width, channels)), max(table.logsnr[-1] for _, table in some)
    done, total, seconds, began = 0, sum(table.steps for _, table in some), 0.0, time.perf_counter()
    for here, table in some:
        noise = Noise(seeds[here], denoiser.shape)
        noise.start()
        for step in sample(law(denoiser, labels[here], settings), x[here], table, noise.draw):
            done, last = done + 1, step.index == table.steps - 1
            images[here] = to_bytes(step.next if last and table.logsnr[-1] == end else step.denoised)
            seconds += time.perf_counter() - began
            yield Progress(done, total, images, seconds, total, denoiser.provider, denoiser.reason)
            began = time.perf_counter()
        x[here] = step.next

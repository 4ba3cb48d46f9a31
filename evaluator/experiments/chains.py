"""Ancestral chains that pass through chosen noise levels, and what follows when one is taken up in the middle."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evaluator.experiments.subject import Labels
from evaluator.theory.schedule_check import trained
from firstlight.errors import RunError
from firstlight.levels import LAST, NEAR, NOISY, Levels, known_to, levels, nearest, passing
from sampler.guidance import filled
from sampler.loop import sample
from sampler.noise import Noise, Pictures
from sampler.solvers import Table, ddpm


def grid_of(card: dict[str, Any], name: str | None, steps: int) -> Levels:
    """The levels (K+1,) of a chain: those with this name, or evenly spaced from the noisiest that the run learned.

    Of an adopted network that knows levels of its own these are moved to the nearest, so that there may be fewer.
    """
    return passing(levels(name, steps) if name else _spaced(card, steps), known_to(card))


def _spaced(card: dict[str, Any], steps: int) -> Levels:
    """Evenly spaced levels (K+1,) from the noisiest that the run learned, or that its adopted network draws from."""
    grid, config, guest = levels("logsnr", steps), card["config"], card.get("guest")
    if guest:
        own = levels(config["levels"], config["steps"])
        first, last = max(float(own[0]), NOISY), min(float(own[-2]), LAST)
        return np.append(np.linspace(first, max(last, first), steps), grid[-1]) if steps > 1 else own[[0, -1]]
    schedule = config.get("schedule")
    first = trained(str(schedule)).noisy if schedule else NOISY
    return np.append(np.linspace(first, LAST, steps), grid[-1]) if first > grid[0] and steps > 1 else grid


def ancestral(card: dict[str, Any], grid: Levels) -> Table:
    """The ancestral steps along the levels (K+1,), from where the run's own drawing begins."""
    config = card["config"]
    return replace(ddpm(grid), start=(config.get("start_mean", 0.0), config.get("start_deviation", 1.0)))


def within(grid: Levels, at: Sequence[float], chosen: bool, known: Sequence[float] = ()) -> tuple[float, ...]:
    """The levels `at`, rising, each once. Those off the chain are an error where they were `chosen`, or left out.

    Of a network that knows levels of its own, the nearest to each. Raises RunError for no levels, and for chosen ones
    that the chain does not pass.
    """
    passed = [level for level in at if grid[0] - NEAR <= level <= grid[-2] + NEAR]
    kept = sorted({float(level) for level in nearest(passed, known)})
    off = [level for level in at if not grid[0] - NEAR <= level <= grid[-2] + NEAR]
    if (chosen and off) or not kept:
        named = ", ".join(f"{level:g}" for level in off) or "nothing"
        raise RunError(
            f"This chain goes from logSNR {grid[0]:.4g} to {grid[-2]:.4g} and does not pass {named}; "
            "give --at levels between."
        )
    return tuple(kept)


def through(grid: Levels, at: Sequence[float]) -> Levels:
    """The levels of `grid` (K+1,), moved where they are near to one of `at`, so that the chain passes it exactly."""
    gaps = np.diff(grid)
    near = np.minimum(np.append(gaps, np.inf), np.append(np.inf, gaps)) / 2
    near[[0, -1]] = NEAR
    apart = np.abs(grid[:, None] - np.asarray(at, np.float64)).min(axis=1) > near
    return np.union1d(grid[apart], at)


def onwards(table: Table, step: int) -> Table:
    """The rest of an ancestral table, from a step on."""
    return Table(table.logsnr[step:], table.a[step:], table.b[step:], table.d[step:])


def finished(
    denoise: Callable[[Pictures, float], Pictures], x: Pictures, table: Table, draw: Callable[[], Pictures]
) -> Pictures:
    """Where a chain ends that is at `x` (N, C, H, W) where the table begins."""
    for step in sample(denoise, x, table, draw):
        x = step.next
    return x


def with_labels(denoise: Callable[..., Pictures], label: Labels) -> Callable[[Pictures, float], Pictures]:
    """The denoiser with these labels (N,), without guidance, as the loop calls it."""
    return lambda x, logsnr: denoise(x, filled(x, logsnr), label)


def streams(first: int, items: Sequence[int] | range, stream: int, shape: tuple[int, int, int]) -> Noise:
    """Noise of its own for each item in each `stream` (0, 1, 2 ...) of an experiment whose seeds begin at `first`."""
    return Noise([first + stream * 1_000_000_000 + item for item in items], shape)

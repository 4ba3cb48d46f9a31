"""Does a run's chain begin in pure noise, and does it pass the moment at which the class is decided?

run.json alone answers it. Both schedules matter, the one that the network was trained on and the grid that its pictures
are drawn with. A chain that is told there is signal left, but is started from pure noise, is the mismatch of Lin et
al., "Common diffusion noise schedules and sample steps are flawed", WACV 2024.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.stats.intervals import Estimate, plain
from evaluator.theory.speciation import Position, position
from evaluator.theory.spectra import spectra_for
from evaluator.verdict import RECOGNIZABLE
from firstlight.amplitude_left import OURS, amplitude_left, own_range
from firstlight.errors import JudgeError
from firstlight.levels import COSINE_END, LISTED, SIGNAL_LEFT, Levels, alpha, levels, linear

BEYOND = 0.5  # logSNR by which a chain may leave the levels that the network has seen


@dataclass(frozen=True)
class Ends:
    """The noisiest and the cleanest level of a schedule, logSNR."""

    name: str
    noisy: float
    clean: float


@dataclass(frozen=True)
class Check:
    """What a run's schedules are, and what is odd about them."""

    training: Ends
    trained_signal: float  # share of the picture, sqrt(ᾱ), in the noisiest x_t of the training
    sampling: Ends
    steps: int
    start_signal: float  # share that the chain is told the pure noise it starts from still holds
    seventy: Position  # 70 % of the steps, on every axis
    speciation: Estimate | None  # logSNR at which theory expects the class to be decided; None: no card of this data
    pairs: tuple[float, float] | None  # the same for every two classes alone: lowest and highest
    pairs_outside: int  # of them, how many lie before the chain's start
    inside: bool | None  # whether the chain passes the speciation point; None: unknown
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.warnings

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.warnings:
            return f"By its schedule alone, {'; '.join(self.warnings)}. Whether that costs pictures, their judges say."
        verdict = f"The chain starts in noise (logSNR {self.sampling.noisy:.1f})"
        if self.speciation is None:
            return f"{verdict}; nothing is known of the variances of these pictures."
        return f"{verdict} and passes the point where theory expects the class to be decided " \
               f"(logSNR {self.speciation.value:.2f})."  # fmt: skip


def check(run_card: Mapping[str, Any], runs: Path | None = None) -> Check:
    """The check of a run of the archive `runs`; `run_card` is run.json. Raises SamplerError for no such levels."""
    config = run_card["config"]
    grid = levels(str(config["levels"]), int(config["steps"]))
    own = run_card.get("guest")
    noisiest = _adopted(own, grid) if own else trained(str(config["schedule"]))
    try:
        known = spectra_for(run_card, runs)
    except JudgeError:
        known = None
    name = f"{len(grid) - 1} levels of its own" if LISTED.fullmatch(str(config["levels"])) else str(config["levels"])
    sampling = Ends(name, float(grid[0]), float(grid[-2]))
    points = [pair.whole.logsnr.value for pair in known.pairs] if known else []
    speciation = known.whole.logsnr if known else None
    inside = None if speciation is None else bool(speciation.value >= sampling.noisy)
    return Check(
        training=noisiest,
        trained_signal=signal(noisiest.noisy),
        sampling=sampling,
        steps=len(grid) - 1,
        start_signal=signal(sampling.noisy),
        seventy=at_share(grid, RECOGNIZABLE),
        speciation=speciation,
        pairs=known.pair_range() if known else None,
        pairs_outside=sum(point < sampling.noisy for point in points),
        inside=inside,
        warnings=tuple(faults(noisiest, sampling, speciation, points, own_range(run_card))),
    )


def trained(schedule: str) -> Ends:
    """The ends of a training schedule, `cosine`, `cosine+S` or `linear-T`."""
    if schedule.startswith("cosine"):
        return Ends(schedule, -COSINE_END, COSINE_END)
    steps = int(schedule.removeprefix("linear-"))
    all_levels = linear(steps)(steps)
    return Ends(schedule, float(all_levels[0]), float(all_levels[-1]))


def _adopted(guest: Mapping[str, Any], grid: Levels) -> Ends:
    """The ends of what an adopted network knows: its discrete levels, or those that it draws along."""
    known = guest.get("logsnr") or grid[:-1]
    return Ends(f"its own, {guest['schedule']}", float(known[0]), float(known[-1]))


def signal(logsnr: float) -> float:
    """The share of the picture in x_t, sqrt(ᾱ)."""
    return float(alpha(np.float64(logsnr)))  # type: ignore[arg-type]


def at_share(grid: Levels, share: float) -> Position:
    """Where a share of the steps is done on a chain of levels (K+1,)."""
    steps = len(grid) - 1
    return position(float(np.interp(share * steps, np.arange(steps + 1), grid)), grid)


def faults(
    training: Ends,
    sampling: Ends,
    speciation: Estimate | None,
    pairs: list[float],
    pictures: tuple[float, float] = OURS,
) -> list[str]:
    """What is odd, each as a part of a sentence. pictures: the range that the run itself has them in."""
    odd = []
    if signal(sampling.noisy) > SIGNAL_LEFT:
        odd.append(
            f"the chain ends at logSNR {sampling.noisy:.2f}, where {amplitude_left(sampling.noisy, pictures)} is left, "
            "yet drawing starts from pure noise"
        )
    if sampling.noisy < training.noisy - BEYOND:
        odd.append(
            f"sampling starts at logSNR {sampling.noisy:.2f}, but the training ended at {training.noisy:.2f}: "
            "the network never saw such noise"
        )
    if sampling.clean > training.clean + BEYOND:
        odd.append(f"sampling ends at logSNR {sampling.clean:.2f}, cleaner than the training's {training.clean:.2f}")
    outside = sum(point < sampling.noisy for point in pairs)
    if speciation is not None and speciation.value < sampling.noisy:
        odd.append(
            f"the point where theory expects the class to be decided, logSNR {speciation.value:.2f}, is never passed"
        )
    elif outside:
        odd.append(f"{outside} of {len(pairs)} pairs of classes are decided before it starts, by theory")
    return odd


def figures(check: Check) -> dict[str, Any]:
    """The check as plain values for JSON."""
    values = asdict(check) | {"ok": check.ok, "sentence": check.sentence, "warnings": list(check.warnings)}
    return values | {"speciation": plain(check.speciation) if check.speciation else None}

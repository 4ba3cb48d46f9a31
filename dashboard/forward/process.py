"""A picture fading into noise, which needs no network, and the ways back, which need one: one big step, or many."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.pictures.pixels import Bytes
from dashboard.pictures.trajectories import evenly
from evaluator.theory.schedule_check import COSINE_ENDS
from firstlight.levels import CLEAN, LAST, Levels, alpha, levels, nearest, passing, sigma
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler.generation import settings_of
from sampler.guidance import guided
from sampler.loop import sample
from sampler.noise import Noise
from sampler.session import Denoiser
from sampler.solvers import ddim

SCHEDULES = {"linear-1000": 1000, "linear-400": 400, "linear-150": 150, "cosine": 1000}  # name -> forward steps T
OWN = "its own"  # the schedule that the run learned along, or the levels that an adopted network knows
COSINE = re.compile(r"cosine([+-]\d+(\.\d+)?)?")
COLUMNS = 14  # moments of a film
SMALL_STEPS = 12  # "many" small steps back
SEED = 7  # of the one noise that every step adds more of

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Back:
    """The ways back from N moments, both (N, C, H, W): one guess, and the picture after many small steps."""

    once: Values
    many: Values


def schedules(folder: Run) -> list[str]:
    """The names of the schedules on offer for a run; its own comes first, where its card names one."""
    return [*([] if own(folder) is None else [OWN]), *SCHEDULES]


def own(folder: Run) -> Levels | None:
    """The levels (T+1,), rising, that a run's forward process passes; None where its card names none.

    Cosine has no steps of its own: a thousand.
    """
    card = card_of(folder)
    name = str(card["config"].get("schedule", ""))
    if card.get("guest"):
        settings = settings_of(folder)
        return np.append(settings.known or settings.grid()[:-1], CLEAN)
    cosine, steps = COSINE.fullmatch(name), name.removeprefix("linear-")
    if cosine:
        place = (np.arange(1000, 0, -1) - 0.5) / 1000
        level = float(cosine[1] or 0) - 2 * np.log(np.tan(np.pi / 2 * place))
        return np.append(np.clip(level, *COSINE_ENDS), CLEAN)
    return levels(name, int(steps)) if steps.isdecimal() and steps != name else None


def schedule(name: str, folder: Run | None = None) -> pd.DataFrame:
    """Forward steps 0 … T of a schedule, or of a run's own: step, alpha_bar, logsnr."""
    found = own(folder) if folder is not None and name == OWN else None
    logsnr = (levels(name, SCHEDULES[name]) if found is None else found)[::-1]
    steps = len(logsnr) - 1
    return pd.DataFrame({"step": np.arange(steps + 1), "alpha_bar": alpha(logsnr) ** 2, "logsnr": logsnr})


def moments(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a schedule that a film shows, first and last among them."""
    return table.iloc[evenly(len(table), COLUMNS)]


def moved(rows: pd.DataFrame, known: Sequence[float]) -> pd.DataFrame:
    """The rows at the levels that a network knows nearest to theirs; the clean picture stays."""
    logsnr = np.where(rows["logsnr"] < CLEAN, nearest(rows["logsnr"].to_numpy(), known), CLEAN)
    return rows.assign(logsnr=logsnr, alpha_bar=alpha(logsnr) ** 2)


def noised(image: Bytes, logsnr: NDArray[np.float64]) -> Values:
    """One picture (H, W, C) at N noise levels, the same noise in each: x_t (N, C, H, W)."""
    clean = image.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    noise = Noise([SEED], clean.shape).start()[0]
    a, s = (part.astype(np.float32)[:, None, None, None] for part in (alpha(logsnr), sigma(logsnr)))
    return np.asarray(a * clean + s * noise, np.float32)


def back(net: Denoiser, x: Values, logsnr: NDArray[np.float64], label: int, guidance: float) -> Back:
    """From each x_t (N, C, H, W) at its own level: one big step, and SMALL_STEPS small ones, fewer where the network
    knows fewer levels. Raises SamplerError.
    """
    law = guided(net, np.array([label]), len(net.classes), guidance)
    once, many = x.copy(), x.copy()  # where there is no noise to speak of, the picture itself
    for place in np.flatnonzero(logsnr < LAST):
        level = logsnr[place]
        path = passing(np.append(np.linspace(level, max(LAST, level + 1), SMALL_STEPS), CLEAN), net.known)
        steps = list(sample(law, x[place][None], ddim(path)))
        once[place], many[place] = steps[0].denoised[0], steps[-1].next[0]
    return Back(once, many)

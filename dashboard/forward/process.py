"""A picture fading into noise, which needs no network, and the ways back, which need one: one big step, or many."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.pictures.pixels import Bytes
from dashboard.pictures.trajectories import evenly
from firstlight.levels import CLEAN, LAST, alpha, nearest, passing
from sampler import noise
from sampler.guidance import guided
from sampler.loop import sample
from sampler.session import Denoiser
from sampler.solvers import ddim

COLUMNS = 14  # moments of a film
SMALL_STEPS = 12  # "many" small steps back
SEED = 7  # of the one noise that every step adds more of

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Back:
    """The ways back from N moments, both (N, C, H, W): one guess, and the picture after many small steps."""

    once: Values
    many: Values


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
    return noise.noised(clean, logsnr, noise.Noise([SEED], clean.shape).start())


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

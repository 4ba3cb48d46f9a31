"""A picture fading into noise, and the ways back: one big step, or many small ones.

The seam is here because the forward process needs no network and the ways back do: a run that is not exported still
shows how its pictures fade.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.pictures.grids import evenly
from dashboard.pictures.plate import Bytes, plate, real_pictures, shown, unpack
from firstlight.levels import CLEAN, LAST, alpha, levels, sigma
from sampler.guidance import guided
from sampler.loop import sample
from sampler.noise import Noise
from sampler.session import Denoiser
from sampler.solvers import ddim

SCHEDULES = {"linear-1000": 1000, "linear-400": 400, "linear-150": 150, "cosine": 1000}  # name -> forward steps T
COLUMNS = 14  # moments of a film
SMALL_STEPS = 12  # "many" small steps back
SEED = 7  # of the one noise that every step adds more of

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Back:
    """The ways back from N moments, both (N, C, H, W): one guess, and the picture after many small steps."""

    once: Values
    many: Values


def schedule(name: str) -> pd.DataFrame:
    """Forward steps 0 … T of a schedule: step, alpha_bar, logsnr."""
    steps = SCHEDULES[name]
    logsnr = levels(name, steps)[::-1]
    return pd.DataFrame({"step": np.arange(steps + 1), "alpha_bar": alpha(logsnr) ** 2, "logsnr": logsnr})


def real(dataset: str, name: str, size: int) -> Bytes:
    """The bundled real pictures of a class, (6, H, H, 1), black around them where a run's `size` is larger than theirs.

    None, (0, ...), of a class that they do not have.
    """
    images, names = real_pictures(dataset)
    margin = max(size - images.shape[1], 0) // 2
    return np.pad(images[names == name], ((0, 0), (margin, margin), (margin, margin), (0, 0)))


def generated(frame: pd.DataFrame, size: int, channels: int) -> Bytes:
    """The pictures at the end of training of one class, (N, H, W, C). frame: the query `snapshots`, one step of it."""
    whole = [bytes(image) for image in frame["image"] if len(image) == size * size * channels]
    return (
        np.stack([unpack(image, size, channels)[0] for image in whole])
        if whole
        else np.zeros((0, size, size, channels), np.uint8)
    )


def moments(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a schedule that a film shows, first and last among them."""
    return table.iloc[evenly(len(table), COLUMNS)]


def noised(image: Bytes, logsnr: NDArray[np.float64]) -> Values:
    """One picture (H, W, C) at N noise levels, the same noise in each: x_t (N, C, H, W)."""
    clean = image.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    noise = Noise([SEED], clean.shape).start()[0]
    a, s = (part.astype(np.float32)[:, None, None, None] for part in (alpha(logsnr), sigma(logsnr)))
    return np.asarray(a * clean + s * noise, np.float32)


def back(net: Denoiser, x: Values, logsnr: NDArray[np.float64], label: int, guidance: float) -> Back:
    """From each x_t (N, C, H, W) at its own level: one big step, and SMALL_STEPS small ones. Raises SamplerError."""
    law = guided(net, np.array([label]), len(net.classes), guidance)
    once, many = [], []
    for picture, level in zip(x, logsnr, strict=True):
        if level >= LAST:  # no noise to speak of: the picture itself
            once.append(picture)
            many.append(picture)
            continue
        path = np.append(np.linspace(level, max(LAST, level + 1), SMALL_STEPS), CLEAN)
        *_, last = steps = list(sample(law, picture[None], ddim(path)))
        once.append(steps[0].denoised[0])
        many.append(last.next[0])
    return Back(np.stack(once), np.stack(many))


def film(x: Values, ways: Back | None, moments: pd.DataFrame) -> bytes:
    """One PNG: x_t at each moment, and under it the ways back where there are any."""
    rows = [x] if ways is None else [x, ways.once, ways.many]
    names = ["with noise"] if ways is None else ["with noise", "one big step back", f"{SMALL_STEPS} small steps"]
    cells = np.stack([shown(row).transpose(0, 2, 3, 1) for row in rows])
    lines = (("{:,.0f}", "step"), ("{:.3f}", "alpha_bar"), ("{:.1f}", "logsnr"))
    above = [[form.format(value) for value in moments[column]] for form, column in lines]
    return plate(cells, 2, names, above, ["step", "alpha bar", "logSNR"])

"""How far the exported graph is from torch.

The seam is here because a graph is only used once it has been seen to agree: at every noise level the run's default
sampling visits, on a grid over all it was trained for, and at batch sizes that take different paths through the engine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from firstlight.levels import Levels, levels
from sampler.noise import Noise
from sampler.session import created
from trainer.config import Config
from trainer.network import Denoiser

BATCHES = (1, 2, 3, 7, 16, 64)
GRID = np.linspace(-12.0, 12.0, 25)


@dataclass(frozen=True)
class Parity:
    """The largest absolute difference of x̂0, in units of a picture in [-1, 1], and what was looked at."""

    difference: float
    logsnr: float  # where it was
    batch: int  # at which batch size
    compared: int  # pictures


def noise_levels(config: Config) -> Levels:
    """Every level of the default sampling, and the grid from -12 to 12 as far as the network was trained on it.

    Outside the levels of linear-T an x̂0 means nothing, and one made from predicted noise is that noise times σ/α.
    """
    default = levels(config.levels, config.steps)[:-1]
    if config.scale_high:  # a student knows no other levels
        return default
    grid = GRID
    if config.schedule.startswith("linear-"):
        trained = levels(config.schedule, int(config.schedule.removeprefix("linear-")))[:-1]
        grid = grid[(grid >= trained.min()) & (grid <= trained.max())]
    return np.unique(np.concatenate([default, grid]))


def parity(denoiser: Denoiser, content: bytes, at: Levels) -> Parity:
    """Compare torch and the serialized graph at the noise levels `at` (L,), every label and every size in BATCHES."""
    session = created(content, Path("denoiser.onnx"), "CPUExecutionProvider")
    worst, compared = Parity(0.0, 0.0, 0, 0), 0
    for size in BATCHES:
        for x, logsnr, label in batches(denoiser, at, size):
            inputs = {"x": x, "logsnr": logsnr, "label": label} | scales(denoiser.config, size)
            with torch.no_grad():
                ours = denoiser(**inputs).numpy()
            theirs = session.run(["denoised"], {name: value.numpy() for name, value in inputs.items()})[0]
            difference = np.nan_to_num(np.abs(ours - theirs), nan=np.inf).max(axis=(1, 2, 3))
            compared += size
            if difference.max() > worst.difference:
                worst = Parity(float(difference.max()), float(logsnr[int(difference.argmax())]), size, 0)
    return Parity(worst.difference, worst.logsnr, worst.batch, compared)


def batches(denoiser: Denoiser, at: Levels, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """x, logsnr and label in batches of exactly `size`, until every level was seen.

    Labels take turns, "no label" too. The pictures in x are the network's own first guesses.
    """
    config = denoiser.config
    shape = (config.channels, config.size, config.size)
    for first in range(0, len(at), size):
        index = np.arange(first, first + size)
        logsnr = torch.from_numpy(at[index % len(at)]).float()
        label = torch.from_numpy((index + size) % (config.classes + 1))
        noise = torch.from_numpy(Noise(index, shape).start())
        with torch.no_grad():
            clean = denoiser(noise, torch.full_like(logsnr, float(at[0])), label, **scales(config, size)).clamp(-1, 1)
        level = logsnr[:, None, None, None]
        yield torch.sigmoid(level).sqrt() * clean + torch.sigmoid(-level).sqrt() * noise, logsnr, label


def scales(config: Config, size: int) -> dict[str, Tensor]:
    """The guidance input of a student, from the lowest scale it learned to the highest; of others, nothing."""
    return {"guidance": torch.linspace(config.scale_low, config.scale_high, size)} if config.scale_high else {}

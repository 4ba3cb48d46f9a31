"""How far a denoiser's graph is from the denoiser itself, in pictures.

A graph is used once it has been seen to agree: at every noise level that is asked about, with every label, and at batch
sizes that take different paths through the engine. torch and ONNX Runtime are imported inside the calls.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from firstlight.graph import OUTPUT, SCALE_INPUT
from firstlight.levels import Levels
from firstlight.runtime import CPU, inference_session

if TYPE_CHECKING:
    from torch import Tensor

BATCHES = (1, 2, 3, 7, 16, 64)


@dataclass(frozen=True)
class Network:
    """A denoiser as somebody's own program has it, and what it takes."""

    denoise: "Callable[..., Tensor]"  # x (N, C, H, W), logsnr (N,), label (N,), by name -> x̂0 (N, C, H, W)
    shape: tuple[int, int, int]  # C, H, W
    labels: int  # how many there are, "no label" counted
    scales: tuple[float, float] | None = None  # of a student, which takes `guidance` (N,) too: lowest and highest


@dataclass(frozen=True)
class Parity:
    """The largest absolute difference of x̂0, in units of a picture in [-1, 1], and what was looked at."""

    difference: float
    logsnr: float  # where it was
    batch: int  # at which batch size
    compared: int  # pictures


def parity(network: Network, content: bytes, at: Levels) -> Parity:
    """Compare torch and the serialized graph at the noise levels `at` (L,), every label and every size in BATCHES."""
    import torch

    session = inference_session(content, Path("denoiser.onnx"), CPU)
    worst, compared = Parity(0.0, 0.0, 0, 0), 0
    for size in BATCHES:
        for inputs in batches(network, at, size):
            with torch.no_grad():
                ours = network.denoise(**inputs).numpy()
            theirs = session.run([OUTPUT], {name: value.numpy() for name, value in inputs.items()})[0]
            difference = np.nan_to_num(np.abs(ours - theirs), nan=np.inf).max(axis=(1, 2, 3))
            compared += size
            if difference.max() > worst.difference:
                place = int(difference.argmax())
                worst = Parity(float(difference[place]), float(inputs["logsnr"][place]), size, 0)
    return Parity(worst.difference, worst.logsnr, worst.batch, compared)


def batches(network: Network, at: Levels, size: int) -> "Iterator[dict[str, Tensor]]":
    """The inputs, by name, in batches of exactly `size`, until every level was seen.

    Labels take turns, "no label" too. The pictures in x are the network's own first guesses.
    """
    import torch

    more = guidance(network.scales, size)
    for first in range(0, len(at), size):
        index = np.arange(first, first + size)
        logsnr = torch.from_numpy(at[index % len(at)]).float()
        label = torch.from_numpy((index + size) % network.labels)
        noise = torch.from_numpy(np.stack([noise_of(int(seed), network.shape) for seed in index]))
        with torch.no_grad():
            start = torch.full_like(logsnr, float(at[0]))
            clean = network.denoise(x=noise, logsnr=start, label=label, **more).clamp(-1, 1)
        level = logsnr[:, None, None, None]
        x = torch.sigmoid(level).sqrt() * clean + torch.sigmoid(-level).sqrt() * noise
        yield {"x": x, "logsnr": logsnr, "label": label, **more}


def noise_of(seed: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Standard normal noise (C, H, W), float32; the noise that a drawing with this seed starts from."""
    return np.random.Generator(np.random.Philox(key=seed)).standard_normal(shape, dtype=np.float32)


def guidance(scales: tuple[float, float] | None, size: int) -> "dict[str, Tensor]":
    """The guidance input of a student, from the lowest scale it learned to the highest; of others, nothing."""
    import torch

    return {SCALE_INPUT: torch.linspace(*scales, size)} if scales else {}

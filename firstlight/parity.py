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
    pictures = noised(network, at)
    worst, compared = Parity(0.0, 0.0, 0, 0), 0
    for size in BATCHES:
        for inputs in batches(network, pictures, len(at), size):
            with torch.no_grad():
                ours = network.denoise(**inputs).numpy()
            theirs = session.run([OUTPUT], {name: value.numpy() for name, value in inputs.items()})[0]
            difference = np.nan_to_num(np.abs(ours - theirs), nan=np.inf).max(axis=(1, 2, 3))
            compared += size
            if difference.max() > worst.difference:
                place = int(difference.argmax())
                worst = Parity(float(difference[place]), float(inputs["logsnr"][place]), size, 0)
    return Parity(worst.difference, worst.logsnr, worst.batch, compared)


def noised(network: Network, at: Levels) -> "tuple[Tensor, Tensor]":
    """Pictures (M, C, H, W) and their levels (M,), each of `at` at least once, and as many as the largest batch.

    A picture is the network's own first guess, of labels in turn, noised to its level.
    """
    import torch

    seeds = np.arange(max(len(at), BATCHES[-1]))
    found, logsnr = [], torch.from_numpy(at[seeds % len(at)]).float()
    for index in np.split(seeds, seeds[BATCHES[-1] :: BATCHES[-1]]):
        noise = torch.from_numpy(np.stack([noise_of(int(seed), network.shape) for seed in index]))
        start, label = torch.full((len(index),), float(at[0])), torch.from_numpy(index % network.labels)
        with torch.no_grad():
            clean = network.denoise(x=noise, logsnr=start, label=label, **guidance(network.scales, len(index)))
        level = logsnr[index][:, None, None, None]
        found.append(torch.sigmoid(level).sqrt() * clean.clamp(-1, 1) + torch.sigmoid(-level).sqrt() * noise)
    return torch.cat(found), logsnr


def batches(
    network: Network, pictures: "tuple[Tensor, Tensor]", levels: int, size: int
) -> "Iterator[dict[str, Tensor]]":
    """The inputs, by name, in batches of exactly `size`, until each of `levels` was seen.

    Labels take turns, "no label" too, others at each size.
    """
    import torch

    x, logsnr = pictures
    for first in range(0, levels, size):
        index = np.arange(first, first + size)
        place, label = index % len(x), torch.from_numpy((index + size) % network.labels)
        yield {"x": x[place], "logsnr": logsnr[place], "label": label, **guidance(network.scales, size)}


def noise_of(seed: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Standard normal noise (C, H, W), float32; the noise that a drawing with this seed starts from."""
    return np.random.Generator(np.random.Philox(key=seed)).standard_normal(shape, dtype=np.float32)


def guidance(scales: tuple[float, float] | None, size: int) -> "dict[str, Tensor]":
    """The guidance input of a student, from the lowest scale it learned to the highest; of others, nothing."""
    import torch

    return {SCALE_INPUT: torch.linspace(*scales, size)} if scales else {}

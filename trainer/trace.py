"""Denoising trajectories of a run in training or trained: the same noise for every class."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from firstlight.levels import levels
from firstlight.table_schema import TRAJECTORIES, X_RANGE
from sampler.loop import sample
from sampler.noise import Noise
from trainer.config import Config
from trainer.network import Denoiser

Progress = Callable[[int], None]


def to_bytes(pictures: Tensor, limit: float = 1.0) -> np.ndarray:
    """Pictures (N, C, H, W) in [-limit, limit] as uint8 (N, H, W, C); what lies outside is clipped."""
    scaled = (pictures.clamp(-limit, limit) / limit + 1) * 127.5
    return scaled.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()


class Candidates:
    """A guided denoiser that keeps both candidates of the last step, with and without the label, each (N, C, H, W)."""

    def __init__(self, denoiser: Denoiser, label: Tensor) -> None:
        self.denoiser, self.label, self.config = denoiser, label, denoiser.config
        self.conditional = self.unconditional = torch.empty(0)

    @torch.no_grad()
    def __call__(self, x: Tensor, logsnr: float) -> Tensor:
        level = torch.full((2 * len(x),), float(logsnr), device=x.device)
        label = torch.cat([self.label, torch.full_like(self.label, self.config.classes)])
        scale = torch.full_like(level, self.config.guidance) if self.config.scale_high else None
        both = self.denoiser(torch.cat([x, x]), level, label, scale)
        self.conditional, self.unconditional = both.chunk(2)
        if scale is not None:  # a student has guided itself
            return self.conditional
        inside = self.config.guidance_low <= logsnr <= self.config.guidance_high
        factor = self.config.guidance if inside else 1.0
        return self.unconditional + factor * (self.conditional - self.unconditional)


def steps_of(denoiser: Denoiser, label: np.ndarray, seed: np.ndarray) -> Iterator[tuple[Any, Candidates]]:
    """The default sampling of the run, step by step, for labels (N,) and noise seeds (N,)."""
    config, device = denoiser.config, next(denoiser.parameters()).device
    noise = Noise(seed, (config.channels, config.size, config.size))
    candidates = Candidates(denoiser, torch.from_numpy(label).to(device))
    start = torch.from_numpy(noise.start()).to(device)
    for step in sample(candidates, start, config.table(), lambda: torch.from_numpy(noise.draw()).to(device)):
        yield step, candidates


def grid(config: Config, per_class: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and seeds (classes x per_class,): every seed once for every class, seeds in the outer order."""
    seed, label = np.meshgrid(np.arange(first, first + per_class), np.arange(config.classes), indexing="ij")
    return label.ravel().astype(np.int64), seed.ravel().astype(np.int64)


def trace(denoiser: Denoiser, per_class: int, every: int, batch_seeds: int, progress: Progress) -> pa.Table:
    """Trajectories of `per_class` pictures of every class, as trajectories.parquet holds them.

    Every `every`-th step is kept, and always the first and the last. `progress` is told the pictures done.
    """
    config = denoiser.config
    kept = sorted({*range(0, config.steps, every), config.steps})
    noise_levels = [float(value) for value in levels(config.levels, config.steps)[kept]]
    rows: list[dict[str, Any]] = []
    for first in range(0, per_class, batch_seeds):
        label, seed = grid(config, min(batch_seeds, per_class - first), first)
        stacks: dict[str, list[np.ndarray]] = {"x": [], "denoised": [], "unconditional": []}
        for state, candidates in steps_of(denoiser, label, seed):
            if state.index in kept:
                stacks["x"].append(to_bytes(state.x, X_RANGE))
                stacks["denoised"].append(to_bytes(candidates.conditional))
                stacks["unconditional"].append(to_bytes(candidates.unconditional))
            last = state.next
        for view, stack in stacks.items():
            stack.append(to_bytes(last, X_RANGE if view == "x" else 1.0))
        whole = {view: np.stack(stack, axis=1) for view, stack in stacks.items()}  # (N, frames, H, W, C)
        for i in range(len(label)):
            row = {"sample": len(rows), "label": int(label[i]), "seed": int(seed[i]), "frames": kept}
            row |= {"solver": config.solver, "steps": config.steps, "guidance": config.guidance, "logsnr": noise_levels}
            rows.append(row | {view: stack[i].tobytes() for view, stack in whole.items()})
        progress(len(label))
    return pa.Table.from_pylist(rows, schema=TRAJECTORIES)

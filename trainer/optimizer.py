"""Adam and its learning rate: warm-up, cycles, decay."""

from itertools import pairwise

import torch

from trainer.config import Config
from trainer.network import Denoiser


def adam(denoiser: Denoiser, config: Config) -> torch.optim.Optimizer:
    """A fresh optimizer."""
    return torch.optim.Adam(denoiser.parameters(), config.learning_rate, betas=(0.9, 0.99))


def cycle_starts(steps: int, cycles: int) -> list[int]:
    """The steps at which a later cycle begins; none where there is one cycle."""
    return [steps * cycle // cycles for cycle in range(1, cycles)]


def learning_rate(config: Config, step: int, steps: int) -> float:
    """Adam's learning rate at a step: in every cycle a linear warm-up, then a straight line to zero if it decays."""
    edges = [0, *cycle_starts(steps, config.cycles), steps]
    start, end = next((edge for edge in pairwise(edges) if step < edge[1]), edges[-2:])
    rate = config.learning_rate * min(1.0, (step - start + 1) / max(1, config.warmup))
    return rate * (1 - (step - start) / (end - start)) if config.decay else rate

"""Adam and its learning rate: warm-up, cycles, decay."""

import torch

from trainer.config import Config
from trainer.network import Denoiser


def adam(denoiser: Denoiser, config: Config) -> torch.optim.Optimizer:
    """A fresh optimizer."""
    return torch.optim.Adam(denoiser.parameters(), config.learning_rate, betas=(0.9, 0.99))


def cycle_starts(steps: int, cycles: int) -> list[int]:
    """The steps at which a later cycle begins; none where there is one cycle."""
    return [steps * cycle // cycles for cycle in range(1, cycles)]

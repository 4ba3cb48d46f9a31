"""Adam and its learning rate: warm-up, cycles, decay."""

from collections.abc import Sequence

import torch

from trainer.config import Config
from trainer.network import Denoiser


def adam(denoiser: Denoiser, config: Config) -> torch.optim.Optimizer:
    """A fresh optimizer."""
    return torch.optim.Adam(denoiser.parameters(), config.learning_rate, betas=(0.9, 0.99))


def cycle_starts(steps: int, cycles: int, extended: Sequence[int] = ()) -> list[int]:
    """The steps at which a later cycle begins: of the first training, and where it was `extended` after its end."""
    first = extended[0] if extended else steps
    return [first * cycle // cycles for cycle in range(1, cycles)] + list(extended)

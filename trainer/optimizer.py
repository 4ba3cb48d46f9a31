"""Torch's Adam, without what loads a compiler; and where the cycles of its learning rate begin."""

from collections.abc import Sequence
from inspect import unwrap

import torch

from trainer.config import Config
from trainer.network import Denoiser


class Adam(torch.optim.Adam):
    """As torch has it, less the wrappers that load its compiler, which nobody here asks for: seconds of imports."""

    add_param_group = unwrap(torch.optim.Adam.add_param_group)
    state_dict = unwrap(torch.optim.Adam.state_dict)
    load_state_dict = unwrap(torch.optim.Adam.load_state_dict)
    zero_grad = unwrap(torch.optim.Adam.zero_grad)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))


def adam(denoiser: Denoiser, config: Config) -> torch.optim.Optimizer:
    """A fresh optimizer."""
    return Adam(denoiser.parameters(), config.learning_rate, betas=(0.9, 0.99))


def cycle_starts(steps: int, cycles: int, extended: Sequence[int] = ()) -> list[int]:
    """The steps at which a later cycle begins: of the first training, and where it was `extended` after its end."""
    first = extended[0] if extended else steps
    return [first * cycle // cycles for cycle in range(1, cycles)] + list(extended)

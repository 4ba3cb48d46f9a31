"""Noise levels for training: which logSNR each picture of a batch gets."""

import math

import torch
from torch import Tensor

from firstlight.levels import BETAS, COSINE_END, cosine_shift
from trainer.data import DataError


def training_logsnr(schedule: str, count: int, random: torch.Generator) -> Tensor:
    """Noise levels (count,) float32.

    "linear-T": one of T discrete levels of linear betas 1e-4 to 0.02, uniformly (Ho et al., 2020).
    "cosine": ᾱ = cos²(πu/2) (Nichol & Dhariwal, 2021) with u spread evenly over the batch and then shuffled, which
    lowers the variance of the gradient. "cosine+S" is the same moved by S (Hoogeboom et al., "simple diffusion", 2023):
    less noise, for pictures with more texture. Raises DataError for another name.
    """
    if schedule.startswith("linear-"):
        betas = torch.linspace(*BETAS, int(schedule.removeprefix("linear-")), dtype=torch.float64)
        alpha_bar = torch.cumprod(1 - betas, 0)
        chosen = alpha_bar[torch.randint(len(alpha_bar), (count,), generator=random)]
        return torch.logit(chosen).float()
    moved = cosine_shift(schedule)
    if moved is not None:
        u = (torch.rand(1, generator=random) + torch.arange(count) / count) % 1
        u = u[torch.randperm(count, generator=random)].clamp(1e-6, 1 - 1e-6)
        return (moved - 2 * torch.log(torch.tan(math.pi / 2 * u))).clamp(-COSINE_END, COSINE_END)
    raise DataError(
        f"There is no schedule {schedule!r}; choose cosine, cosine+S such as cosine+2, or linear-T such as linear-150."
    )

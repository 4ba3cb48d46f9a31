"""How training pictures of a judge are changed: turned, sheared, scaled and shifted, and for a noisy judge noised.

Needs torch.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

LOGSNR = (-8.0, 12.0)  # noise levels a noisy judge is trained on; levels outside count as the nearest end
UNCHANGED = 0.25  # share of training pictures that are not distorted, so that sharp pictures stay familiar


def distort(x: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures in [0, 1], each turned, sheared, scaled and shifted a little at random; some are left as they are."""
    count = len(x)
    draw = 2 * torch.rand(6, count, generator=generator, device=x.device) - 1
    kept = torch.rand(count, generator=generator, device=x.device) < UNCHANGED
    angle, shear = math.radians(14) * draw[0], math.radians(10) * draw[1]
    width, height = 1 + 0.13 * draw[2], 1 + 0.13 * draw[3]
    shift = 2 * 2.2 / x.shape[-1] * draw[4:]  # up to 2.2 pixels; the picture is 2 wide
    rows = [
        torch.stack([width * angle.cos(), -(angle + shear).sin() * height, shift[0]], dim=1),
        torch.stack([width * angle.sin(), (angle + shear).cos() * height, shift[1]], dim=1),
    ]
    affine = torch.stack(rows, dim=1)  # (N, 2, 3)
    grid = F.affine_grid(affine, list(x.shape), align_corners=False)
    return torch.where(kept[:, None, None, None], x, F.grid_sample(x, grid, align_corners=False))


def add_noise(x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """x_t = alpha x + sigma noise at a logSNR drawn evenly from the judge's range, and that logSNR (N,)."""
    low, high = LOGSNR
    logsnr = low + (high - low) * torch.rand(len(x), generator=generator, device=x.device)
    noise = torch.randn(x.shape, generator=generator, device=x.device)
    alpha, sigma = torch.sigmoid(logsnr).sqrt(), torch.sigmoid(-logsnr).sqrt()
    return alpha[:, None, None, None] * x + sigma[:, None, None, None] * noise, logsnr

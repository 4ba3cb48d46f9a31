"""A network that knows its pictures' distribution, a Gaussian, and says just what it would be trained to say."""

import numpy as np
import torch
from torch import Tensor, nn

from firstlight.guest_schedules import Schedule

MEAN, SPREAD, DATA = 0.3, 0.4, 0.5  # of pictures in the model's own range; EDM's sigma_data
BETAS = np.linspace(1e-4, 0.02, 150)


class Exact(nn.Module):
    """Knows the pictures' distribution, and says what it is trained to say."""

    def __init__(self, predicts: str, schedule: Schedule, spread: float = SPREAD) -> None:
        super().__init__()
        self.predicts, self.schedule, self.spread = predicts, schedule, spread

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        if self.predicts == "edm":
            noise = torch.exp(4 * t)
            signal, x = torch.ones_like(noise), x * torch.sqrt(noise**2 + DATA**2)[:, None, None, None]
        elif self.schedule.kind == "discrete":
            signal, noise = (torch.tensor(part)[t] for part in (self.schedule.signal, self.schedule.noise))
        elif self.schedule.kind == "sigmas":
            signal, noise = torch.ones_like(t), t
        else:
            noise = t if self.schedule.noise_at else 1 - t
            signal = 1 - noise
        a, b = signal[:, None, None, None], noise[:, None, None, None]
        y = MEAN + a * self.spread**2 * (x - a * MEAN) / (a**2 * self.spread**2 + b**2)
        eps = (x - a * y) / b
        whole = b**2 + DATA**2
        return {
            "noise": eps, "sample": y, "v": a * eps - b * y, "score": -eps / b,
            "velocity": eps - y if self.schedule.noise_at else y - eps,
            "edm": (y - DATA**2 / whole * x) / (b * DATA / torch.sqrt(whole)),
        }[self.predicts]  # fmt: skip

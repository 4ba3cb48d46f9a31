"""Somebody's network as our denoiser: scale, time and prediction folded into D(x, logSNR, label) -> x̂0 in [-1, 1].

Imported inside the call that adopts: it needs torch.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from firstlight.levels import CLEAN
from firstlight.schedules import Schedule, half_and_centre

Call = Callable[[Any, Tensor, Tensor, Tensor], Tensor]  # net, x (N, C, H, W), t (N,), label (N,) -> what it predicts
NEARLY = CLEAN - 1e-3  # logSNR from which a level is the end itself


class InDouble(TorchFunctionMode):
    """Inside, whatever asks for float32 gets float64, also in code of others."""

    def __enter__(self) -> "InDouble":
        self.before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        return super().__enter__()  # type: ignore[no-any-return,no-untyped-call]

    def __exit__(self, *raised: Any) -> None:
        torch.set_default_dtype(self.before)
        super().__exit__(*raised)  # type: ignore[no-untyped-call]

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is Tensor.float:
            function = Tensor.double
        named = {name: _wide(value) for name, value in (kwargs or {}).items()}
        return function(*map(_wide, args), **named)


def _wide(value: Any) -> Any:
    return torch.float64 if value is torch.float32 else value


class Guest(nn.Module):
    """D(x (N, C, H, W), logsnr (N,), label (N,)) -> x̂0, in our scale, out of a network in its own.

    Discrete times snap to the nearest level. `none` is what the network is told for "no label".
    """

    def __init__(
        self,
        net: nn.Module,
        call: Call,
        predicts: str,
        schedule: Schedule,
        pictures: tuple[float, float],
        fraction: bool = False,
        sigma_data: float = 0.5,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.net, self.call, self.predicts, self.schedule = net, call, predicts, schedule
        self.width, self.centre = half_and_centre(pictures)
        self.fraction, self.sigma_data = fraction, sigma_data
        self.levels: Tensor
        self.signal: Tensor
        self.noise: Tensor
        tables = {"levels": schedule.ours(pictures), "signal": schedule.signal, "noise": schedule.noise}
        for name, values in tables.items():
            self.register_buffer(name, torch.tensor(values.copy(), dtype=dtype), persistent=False)

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        """x̂0 (N, C, H, W)."""
        signal, noise, t = self.level(logsnr)
        a, b = signal[:, None, None, None], noise[:, None, None, None]
        own = x * torch.sqrt((a * self.width) ** 2 + b**2) + a * self.centre  # what the network was trained on
        y = self.picture(own, a, b, t, label)
        return (y - self.centre) / self.width

    def level(self, logsnr: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Signal, noise and the network's own time at each level, all (N,)."""
        if self.schedule.kind == "discrete":
            place = (logsnr[:, None] - self.levels[None]).abs().argmin(1)
            t = place.to(logsnr.dtype) / len(self.schedule) if self.fraction else place
            return self.signal[place], self.noise[place], t
        own = logsnr - 2 * math.log(self.width)
        if self.schedule.kind == "sigmas":
            sigma = torch.where(logsnr >= NEARLY, torch.zeros_like(own), torch.exp(-own / 2))
            return torch.ones_like(own), sigma, sigma
        noise = torch.where(logsnr <= -NEARLY, torch.ones_like(own), torch.sigmoid(-own / 2))
        noise = torch.where(logsnr >= NEARLY, torch.zeros_like(own), noise)
        return 1 - noise, noise, noise if self.schedule.noise_at else 1 - noise

    def picture(self, x: Tensor, a: Tensor, b: Tensor, t: Tensor, label: Tensor) -> Tensor:
        """The picture y that the network sees in x, in its own range."""
        if self.predicts == "edm":
            return self.preconditioned(x, b, label)
        said = self.call(self.net, x, t, label)
        if self.predicts == "sample":
            return said
        if self.predicts == "v":
            return a * x - b * said
        if self.predicts == "velocity":
            return x - b * said if self.schedule.noise_at else x + b * said
        noise = said if self.predicts == "noise" else -b * said
        return (x - b * noise) / a

    def preconditioned(self, x: Tensor, sigma: Tensor, label: Tensor) -> Tensor:
        """A raw network F of Karras et al. (2022), Table 1: it is told c_in · x and ln(σ) / 4."""
        whole = sigma**2 + self.sigma_data**2
        time = torch.log(sigma.clamp_min(1e-5))[:, 0, 0, 0] / 4
        said = self.call(self.net, x / torch.sqrt(whole), time, label)
        return self.sigma_data**2 / whole * x + sigma * self.sigma_data / torch.sqrt(whole) * said

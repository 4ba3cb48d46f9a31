"""Somebody's network as our denoiser: scale, time and prediction folded into D(x, logSNR, label) -> x̂0 in [-1, 1].

Imported inside the call that adopts: it needs torch.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from firstlight.adoption.algebra import LEAST, NEARLY, fed, own_state, picture
from firstlight.guest_schedules import Schedule, half_and_centre

Call = Callable[[Any, Tensor, Tensor, Tensor], Tensor]  # net, x (N, C, H, W), t (N,), label (N,) -> what it predicts


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

    Discrete times snap to the nearest level, or with `interpolate` are fractions between two.
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
        interpolate: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.net, self.call, self.predicts, self.schedule = net, call, predicts, schedule
        self.width, self.centre = half_and_centre(pictures)
        self.fraction, self.sigma_data, self.interpolate = fraction, sigma_data, interpolate
        known = schedule.ours(pictures)
        self.ends = float(known[-1]), float(known[0])  # numbers: the exporter leaves bounds that are tensors unsorted
        self.levels: Tensor
        self.signal: Tensor
        self.noise: Tensor
        tables = {"levels": known, "signal": schedule.signal, "noise": schedule.noise}
        for name, values in tables.items():
            self.register_buffer(name, torch.tensor(values.copy(), dtype=dtype), persistent=False)

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        """x̂0 (N, C, H, W)."""
        signal, noise, t = self.level(logsnr)
        a, b = signal[:, None, None, None], noise[:, None, None, None]
        own = own_state(x, a, b, self.width, self.centre)
        said = self.call(self.net, fed(self, own, b), t, label)
        y: Tensor = picture(self, said, own, a, b)
        return (y - self.centre) / self.width

    def level(self, logsnr: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Signal, noise and the network's own time at each level, all (N,)."""
        own = logsnr - 2 * math.log(self.width)
        if self.schedule.kind == "discrete" and self.interpolate:
            return self.between(logsnr)
        if self.schedule.kind == "discrete":
            place = (logsnr[:, None] - self.levels[None]).abs().argmin(1)
            t = place.to(logsnr.dtype) / len(self.schedule) if self.fraction else place
            return self.signal[place], self.noise[place], t
        if self.schedule.kind == "sigmas":
            sigma = torch.where(logsnr >= NEARLY, torch.zeros_like(own), torch.exp(-own / 2))
            told = torch.log(sigma.clamp_min(LEAST)) / 4 if self.predicts == "edm" else sigma
            return torch.ones_like(own), sigma, told
        noise = torch.where(logsnr <= -NEARLY, torch.ones_like(own), torch.sigmoid(-own / 2))
        noise = torch.where(logsnr >= NEARLY, torch.zeros_like(own), noise)
        return 1 - noise, noise, noise if self.schedule.noise_at else 1 - noise

    def between(self, logsnr: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same at times between the network's own: the time is linear in logSNR between two of them."""
        at = logsnr.clamp(*self.ends)
        place = ((at[:, None] <= self.levels[None]).sum(1) - 1).clamp(0, len(self.schedule) - 2)
        above, below = self.levels[place], self.levels[place + 1]
        t = place.to(at.dtype) + (above - at) / (above - below)
        own = at - 2 * math.log(self.width)
        told = t / len(self.schedule) if self.fraction else t
        return torch.sqrt(torch.sigmoid(own)), torch.sqrt(torch.sigmoid(-own)), told

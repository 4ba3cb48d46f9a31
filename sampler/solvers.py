"""Solvers: how to step from one noise level to the next, as a table of coefficients.

Every solver in use is a linear multistep update of the last x̂0. All updates are variance preserving: x = α·x0 + σ·ε.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import SamplerError
from firstlight.levels import Levels, alpha, sigma, told

Numbers = NDArray[np.float64]

MOST_SHIFT = 2.0  # in logSNR
NEGLIGIBLE = 1e-9  # a weight of an old x̂0 below this is left out: float32 could not tell
ADAMS_BASHFORTH = (
    np.array([1.0]),
    np.array([3.0, -1.0]) / 2,
    np.array([23.0, -16.0, 5.0]) / 12,
    np.array([55.0, -59.0, 37.0, -9.0]) / 24,
)


@dataclass(frozen=True)
class Table:
    """Step k: x ← a[k]·x + Σ_j b[k, j]·x̂0 of j steps ago + d[k]·z, with z fresh noise."""

    logsnr: Levels  # (K+1,)
    a: Numbers  # (K,)
    b: Numbers  # (K, J)
    d: Numbers  # (K,)
    shift: float = 0.0  # see firstlight.levels.told
    start: tuple[float, float] = (0.0, 1.0)  # mean and standard deviation of the x that a chain begins with
    clip: bool = False  # every x̂0 is kept within ±clip_at; it steadies few DDPM steps and can ruin high-order solvers
    clip_at: float = 1.0
    clip_share: float = 0.0  # above 0: dynamic thresholding, by this quantile of a picture's values
    beyond: Numbers | None = None  # (K,) weight of what clipping took off, where the noise comes from x̂0 as it was

    @property
    def told(self) -> Levels:
        """The levels as the network is told them (K+1,)."""
        return told(self.logsnr, self.shift)

    @property
    def steps(self) -> int:
        return len(self.a)

    @property
    def stochastic(self) -> bool:
        """Whether steps add fresh noise."""
        return bool(self.d.any())

    def within(self, said: Any) -> Any:
        """x̂0 (N, C, H, W) as clipping leaves it. With `clip_share` numpy's alone, as adopted networks are drawn.

        Dynamic thresholding (Saharia et al., Imagen, 2022, section 2.3): a picture is cut at this quantile of its
        absolute values, which counts as at least 1 and at most `clip_at`, and divided by it.
        """
        if not self.clip:
            return said
        if not self.clip_share:
            return said.clip(-self.clip_at, self.clip_at)
        bound = np.quantile(np.abs(said), self.clip_share, axis=(1, 2, 3), keepdims=True).clip(1, self.clip_at)
        return np.clip(said / bound.astype(said.dtype), -1, 1)


def ddim(levels: Levels, eta: float = 0.0, ends: Levels | None = None) -> Table:
    """DDIM (Song et al., 2021): the exact step for a constant x̂0, with a share `eta` of the chain's own noise.

    `ends` (K,): the level that each step leads to, where it is not the next. Raises SamplerError for an eta outside
    0 to 1.
    """
    if not 0 <= eta <= 1:
        raise SamplerError(f"An eta of {eta} is outside 0 to 1; 0 adds no noise and 1 is DDPM.")
    after = levels[1:] if ends is None else ends
    (a0, a1), (s0, s1) = ((share(levels[:-1]), share(after)) for share in (alpha, sigma))
    kept = a0 / a1  # how much of the cleaner x stands in the noisier one
    d = eta * s1 / s0 * np.sqrt(np.maximum(s0**2 - (kept * s1) ** 2, 0))
    a = np.sqrt(np.maximum(s1**2 - d**2, 0)) / s0
    d[-1] = 0.0  # a finished picture gets no fresh noise
    return Table(levels, a, (a1 - a * a0)[:, None], d)


def ddpm(levels: Levels) -> Table:
    """Ancestral sampling (Ho et al., 2020) with the posterior's variance β̃, diffusers' `fixed_small`.

    Its mean and variance are those of DDIM with eta 1 (Song et al., 2021, section 4.1).
    """
    return ddim(levels, eta=1.0)


def ddpm_large(levels: Levels, half: float = 1.0) -> Table:
    """Ancestral sampling with the variance of the forward step, β_t: diffusers' `fixed_large`.

    Betas are those of the chain that was trained, whose pictures may be `half` as wide as ours: ½ for [0, 1].
    """
    own, scale = _own_chain(levels, half)
    variance = np.append(1 - own[:-2] / own[1:-1], 0.0)  # a finished picture gets no fresh noise
    return replace(ddpm(levels), d=np.sqrt(variance) / scale[1:])


def ddpm_previous(levels: Levels, half: float = 1.0) -> Table:
    """Ancestral sampling with the variance of the forward step that comes next, β_{t−1}, as course notebooks write it.

    `half` as for `ddpm_large`.
    """
    own, scale = _own_chain(levels, half)
    variance = np.append(1 - own[1:-1] / np.append(own[2:-1], 1.0), 0.0)
    return replace(ddpm(levels), d=np.sqrt(variance) / scale[1:])


def noisy_end(table: Table, half: float = 1.0) -> Table:
    """A table of `ddpm_large` whose last step leaves fresh noise in the picture, of that step's own variance.

    So diffusers draws along times that do not end at 0. `half` as for `ddpm_large`.
    """
    (own, _), _ = _own_chain(table.logsnr[-2:], half)
    return replace(table, d=np.append(table.d[:-1], np.sqrt(1 - own) / half))


def _own_chain(levels: Levels, half: float) -> tuple[Numbers, Numbers]:
    """ᾱ (K+1,) of the chain that was trained, and how wide its x is where ours has variance 1, (K+1,)."""
    own = np.asarray(alpha(levels - 2 * np.log(half)) ** 2)
    return own, np.sqrt(own * half**2 + 1 - own)


def dpmpp_2m(levels: Levels) -> Table:
    """DPM-Solver++(2M) (Lu et al., 2022b), midpoint form; first and last step are first order."""
    (_, a1), (s0, s1) = pairs(alpha(levels)), pairs(sigma(levels))
    width = np.diff(levels) / 2  # h, in ln(α/σ)
    weight = -a1 * np.expm1(-width)
    past = np.zeros_like(weight)
    past[1:-1] = weight[1:-1] * width[1:-1] / (2 * width[:-2])
    return Table(levels, s1 / s0, np.stack([weight + past, -past], axis=1), np.zeros_like(width))


def ipndm(levels: Levels) -> Table:
    """iPNDM (Liu et al., 2022; Zhang & Chen, 2023): Adams-Bashforth of order 4 on ε, with the orders 1, 2, 3 to start.

    The method keeps the last four ε = (x − α·x̂0) / σ. Since x itself is a sum of the first noise and all x̂0, its step
    is written as weights of all x̂0; the first noise cancels, because Adams-Bashforth is exact for a constant ε.
    The last step is first order: in one jump from small noise to none, higher orders only amplify errors.
    """
    steps = len(levels) - 1
    noise = np.exp(-levels / 2)  # σ/α, (K+1,)
    x = np.zeros(steps)  # weights of each x̂0 in x / α, beside (noise / noise[0]) of the first x
    slopes: list[Numbers] = []  # weights of each x̂0 in ε, beside a constant
    b = np.zeros((steps, steps))
    for k in range(steps):
        slopes.insert(0, (x - np.eye(steps)[k]) / noise[k])
        order = 1 if k == steps - 1 else min(k + 1, len(ADAMS_BASHFORTH))
        slope = ADAMS_BASHFORTH[order - 1] @ np.array(slopes[:order])
        following = x + (noise[k + 1] - noise[k]) * slope
        b[k, : k + 1] = (following - noise[k + 1] / noise[k] * x)[k::-1] * alpha(levels)[k + 1]
        x = following
    b[np.abs(b) < NEGLIGIBLE] = 0.0
    history = int(np.nonzero(b.any(axis=0))[0].max()) + 1
    s0, s1 = pairs(sigma(levels))
    return Table(levels, s1 / s0, b[:, :history], np.zeros(steps))


def pairs(values: Numbers) -> tuple[Numbers, Numbers]:
    """Each step's value before and after, (K,) both."""
    return values[:-1], values[1:]


SOLVERS: dict[str, Callable[[Levels], Table]] = {
    "ddpm": ddpm,
    "ddpm-large": ddpm_large,
    "ddpm-previous": ddpm_previous,
    "ddim": ddim,
    "dpmpp-2m": dpmpp_2m,
    "ipndm": ipndm,
}
SCALED: dict[str, Callable[[Levels, float], Table]] = {"ddpm-large": ddpm_large, "ddpm-previous": ddpm_previous}


def solve(
    name: str, levels: Levels, eta: float = 0.0, shift: float = 0.0, half: float = 1.0, ends: Levels | None = None
) -> Table:
    """The table of the solver `name` on `levels`; `ends` as for `ddim`, of which alone they are.

    Raises SamplerError for another name, an eta without ddim, and a shift beyond MOST_SHIFT.
    """
    if name not in SOLVERS:
        raise SamplerError(f"There is no solver {name!r}; choose one of {', '.join(SOLVERS)}.")
    if eta and name != "ddim":
        raise SamplerError(f"{name} has no eta; leave it out, or choose the solver ddim.")
    if not abs(shift) <= MOST_SHIFT:
        raise SamplerError(f"A shift of {shift} is too much; give -{MOST_SHIFT:g} to {MOST_SHIFT:g}.")
    if name in SCALED:
        return replace(SCALED[name](levels, half), shift=shift)
    return replace(ddim(levels, eta, ends) if name == "ddim" else SOLVERS[name](levels), shift=shift)

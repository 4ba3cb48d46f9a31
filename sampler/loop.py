"""The one loop that turns noise into pictures, in plain arithmetic, for numpy and torch arrays alike."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from firstlight.errors import SamplerError
from sampler.solvers import Table

Array: TypeAlias = Any  # numpy.ndarray or torch.Tensor


@dataclass(frozen=True)
class Step:
    """One step: x at `logsnr`, the picture the denoiser sees in it, and the x it leads to."""

    index: int  # 0 .. K-1
    logsnr: float
    x: Array  # (N, C, H, W)
    denoised: Array  # (N, C, H, W)
    next: Array  # (N, C, H, W); of the last step: the finished pictures


def beginning(noise: Array, start: tuple[float, float]) -> Array:
    """The x that a chain begins with, out of standard normal noise; `start`: its mean and standard deviation."""
    mean, deviation = start
    return noise if start == (0.0, 1.0) else mean + deviation * noise


def sample(
    denoise: Callable[[Array, float], Array],
    noise: Array,
    table: Table,
    draw: Callable[[], Array] | None = None,
) -> Iterator[Step]:
    """Yield the K steps from `noise` (N, C, H, W) to pictures.

    `denoise(x, logsnr)` returns x̂0 (N, C, H, W) at the level that the table tells. `draw()` returns fresh noise of x's
    shape; a table without fresh noise never calls it. Raises SamplerError for a table with fresh noise and no `draw`.
    """
    if draw is None and table.stochastic:
        raise SamplerError("This solver adds fresh noise at each step; pass draw, or choose a solver that adds none.")
    x = beginning(noise, table.start)
    history, told = deque[Array](maxlen=table.b.shape[1]), table.told
    for k in range(table.steps):
        said = denoise(x, float(told[k]))
        denoised = table.within(said)
        history.appendleft(denoised)
        following = float(table.a[k]) * x
        if table.beyond is not None:
            following = following + float(table.beyond[k]) * (said - denoised)
        for weight, past in zip(table.b[k].tolist(), history, strict=False):
            if weight:
                following = following + weight * past
        if draw is not None and table.d[k]:
            following = following + float(table.d[k]) * draw()
        yield Step(k, float(table.logsnr[k]), x, denoised, following)
        x = following

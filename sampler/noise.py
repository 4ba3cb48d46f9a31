"""Noise by seed: the same seed is the same noise, in every batch, on every machine.

A picture's randomness comes from its own generator; Philox counts instead of remembering, so one costs next to nothing.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import SamplerError
from firstlight.levels import Levels, alpha, sigma

Pictures = NDArray[np.float32]
HIGHEST_SEED = 2**63 - 1  # what an int64 column holds


def noised(x0: Pictures, logsnr: Levels | float, noise: Pictures) -> Pictures:
    """x_t = α·x0 + σ·ε (N, C, H, W) at one level, or at one for each picture (N,); x0 and ε may be one for all."""
    at = np.asarray(logsnr, np.float64).reshape(-1, 1, 1, 1)
    return np.asarray(alpha(at) * x0 + sigma(at) * noise, np.float32)


class Noise:
    """The noise of some pictures: `seeds` (N,), `shape` (C, H, W).

    A picture's numbers depend on its seed and on how many were drawn before, never on the other pictures.
    Raises SamplerError for a seed below 0 or above 2^63 − 1.
    """

    def __init__(self, seeds: Iterable[int], shape: tuple[int, int, int]) -> None:
        self.seeds, self.shape = [int(seed) for seed in seeds], shape
        wrong = next((seed for seed in self.seeds if not 0 <= seed <= HIGHEST_SEED), None)
        if wrong is not None:
            raise SamplerError(f"{wrong} is no seed; give a whole number from 0 to {HIGHEST_SEED}.")
        self.generators = [np.random.Generator(np.random.Philox(key=seed)) for seed in self.seeds]

    def start(self) -> Pictures:
        """The noise that step 0 starts from, (N, C, H, W) standard normal; begins every picture's stream anew."""
        self.generators = [np.random.Generator(np.random.Philox(key=seed)) for seed in self.seeds]
        return self.draw()

    def draw(self) -> Pictures:
        """The next fresh noise, (N, C, H, W) standard normal."""
        drawn = np.empty((len(self.generators), *self.shape), dtype=np.float32)
        for generator, picture in zip(self.generators, drawn, strict=True):
            generator.standard_normal(out=picture, dtype=np.float32)
        return drawn

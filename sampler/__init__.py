"""Noise into pictures: solver tables, one loop, guidance, and the exported denoiser.

Importing it costs numpy and nothing else; sampler.session and sampler.generation are imported by name where needed.
"""

from firstlight.errors import SamplerError
from firstlight.levels import CLEAN, LEVELS, levels
from sampler.guidance import clipped, guided
from sampler.loop import Step, sample
from sampler.noise import Noise
from sampler.solvers import SOLVERS, Table

__all__ = [
    "CLEAN",
    "LEVELS",
    "SOLVERS",
    "Noise",
    "SamplerError",
    "Step",
    "Table",
    "clipped",
    "guided",
    "levels",
    "sample",
]

"""How the time at which a training begins to copy grows with the number of its pictures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """The power of the number of training pictures that the time grows by."""

    slope: float
    citation: str


MEMORISATION = Published(
    1.0,
    "T. Bonnaire, R. Urfin, G. Biroli, M. Mézard: Why diffusion models don't memorize, NeurIPS 2025, on CelebA in grey",
)

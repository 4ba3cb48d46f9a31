"""Published figures that ours are drawn beside, with where they come from."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from evaluator.stats.intervals import Estimate, Numbers, wilson
from evaluator.theory.speciation import crossing_of_shares, logsnr_of_step


@dataclass(frozen=True)
class Row:
    """One line of the paper's table: pictures in [0, 1], T = 1000 linear."""

    name: str
    top: float  # Λ
    time: float  # t_S = ½ ln Λ
    step: int


@dataclass(frozen=True)
class Published:
    """The cloning experiment of the paper: φ, the share of pairs that end in the same class, by where they part."""

    citation: str
    url: str
    preparation: str
    rows: tuple[Row, ...]
    ratio: float  # of the empirical to the predicted step
    pairs: int  # per point
    step: Numbers  # (9,) of the published chain
    logsnr: Numbers  # (9,) the same noise on pictures in [-1, 1]: ours
    phi: Numbers  # (9,)
    low: Numbers  # (9,) Wilson's 95 % interval of as many pairs
    high: Numbers  # (9,)


@cache
def published_speciation() -> Published:
    """Biroli et al. (2024)."""
    paper = json.loads((Path(__file__).parent / "biroli2024.json").read_text())
    shares = [wilson(round(phi * paper["pairs"]), paper["pairs"]) for phi in paper["phi"]]
    return Published(
        citation=paper["citation"],
        url=f"https://doi.org/{paper['doi']}",
        preparation=paper["preparation"],
        rows=tuple(Row(**row) for row in paper["rows"]),
        ratio=paper["ratio"],
        pairs=paper["pairs"],
        step=np.array(paper["step"], np.float64),
        logsnr=np.array([logsnr_of_step(step) for step in paper["step"]]),
        phi=np.array(paper["phi"]),
        low=np.array([share.low for share in shares]),
        high=np.array([share.high for share in shares]),
    )


@cache
def published_crossing() -> Estimate:
    """Our logSNR at which the published φ is 0.775, read as our own is, with its interval."""
    cloned = published_speciation()
    return crossing_of_shares(cloned.logsnr, cloned.phi, cloned.pairs)

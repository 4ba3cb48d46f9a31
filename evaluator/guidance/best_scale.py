"""A guidance law against a constant scale, each at the scale that suits it best: a limited interval, and autoguidance.

Kynkäänniemi et al., "Applying guidance in a limited interval improves sample and distribution quality in diffusion
models", and Karras et al., "Guiding a diffusion model with a bad version of itself", both NeurIPS 2024. The lowest of
many distances is a choice by luck too. So all cells get intervals that hold at once; the least true distance of a law
then lies between the least lower end and the least upper end of its cells, whichever scale is truly best, and however
the cells, which share their noise, vary together.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.published.guidance import LAWS
from evaluator.stats.intervals import Estimate, Z, critical
from evaluator.verdict import CANNOT

CONSTANT, JUDGE = "constant", "cnn"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Best:
    """A law at the scale of its least distance."""

    scale: float
    distance: Estimate  # its interval holds for the choice


@dataclass(frozen=True)
class Compared:
    """Both laws at their best, in so many steps."""

    law: str  # a key of LAWS
    steps: int
    best: Best  # of the law
    constant: Best
    less: Estimate  # the law's distance less the constant scale's
    cells: int  # that the intervals hold for at once

    @property
    def verdict(self) -> str:
        """Which of the two surely draws closer to real pictures."""
        return self.law if self.less.high < 0 else CONSTANT if self.less.low > 0 else CANNOT


def compared(rows: Iterable[Row]) -> list[Compared]:
    """Each law in each number of steps that has it and a constant scale at two scales or more. rows: guidance.parquet.

    Scale 1 guides nowhere and so belongs to both laws. Null is None or nan.
    """
    kept = [row for row in rows if _is_distance(row)]
    cells = {(law, int(row["steps"])): None for law in LAWS for row in kept if row["law"] == law}
    made = []
    for law, steps in sorted(cells, key=lambda cell: (list(LAWS).index(cell[0]), cell[1])):
        here = [row for row in kept if row["steps"] == steps]
        unguided = [row for row in here if row["law"] == CONSTANT and row["scale"] == 1]
        own, constant = ([row for row in here if row["law"] == name and row["scale"] > 1] for name in (law, CONSTANT))
        if min(len(own), len(constant)) < 2:
            continue
        count = sum(row["scale"] >= 1 for row in here)
        one, other = (_best([*unguided, *some], count) for some in (own, constant))
        value = one.distance.value - other.distance.value
        low, high = one.distance.low - other.distance.high, one.distance.high - other.distance.low
        made.append(Compared(law, steps, one, other, Estimate(value, low, high, one.distance.n), count))
    return made


def _is_distance(row: Row) -> bool:
    alone = row["against"] is None or row["against"] != row["against"]
    known = row["value"] is not None and not math.isnan(row["value"])
    own = (row["metric"], row["judge"]) == ("frechet", JUDGE) and row["law"] in (*LAWS, CONSTANT)
    return own and alone and known


def _best(rows: Sequence[Row], cells: int) -> Best:
    """The least of some distances, as intervals that hold for so many cells bound it."""
    wide = critical(cells) / Z
    top = min(rows, key=lambda row: float(row["value"]))
    low, high = (
        min(max(row["value"] + wide * (row[end] - row["value"]), 0.0) for row in rows) for end in ("low", "high")
    )
    return Best(float(top["scale"]), Estimate(float(top["value"]), low, high, int(top["n"])))

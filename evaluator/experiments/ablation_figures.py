"""What is left of a run's pictures with a part taken away: shares, and paired differences on the same noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.intervals import Estimate, plain, share, share_difference

NONE, SKIPS, TIME, LABEL, STEPS = "none", "skips", "time", "label", "steps"


@dataclass(frozen=True)
class Ablated:
    """Pictures (N,) drawn with a part taken away, and what the judge says of them."""

    part: NDArray[Any]  # (N,) NONE: all in place
    label: NDArray[np.int64]  # (N,)
    seed: NDArray[np.int64]  # (N,)
    right: NDArray[np.bool_]  # (N,) the judge names the class asked for
    real: NDArray[np.bool_] | None  # (N,) lies among real pictures; None where that is not known
    evaluations: NDArray[np.int64]  # (N,)
    classes: int

    @property
    def good(self) -> NDArray[np.bool_]:
        """(N,) right, and among real ones where that is known."""
        return self.right if self.real is None else self.right & self.real

    @property
    def parts(self) -> list[str]:
        """What was taken away: nothing first, then as a network is gone through."""
        order = {NONE: (0, 0), SKIPS: (2, 0), TIME: (3, 0), LABEL: (4, 0), STEPS: (5, 0)}
        parts = {str(part) for part in np.unique(self.part)}
        return sorted(parts, key=lambda part: order.get(part, (1, -size_of(part))))


def ablated_from(columns: Mapping[str, Any], classes: int) -> Ablated:
    """From the rows of ablations.parquet of one run, column name -> values (N,)."""
    label = np.asarray(columns["label"], np.int64)
    real = np.asarray(columns["real"], object)
    known = len(real) > 0 and all(isinstance(each, (bool, np.bool_)) for each in real)
    return Ablated(
        np.asarray(columns["part"]).astype(str), label, np.asarray(columns["seed"], np.int64),
        np.asarray(columns["top"], np.int64) == label, real.astype(bool) if known else None,
        np.asarray(columns["evaluations"], np.int64), classes,
    )  # fmt: skip


def skips_at(size: int) -> str:
    """The name of the skips that carry pictures of this height and width."""
    return f"{SKIPS} {size}"


def size_of(part: str) -> int:
    """Height and width of what the skips of this name carry; 0 for any other part."""
    number = part.removeprefix(f"{SKIPS} ")
    return int(number) if number != part and number.isdecimal() else 0


def part_name(part: str) -> str:
    """What was done, for people."""
    if size_of(part):
        return f"skips at {size_of(part)} × {size_of(part)} silenced"
    return {
        NONE: "all parts in place", SKIPS: "all skips silenced", TIME: "time embedding frozen half-way",
        LABEL: "label withheld", STEPS: "one giant step",
    }.get(part, part)  # fmt: skip


def missing(parts: Sequence[str]) -> list[str]:
    """Why a part was not taken away, a sentence for each such part."""
    said = {
        SKIPS: "No skips were silenced: in this network's graph nothing joins a picture with what was made of it.",
        TIME: "The time embedding was not frozen: it cannot be told from the rest of this network's graph.",
        LABEL: "The label was not withheld: this model knows no pictures without one.",
    }
    return [text for part, text in said.items() if part not in parts]


def figures(run: str, pictures: Ablated, level: float | None = None) -> dict[str, Any]:
    """Every part's shares and what its loss costs, as plain values; `level`: logSNR at which the time was frozen."""
    rows = []
    for part in pictures.parts:
        evaluations = pictures.evaluations[pictures.part == part]
        hits = {"accuracy": pictures.right, "real": pictures.real, "good": pictures.good}
        rows.append(
            {"part": part, "taken": part_name(part), "n": len(evaluations), "evaluations": int(evaluations[0])}
            | {name: None if hit is None else plain(share_of(pictures, hit, part)) for name, hit in hits.items()}
            | {f"{name}_change": None if hit is None or part == NONE else plain(change(pictures, hit, part))
               for name, hit in hits.items()}
        )  # fmt: skip
    return {"run": run, "frozen_at": level, "chance": 1 / pictures.classes, "parts": rows}


def share_of(pictures: Ablated, hits: NDArray[np.bool_], part: str) -> Estimate:
    """The share of hits without a part, clustered on the seed."""
    here = pictures.part == part
    return share(hits[here], pictures.seed[here])


def change(pictures: Ablated, hits: NDArray[np.bool_], part: str) -> Estimate:
    """The share of hits without the part less that with all in place, from the same noise; clustered on the seed."""
    return share_difference(hits, pictures.seed, pictures.part == part, pictures.part == NONE)

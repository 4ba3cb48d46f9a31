"""What the source says about CLIP scores (S9), and whether a run under a judge says the same.

A verdict names the judge, and which class it scores highest and lowest among real pictures.
"""

from collections.abc import Sequence

import numpy as np

from evaluator.clip.ranking import Order, ceiling
from evaluator.stats.bootstrap import ends
from evaluator.stats.intervals import Estimate, Numbers
from evaluator.verdict import CANNOT, DIGITS, NOT, SUPPORTED, Claim, Verdict
from firstlight.interval_text import brackets

WORDS = "CLIP score of generated digits against their label; highest was 0, lowest were 4 and 9"
MEASURE = (
    "mean {score} of the generated pictures with their class's prompts, ten digits ranked, 95 % intervals of the ranks "
    "clustered on the noise seed: supported where they leave {kept}, not supported where they rule {out} out"
)
HIGHEST, LOWEST = (0,), (4, 9)


def s9(
    order: Order, score: str, classes: Sequence[str], judge: str, real: dict[int, dict[str, float]]
) -> tuple[Verdict, ...]:
    """0 highest; 4 and 9 lowest. `real` holds the judge's row of clip_real (template "mean") for every class."""
    top = Claim("S9", f"0 highest by {score}", WORDS, MEASURE.format(score=score, kept="only rank 1 for 0", out="it"))
    last = Claim(
        "S9", f"4 and 9 lowest by {score}", WORDS,
        MEASURE.format(score=score, kept="only ranks 9 and 10 for both", out="these"),
    )  # fmt: skip
    count = sum(place.mean.n for place in order.rows)
    lacking = _lacking(order, classes)
    if lacking:
        return tuple(Verdict(claim, CANNOT, lacking, n=count) for claim in (top, last))
    compared = _real_order(score, classes, judge, real)
    clusters = order.pairs[0].difference.n
    return tuple(
        Verdict(claim, _verdict(order, named, best), f"{_ranks(order, named, score)}; {compared}.",
                _effect(order, named, clusters), score, None, count)
        for claim, named, best in ((top, HIGHEST, True), (last, LOWEST, False))
    )  # fmt: skip


def _lacking(order: Order, classes: Sequence[str]) -> str:
    """Why nothing can be said; empty where something can."""
    if tuple(classes) != DIGITS:
        return "The claim is about the ten digits, and this run draws other classes."
    missing = [name for label, name in enumerate(classes) if label not in {place.label for place in order.rows}]
    if missing:
        return f"There are no pictures of {', '.join(missing)}, and the claim compares all ten digits."
    return "" if order.pairs else "All pictures come from one noise seed, and differences between seeds are unknown."


def _verdict(order: Order, named: Sequence[int], best: bool) -> str:
    """Whether the ranks of the classes named can only be, or cannot be, the first or last ones."""
    count = len(order.rows)
    places = range(1, len(named) + 1) if best else range(count - len(named) + 1, count + 1)
    ranks = [(place.low, place.high) for place in order.rows if place.label in named]
    if all(low in places and high in places for low, high in ranks):
        return SUPPORTED
    return NOT if any(high < places.start or low >= places.stop for low, high in ranks) else CANNOT


def _ranks(order: Order, named: Sequence[int], score: str) -> str:
    ranks = {place.label: f"rank {place.rank} {brackets(place.low, place.high)}" for place in order.rows}
    return " and ".join(f"{label} has {ranks[label]}" for label in named) + f" of {len(order.rows)} by {score}"


def _real_order(score: str, classes: Sequence[str], judge: str, real: dict[int, dict[str, float]]) -> str:
    """Which real classes the same judge scores highest and lowest: where those are named too, the order is its own."""
    if score == "z":
        return "z compares each class with its own real pictures"
    means = {label: ceiling(row, score)["value"] for label, row in real.items()}
    highest, lowest = (classes[pick(means, key=lambda label: means[label])] for pick in (max, min))
    return f"of real pictures {judge} scores {highest} highest and {lowest} lowest"


def _effect(order: Order, named: Sequence[int], clusters: int) -> Estimate:
    """The mean of the classes named less that of the others."""
    own = np.array([place.label in named for place in order.rows])
    means = np.array([place.mean.value for place in order.rows])
    low, high = ends(_apart(order.drawn, own), clusters)
    return Estimate(float(_apart(means, own)), float(low), float(high), sum(place.mean.n for place in order.rows))


def _apart(means: Numbers, own: np.ndarray) -> Numbers:
    return np.asarray(means[..., own].mean(axis=-1) - means[..., ~own].mean(axis=-1))

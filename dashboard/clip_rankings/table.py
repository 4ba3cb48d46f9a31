"""The table of a CLIP ranking, its numbers as text, and what chart and table hold."""

from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10

from dashboard.format import estimate, rank, share, written
from evaluator.clip.ranking import Order, RealScore

LEGEND = (
    "Blue: the rank can be told apart from all others; grey: it cannot. Diamond: real test pictures of the class, the "
    "ceiling to expect. Broad bar: from the lowest to the highest mean over single prompts. At the right: the 95 % "
    "interval of the rank, and how often the judge itself is right on real pictures of the class. Intervals are "
    "clustered on the noise seed."
)


def digits(order: Order) -> int:
    """Decimals that the intervals of an order allow: the first digit that they leave uncertain, and one more."""
    halves = sorted(abs(place.mean.high - place.mean.low) / 2 for place in order.rows if isfinite(place.mean.low))
    middle = halves[len(halves) // 2] if halves else 0.01
    return min(max(1 - floor(log10(middle)) if middle > 0 else 4, 1), 4)


def table(
    order: Order,
    classes: Sequence[str],
    real: Mapping[int, RealScore],
    spread: Mapping[int, tuple[float, float]],
    name: str,
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows as text: class, rank, score, n, real pictures, the judge's recall, the span over prompts."""
    form = f".{digits(order)}f"
    headings = (
        "class", "rank [95 %]", f"{name} [95 %]", "n", "real pictures [95 %]", "recall on real [95 %]", "n real",
        "over the prompts",
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for place in order.rows:
        known, ends = real.get(place.label), spread.get(place.label)
        said = ("", "", "") if known is None else (
            estimate(known.score, form), share(known.recall), f"{known.recall.n:,}")  # fmt: skip
        over = "" if ends is None else " to ".join(written(end, form) for end in ends)
        rows.append((classes[place.label], rank(place), estimate(place.mean, form),
                     f"{place.mean.n:,}", *said, over))  # fmt: skip
    return headings, rows

"""The table of a CLIP ranking, its numbers as text, and what chart and table hold."""

from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10

from dashboard import format
from dashboard.charts import clip
from evaluator.clip.ranking import Order, RealScore
from evaluator.stats.intervals import Estimate

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


def written(found: Estimate, decimals: int) -> str:
    """A value with its interval, where it has one."""
    value, low, high = (f"{end:.{decimals}f}".replace("-", "−") for end in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]" if isfinite(found.low) else value


def table(
    order: Order,
    classes: Sequence[str],
    real: Mapping[int, RealScore],
    spread: Mapping[int, tuple[float, float]],
    name: str,
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows as text: class, rank, score, n, real pictures, the judge's recall, the span over prompts."""
    decimals = digits(order)
    headings = (
        "class", "rank [95 %]", f"{name} [95 %]", "n", "real pictures [95 %]", "recall on real [95 %]", "n real",
        "over the prompts",
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for place in order.rows:
        known, ends = real.get(place.label), spread.get(place.label)
        said = ("", "", "") if known is None else (
            written(known.score, decimals), format.share(known.recall), f"{known.recall.n:,}")  # fmt: skip
        over = "" if ends is None else f"{ends[0]:.{decimals}f} to {ends[1]:.{decimals}f}".replace("-", "−")
        rows.append((classes[place.label], clip.ranks(place), written(place.mean, decimals),
                     f"{place.mean.n:,}", *said, over))  # fmt: skip
    return headings, rows

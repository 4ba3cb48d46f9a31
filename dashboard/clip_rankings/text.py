"""A CLIP ranking in words and rows."""

from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10

from dashboard.charts import clip
from dashboard.data import clip_scores
from dashboard.format import estimate, rank, share, written
from evaluator.clip.ranking import Order, RealScore

ALL_PROMPTS = "all prompts together"
LEGEND = (
    "Blue: the rank can be told apart from all others; grey: it cannot. Diamond: real test pictures of the class, the "
    "ceiling to expect. Broad bar: from the lowest to the highest mean over single prompts. At the right: the 95 % "
    "interval of the rank, and how often the judge itself is right on real pictures of the class. Intervals are "
    "clustered on the noise seed."
)


def sentence(order: Order, classes: Sequence[str], score: str, judge: str) -> str:
    """One sentence: first and last class, and how many ranks can be told apart."""
    first, last, form = order.rows[0], order.rows[-1], f".{digits(order)}f"
    pictures = sum(place.mean.n for place in order.rows)
    if len(order.rows) < 2:
        return f"{judge} scored pictures of {classes[first.label]} alone, so there is nothing to rank."
    text = (
        f"By mean {clip_scores.SCORES[score]}, {judge} ranks {classes[first.label]} first, "
        f"{estimate(first.mean, form)}, and {classes[last.label]} last, {estimate(last.mean, form)}, "
        f"n = {pictures:,} pictures"
    )
    sure = [classes[place.label] for place in order.rows if place.label in clip.apart(order)]
    if not order.pairs:
        return f"{text}; they come from one noise seed, so no rank is certain."
    if not sure:
        return f"{text}; but no class's rank can be told apart from all others'."
    if len(sure) == len(order.rows):
        return f"{text}; every rank can be told apart from all others."
    which = ", ".join(sure)
    return f"{text}; {len(sure)} of {len(order.rows)} ranks can be told apart from all others: {which}."


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

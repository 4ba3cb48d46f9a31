"""The sentence above a CLIP ranking."""

from collections.abc import Sequence

from dashboard.charts import clip
from dashboard.clip_rankings.table import digits
from dashboard.data import clip_scores
from dashboard.format import estimate
from evaluator.clip.ranking import Order


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

"""The sentence above a CLIP ranking."""

from collections.abc import Sequence

from dashboard.charts import clip
from dashboard.clip_rankings.table import digits
from dashboard.data import clip_scores
from dashboard.format import estimate
from evaluator.clip.ranking import Order
from firstlight.counts import counted


def sentence(order: Order, classes: Sequence[str], score: str, judge: str) -> str:
    """One sentence: first and last class where they are told apart from all others, and how many ranks are."""
    first, last, form = order.rows[0], order.rows[-1], f".{digits(order)}f"
    pictures = sum(place.mean.n for place in order.rows)
    if len(order.rows) < 2:
        return f"{judge} scored pictures of {classes[first.label]} alone, so there is nothing to rank."
    apart = clip.apart(order)
    ends = [
        f"{classes[place.label]} {word}, {estimate(place.mean, form)}"
        for place, word in ((first, "first"), (last, "last"))
        if place.label in apart
    ]
    text = (
        f"By mean {clip_scores.SCORES[score]}, {judge} ranks "
        f"{', and '.join(ends) or 'no class first or last as far as can be told'}, n = {counted(pictures, 'picture')}"
    )
    sure = [classes[place.label] for place in order.rows if place.label in apart]
    if not order.pairs:
        return f"{text}; they come from one noise seed, so no rank is certain."
    if not sure:
        return f"{text}.\nNo class's rank can be told apart from all others'."
    if len(sure) == len(order.rows):
        return f"{text}.\nEvery rank can be told apart from all others."
    which = ", ".join(sure)
    return f"{text}.\n{len(sure)} of {len(order.rows)} ranks can be told apart from all others: {which}."

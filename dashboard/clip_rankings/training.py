"""Training: the ranking at every moment of training at which pictures were kept."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts import clip
from dashboard.clip_rankings.choice import Choice
from dashboard.clip_rankings.runs import places
from dashboard.components import elements, remedy
from dashboard.data import archive
from dashboard.format import estimate, rank
from dashboard.pictures.trajectories import MOST_MOMENTS, evenly
from evaluator.clip.ranking import Order, ordered
from firstlight.counts import counted


def draw(at: Choice, _runs: Sequence[str]) -> None:
    """The ranking at every moment of training at which pictures were kept."""
    frame = archive.ask("clip_snapshots", run=at.look.run, clip=at.look.judge)
    if frame.empty:
        remedy.note("The pictures kept through training are not scored.", at.look.run, "clip")
        return
    moments = sorted(frame["epoch"].unique())
    moments = [moments[place] for place in evenly(len(moments), MOST_MOMENTS)]
    orders = {f"{epoch:.1f}": _order(frame[frame["epoch"] == epoch], at.score) for epoch in moments}
    ranks, hover, text = (pd.DataFrame(index=list(at.classes), columns=list(orders), dtype=kind)
                          for kind in (float, object, object))  # fmt: skip
    for epoch, order in orders.items():
        sure = clip.apart(order)
        for place in order.rows:
            name = at.classes[place.label]
            ranks.loc[name, epoch] = place.rank
            text.loc[name, epoch] = str(place.rank) if place.label in sure else "·"
            score = f"{estimate(place.mean, '.3f')}, n = {place.mean.n}"
            hover.loc[name, epoch] = f"{name} at epoch {epoch}: rank {rank(place)}, {score}"
    figure = clip.rank_map(ranks, hover.fillna(""), text.fillna(""), "epoch", "class", elements.dark())
    data = places(orders, at.classes).rename(columns={"run": "epoch"})
    elements.chart(figure, "clip-training", "Rank of each class through training", data)
    elements.note(_legend(orders, frame["seed"].nunique()))


def _order(frame: pd.DataFrame, score: str) -> Order:
    values, labels, seeds = (frame[name].to_numpy() for name in (score, "label", "seed"))
    return ordered(values.astype(np.float64), labels.astype(np.int64), seeds.astype(np.int64))


def _legend(orders: dict[str, Order], seeds: int) -> str:
    """What the map is, and how much of it can be believed."""
    sure = sum(len(clip.apart(order)) for order in orders.values())
    every = sum(len(order.rows) for order in orders.values())
    return (
        f"Rank by mean score, bluer is better, all prompts together; a number: the rank can be told apart from all "
        f"others at that moment, as {sure} of {every} can; a dot: it cannot. Training keeps "
        f"{counted(seeds, 'picture')} of each class, from the same noise each time."
    )

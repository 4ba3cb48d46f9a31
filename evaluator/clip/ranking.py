"""Classes from the best to the worst CLIP score, with what the order cannot tell apart.

Beside each class stand the interval of its rank, what real pictures of the class score, and how often the judge itself
is right about those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import special

from evaluator.clip.judge import MEAN, ClipJudge
from evaluator.clip.real_scores import figures as real_figures
from evaluator.recognizability.ranking import Pair, Place, alike, bootstrapped, rank_intervals
from evaluator.stats.bootstrap import ends, mean, small_sample
from evaluator.stats.intervals import Estimate, Numbers, plain, wilson
from evaluator.stats.permutation_tests import holm

SCORES = ("probability", "z", "cosine")  # the first is shown first; cosines of different prompts are hardly comparable


@dataclass(frozen=True)
class Order:
    """Classes by a score, the best first."""

    rows: tuple[Place, ...]
    pairs: tuple[Pair, ...]  # the better one first; difference: first minus second
    groups: tuple[tuple[int, ...], ...]  # neighbours in the order of which no two can be told apart
    drawn: Numbers  # (repeats, classes) means of the bootstrap, in the order of the rows


@dataclass(frozen=True)
class RealScore:
    """What the judge says of real pictures of one class."""

    score: Estimate
    recall: Estimate


def ordered(values: NDArray[Any], labels: NDArray[np.int64], seeds: NDArray[np.int64]) -> Order:
    """The order of the classes that have pictures, from scores (N,), labels (N,) and noise seeds (N,).

    Rank intervals and groups as for trajectories (recognizability.ranking), but pictures need no common seeds: a pair's
    p-value is a normal one with the joint bootstrap's spread, which is clustered on the seed, after Holm's correction.
    """
    names, column = np.unique(labels, return_inverse=True)
    clusters, row = np.unique(seeds, return_inverse=True)
    table = np.full((len(clusters), len(names)), np.nan)
    table[row, column] = values
    first = np.argsort(-np.nanmean(table, axis=0), kind="stable")
    names, table = names[first], table[:, first]
    means, drawn = bootstrapped(table)
    ranks = rank_intervals(-means, -drawn, len(clusters))
    own = [mean(values[labels == name], seeds[labels == name]) for name in names]  # as wherever a class stands alone
    places = tuple(Place(int(names[i]), i + 1, *ranks[i], own[i]) for i in range(len(names)))
    pairs = _pairs([int(name) for name in names], means, drawn, len(clusters))
    return Order(places, pairs, alike([place.label for place in places], pairs), drawn)


def _pairs(names: Sequence[int], means: Numbers, drawn: Numbers, clusters: int) -> tuple[Pair, ...]:
    both = list(combinations(range(len(names)), 2))
    if not both or clusters < 2:
        return ()
    first, second = (np.array(side) for side in zip(*both, strict=True))
    apart = drawn[:, first] - drawn[:, second]
    value, spread = means[first] - means[second], apart.std(axis=0) * small_sample(clusters)
    p = 2 * special.ndtr(-np.divide(np.abs(value), spread, out=np.zeros_like(value), where=spread > 0))
    corrected, (low, high) = holm(p), ends(apart, clusters)
    return tuple(
        Pair(names[first[i]], names[second[i]], Estimate(value[i], low[i], high[i], clusters), p[i], corrected[i])
        for i in range(len(both))
    )


def orders(table: pa.Table, template: str = MEAN) -> dict[str, Order]:
    """The order by every score, from one judge's rows of clip.parquet."""
    some = table.filter(pc.equal(table["template"], template))
    labels, seeds = (some[name].to_numpy().astype(np.int64) for name in ("label", "seed"))
    return {name: ordered(some[name].to_numpy().astype(np.float64), labels, seeds) for name in SCORES}


def figures(judge: ClipJudge, table: pa.Table, orders: dict[str, Order]) -> dict[str, Any]:
    """The orders as plain values, every class with its ceiling from real pictures and the judge's recall."""
    real = {row["label"]: row for row in real_figures(judge) if row["template"] == MEAN}
    return {
        "judge": judge.name,
        "in_domain": judge.in_domain,
        "about": judge.card.get("in_domain") or judge.card.get("foreign"),
        "pictures": len(table) // len(judge.readings),
        "scores": {name: _order(order, judge, real, name) for name, order in orders.items()},
        "templates": [_of_template(judge, table, template) for template in judge.readings],
    }


def _order(order: Order, judge: ClipJudge, real: dict[int, dict[str, Any]], score: str) -> dict[str, Any]:
    rows = [
        {
            "class": judge.classes[place.label],
            "label": place.label,
            "rank": place.rank,
            "ranks": [place.low, place.high],
        }
        | plain(place.mean)
        | {"real": ceiling(real[place.label], score), "recall": _recall(real[place.label])}
        for place in order.rows
    ]
    together = [[judge.classes[label] for label in group] for group in order.groups if len(group) > 1]
    return {"classes": rows, "not_told_apart": together}


def ceiling(row: dict[str, Any], score: str) -> dict[str, float]:
    """What real pictures of the class score: mean, low, high; z is 0 for them by its definition."""
    if score == "z":
        return {"value": 0.0, "low": 0.0, "high": 0.0}
    return {
        end: round(row[name], 6) for end, name in (("value", score), ("low", f"{score}_low"), ("high", f"{score}_high"))
    }


def _recall(row: dict[str, Any]) -> dict[str, Any]:
    ends_of = {"value": row["recall"], "low": row["recall_low"], "high": row["recall_high"]}
    return {name: round(end, 6) for name, end in ends_of.items()} | {"n": row["n"]}


def _of_template(judge: ClipJudge, table: pa.Table, template: str) -> dict[str, Any]:
    """What a change of the prompt does: share named right, and every class's mean probability."""
    some = table.filter(pc.equal(table["template"], template))
    label, chance = some["label"].to_numpy(), some["probability"].to_numpy()
    right = some["top"].to_numpy() == label
    means = {judge.classes[name]: round(float(chance[label == name].mean()), 6) for name in np.unique(label)}
    return {"template": template, "right": plain(wilson(int(right.sum()), len(right))), "probability": means}

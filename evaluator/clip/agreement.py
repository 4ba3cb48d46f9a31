"""A CLIP ranking beside other orders: the classifier's of the same pictures, and CLIP's own of real ones.

Two judges that name the same pictures alike may still rank their classes differently.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluator.clip.judge import MEAN, ClipJudge
from evaluator.clip.ranking import Order, ordered
from evaluator.clip.real_scores import figures as real_figures
from evaluator.recognizability.agreement import kappas
from evaluator.stats.bootstrap import ends
from evaluator.stats.intervals import Estimate, Numbers, plain
from firstlight.run_folder import Run
from store.verification import sound_table


def named_alike(one: NDArray[Any], other: NDArray[Any], seeds: NDArray[Any]) -> Estimate:
    """Cohen's kappa of two judges' first choices (N,) for the same pictures, clustered on the noise seed."""
    value, low, high = kappas(np.stack([one, other])[:, :, None].astype(np.int64), seeds)
    return Estimate(float(value[0]), float(low[0]), float(high[0]), len(one))


def same_order(one: Order, other: Order) -> Estimate:
    """Spearman's correlation of two orders of the same pictures' classes, with the joint bootstrap's interval.

    Both orders come from the same noise seeds, so their draws are of the same seeds. n classes; nan below three.
    """
    shared = sorted({place.label for place in one.rows} & {place.label for place in other.rows})
    if len(shared) < 3:
        return Estimate(math.nan, math.nan, math.nan, len(shared))
    first, second = (_columns(order, shared) for order in (one, other))
    return _estimate(_spearman(first[0], second[0]), _spearman(first[1], second[1]), _seeds(one), len(shared))


def like_real(order: Order, real: Mapping[int, float]) -> Estimate:
    """Spearman's correlation of an order with the mean scores of real pictures of each class, which are taken as known.

    n classes; nan below three.
    """
    shared = sorted({place.label for place in order.rows} & set(real))
    if len(shared) < 3:
        return Estimate(math.nan, math.nan, math.nan, len(shared))
    means, drawn = _columns(order, shared)
    known = np.array([real[label] for label in shared])
    return _estimate(_spearman(means, known), _spearman(drawn, known), _seeds(order), len(shared))


def _columns(order: Order, labels: list[int]) -> tuple[Numbers, Numbers]:
    """Means (G,) and draws (repeats, G) of these classes."""
    place = {row.label: index for index, row in enumerate(order.rows)}
    at = [place[label] for label in labels]
    return np.array([order.rows[index].mean.value for index in at]), order.drawn[:, at]


def _seeds(order: Order) -> int:
    return order.pairs[0].difference.n if order.pairs else 1


def _spearman(one: Numbers, other: Numbers) -> Numbers:
    """Of the last axes, (...)."""
    from scipy.stats import rankdata  # takes longer to import than a command to begin

    a, b = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (rankdata(each, axis=-1) for each in (one, other)))
    size = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.asarray(np.divide((a * b).sum(axis=-1), size, out=np.zeros(size.shape), where=size > 0))


def _estimate(value: Numbers, drawn: Numbers, seeds: int, n: int) -> Estimate:
    low, high = ends(drawn, seeds)
    return Estimate(float(value), float(low), float(high), n)


def figures(run: Run, judge: ClipJudge, table: pa.Table, orders: Mapping[str, Order]) -> dict[str, Any]:
    """How a judge's orders agree with the classifier's and with its own of real pictures, as plain values."""
    real = [row for row in real_figures(judge) if row["template"] == MEAN]
    agreement: dict[str, Any] = {
        "real": {name: plain(like_real(orders[name], {row["label"]: row[name] for row in real}))
                 for name in orders if name != "z"},
    }  # fmt: skip
    other = pq.read_table(sound_table(run.clip_pictures))
    if other["judge"][0].as_py() is None:
        return agreement
    own = table.filter(pc.equal(table["template"], MEAN))
    seeds, labels = (own[name].to_numpy() for name in ("seed", "label"))
    theirs = ordered(other["probability"].to_numpy().astype(np.float64), labels.astype(np.int64), seeds)
    return agreement | {
        "classifier": other["judge"][0].as_py(),
        "kappa": plain(named_alike(own["top"].to_numpy(), other["top"].to_numpy(), seeds)),
        "order": {name: plain(same_order(order, theirs)) for name, order in orders.items()},
    }

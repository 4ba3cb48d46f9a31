"""How good a run's finished pictures are: accuracy, distances to real pictures and CAS, each with its interval and n.

The judge is one that was used neither in training nor in guidance.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator.judges.judge import Judge, check_classes, judge_for
from evaluator.judges.reference import SUBSET, Moments, Reference, reference_for
from evaluator.quality.cas import scores
from evaluator.quality.pictures import Drawn, draw
from evaluator.stats.bootstrap import cluster_weights, normal_interval, quantile_interval
from evaluator.stats.frechet import frechet, kid_subsets, moments
from evaluator.stats.intervals import Estimate, Numbers, plain, wilson
from evaluator.stats.precision_recall import precision_recall
from evaluator.text import with_interval
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.schema import QUALITY

RESAMPLED = 50  # bootstrap repeats of the Fréchet distance

Row = dict[str, Any]


def quality(run: Run, per_class: int = 1000, data: Path | None = None) -> dict[str, Any]:
    """The figures of a run as plain values; writes quality.parquet. Raises RunError, JudgeError and SamplerError.

    The classification accuracy score needs torch and the real pictures (`data`, or the download); where it cannot be
    had, a sentence on standard error says so and the other figures are still made.
    """
    card = card_of(run)
    judge = judge_for(card["dataset"]["name"], "clean")
    check_classes(run, card, {judge.kind: judge})
    reference = reference_for(judge)
    drawn = draw(run, per_class)
    rows = [row(metric, label, estimate, judge.name) for metric, label, estimate in figures(drawn, judge, reference)]
    scored = scores(card["dataset"]["name"], drawn.images, drawn.labels, reference, data)
    rows += [row(metric, None, estimate, "") for metric, estimate in scored]
    columns = {field.name: pa.array([line[field.name] for line in rows], field.type) for field in QUALITY}
    write_table(run.quality, pa.table(columns, schema=QUALITY))
    return {"run": run.id, "pictures": len(drawn.labels), "metrics": rows}


def row(metric: str, label: int | None, estimate: Estimate, judge: str) -> Row:
    """One row of quality.parquet."""
    return {"metric": metric, "label": label} | plain(estimate) | {"judge": judge}


def figures(drawn: Drawn, judge: Judge, reference: Reference) -> Iterator[tuple[str, int | None, Estimate]]:
    """Metric, label (None: all classes) and estimate, of everything that the judge alone can say."""
    logits, features = judge(drawn.images / np.float32(127.5) - 1)
    right = logits.argmax(axis=1) == drawn.labels
    yield "accuracy", None, wilson(int(right.sum()), len(right))
    for label in range(len(judge.classes)):
        of_class = right[drawn.labels == label]
        yield "accuracy", label, wilson(int(of_class.sum()), len(of_class))
    yield from distances(features, reference)


def distances(features: NDArray[np.float32], reference: Reference) -> Iterator[tuple[str, None, Estimate]]:
    """Fréchet distance with floor and ratio, KID, precision and recall of generated features (N, F)."""
    n = len(features)
    if n > features.shape[1]:  # fewer have no covariance of full rank
        yield from against("frechet", features, reference.moments, reference.floor, reference.pictures)
        yield from against(
            "frechet_plain", features, reference.plain_moments, reference.plain_floor, reference.pictures
        )
    subsets = kid_subsets(features, reference.features)
    yield "kid", None, quantile_interval(float(subsets.mean()), subsets, n)
    compared = min(n, SUBSET)
    precision, recall = precision_recall(features[:compared], reference.features[:compared])
    for name, share in (("precision", precision), ("recall", recall)):
        yield name, None, wilson(round(share * compared), compared)


def against(
    name: str, features: NDArray[np.float32], real: Moments, floor: Numbers, pictures: int
) -> Iterator[tuple[str, None, Estimate]]:
    """A Fréchet distance, its real-vs-real floor and their ratio; the interval is from resampled generated pictures."""
    weights = cluster_weights(np.arange(len(features)), repeats=RESAMPLED)
    drawn = np.array([frechet(moments(features, weight), real) for weight in weights])
    distance = normal_interval(frechet(moments(features), real), drawn, len(features))
    least = quantile_interval(float(floor.mean()), floor, pictures)
    yield name, None, distance
    yield f"{name}_floor", None, least
    yield f"{name}_ratio", None, ratio(distance, least, float(floor.std(ddof=1)))


def ratio(distance: Estimate, floor: Estimate, floor_spread: float) -> Estimate:
    """Distance over floor; the interval joins both relative spreads (delta method on the logarithm)."""
    value = distance.value / floor.value
    spread = math.hypot((distance.high - distance.value) / distance.value, 1.96 * floor_spread / floor.value)
    return Estimate(value, value * math.exp(-spread), value * math.exp(spread), distance.n)


def report(figures: dict[str, Any]) -> str:
    """The figures as a table for people."""
    lines = [f"{figures['run']}: {figures['pictures']:,} pictures at its default settings"]
    for line in figures["metrics"]:
        name = line["metric"] if line["label"] is None else f"  of class {line['label']}"
        lines.append(f"{name:<16}{with_interval(line, '.4f', width=9)}  n = {line['n']:,}")
    return "\n".join(lines)

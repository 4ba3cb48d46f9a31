"""How good a run's finished pictures are: accuracy, distances to real pictures and CAS, each with its interval and n.

The judge is one that was used neither in training nor in guidance.
"""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.judges.judge import Judge, judge_for_run
from evaluator.judges.reference import FLOOR_DRAWS, SUBSET, Moments, Reference, evenly_drawn, reference_for
from evaluator.provenance import denoiser_sha256
from evaluator.quality.cas import scores, train_and_test
from evaluator.quality.pictures import Drawn, draw
from evaluator.stats.bootstrap import block_mean, normal_interval, quantile_interval
from evaluator.stats.frechet import frechet, kid_blocks, moments, redrawn
from evaluator.stats.intervals import Estimate, Numbers, Z, plain, plainly, wilson
from evaluator.stats.precision_recall import precision_recall
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import store_table
from firstlight.schema import METADATA, QUALITY
from firstlight.seen_in_training import remark

if TYPE_CHECKING:
    from trainer.data import Pictures

Row = dict[str, Any]
Figure = tuple[str, int | None, Estimate, Numbers | None]  # metric, label (None: all classes), value, bootstrap draws


def quality(
    run: Run, per_class: int = defaults.QUALITY_PER_CLASS, data: Path | None = None, on: str = ""
) -> dict[str, Any]:
    """The figures of a run as plain values; writes quality.parquet. Raises RunError, JudgeError and SamplerError.

    `on`: where the pictures are drawn; what is said of all of them together is computed here, once.
    The classification accuracy score needs torch and the real pictures (`data`, or the download); where it cannot be
    had, a sentence on standard error says so and the other figures are still made.
    """
    card = card_of(run)
    judge = judge_for_run(run, "clean")
    reference = reference_for(judge)
    if reference.pictures <= judge.card["features"]:
        print(f"Fréchet distances are left out: {reference.pictures} real test pictures are too few for the "
              f"{judge.card['features']} features of {judge.name}.", file=sys.stderr)  # fmt: skip
    if said := remark(card):
        print(said, file=sys.stderr)
    drawn = draw(run, per_class, on)
    real = train_and_test(card["dataset"]["name"], data, card["dataset"]["classes"], card["config"].get("resize", 0))
    floor = same_size_floor(judge, reference, real, len(drawn.labels))
    rows = [row(*figure, judge.name) for figure in figures(drawn, judge, reference, floor)]
    if real is not None:
        rows += [row(*figure, None, judge.name) for figure in of_real(real[0], judge, reference, len(drawn.labels))]
        scored = scores(card["dataset"]["name"], drawn.images, drawn.labels, reference, *real)
        rows += [row(metric, None, estimate, None, "") for metric, estimate in scored]
    columns = {field.name: pa.array([line[field.name] for line in rows], field.type) for field in QUALITY}
    made_of = json.dumps({"denoiser": denoiser_sha256(run)}).encode()
    store_table(run.quality, pa.table(columns, schema=QUALITY.with_metadata({METADATA: made_of})))
    return {"run": run.id, "pictures": len(drawn.labels), "classes": card["dataset"]["classes"], "metrics": rows}


def row(metric: str, label: int | None, estimate: Estimate, draws: Numbers | None, judge: str) -> Row:
    """One row of quality.parquet."""
    return {"metric": metric, "label": label} | plain(estimate) | {"judge": judge, "draws": plainly(draws)}


def same_size_floor(
    judge: Judge, reference: Reference, real: tuple["Pictures", "Pictures"] | None, count: int
) -> Numbers | None:
    """Fréchet distances of `count` real training pictures, every class equally often, to the reference, (20,).

    A distance shrinks as pictures are added, so a floor of another number of pictures is none. None for too few
    pictures for a covariance, and, but for the number that the reference knows, without the training pictures.
    """
    if count == reference.pictures:
        return reference.floor
    return None if real is None else floor_of(real[0], judge, reference, count)


def floor_of(train: "Pictures", judge: Judge, reference: Reference, count: int) -> Numbers | None:
    """The same from these training pictures, half of which `count` may be at most."""
    if not judge.card["features"] < min(count, reference.pictures) or count > len(train.labels) // 2:
        return None
    generator = np.random.Generator(np.random.Philox(key=0))
    chosen = [evenly_drawn(train.labels, count, generator) for _ in range(FLOOR_DRAWS)]
    known, place = np.unique(np.concatenate(chosen), return_inverse=True)
    features = judge(train.images[known] / np.float32(127.5) - 1)[1]
    parts = np.split(place, np.cumsum([len(part) for part in chosen])[:-1])
    return np.array([frechet(moments(features[part]), reference.moments) for part in parts])


def figures(
    drawn: Drawn, judge: Judge, reference: Reference, floor: Numbers | None
) -> Iterator[Figure]:  # fmt: skip
    """Everything that the judge alone can say."""
    logits, features = judge(drawn.images / np.float32(127.5) - 1)
    right = logits.argmax(axis=1) == drawn.labels
    yield "accuracy", None, wilson(int(right.sum()), len(right)), None
    for label in range(len(judge.classes)):
        of_class = right[drawn.labels == label]
        yield "accuracy", label, wilson(int(of_class.sum()), len(of_class)), None
    yield from distances(features, drawn.labels, reference, floor)


def distances(
    features: NDArray[np.float32], labels: NDArray[np.int64], reference: Reference, floor: Numbers | None
) -> Iterator[Figure]:
    """Fréchet distance, KID, precision and recall of generated features (N, F) that were asked for with labels (N,).

    The distance's floor and ratio where there is a `floor` of as many real pictures.
    """
    n = len(features)
    if min(n, reference.pictures) > features.shape[1]:  # fewer have no covariance of full rank
        yield from against("frechet", features, labels, reference.moments, floor)
        plain_floor = reference.plain_floor if n == reference.pictures else None
        yield from against("frechet_plain", features, labels, reference.plain_moments, plain_floor)
    yield "kid", None, block_mean(kid_blocks(features, reference.features), n), None
    for name, found in reach(features, reference):
        yield name, None, found, None


def reach(features: NDArray[np.float32], reference: Reference) -> Iterator[tuple[str, Estimate]]:
    """Precision and recall of pictures in features (N, F) against as many of the reference."""
    drawn, real = features[:SUBSET], reference.features[: min(len(features), SUBSET)]
    precision, recall = precision_recall(drawn, real)
    for name, share, count in (("precision", precision, len(drawn)), ("recall", recall, len(real))):
        yield name, wilson(round(share * count), count)


def of_real(
    train: "Pictures", judge: Judge, reference: Reference, count: int
) -> Iterator[tuple[str, int | None, Estimate]]:
    """Precision and recall of as many real training pictures: what pictures that are real come to."""
    chosen = evenly_drawn(train.labels, min(count, SUBSET), np.random.Generator(np.random.Philox(key=0)))
    features = judge(train.images[chosen] / np.float32(127.5) - 1)[1]
    for name, found in reach(features, reference):
        yield f"{name}_real", None, found


def against(
    name: str, features: NDArray[np.float32], labels: NDArray[np.int64], real: Moments, floor: Numbers | None
) -> Iterator[Figure]:
    """A Fréchet distance with its draws, and its floor and their ratio where there is a floor of as many pictures."""
    n, draws = len(features), redrawn(features, labels, real)
    distance = normal_interval(frechet(moments(features), real), draws, n)
    yield name, None, distance, draws
    if floor is not None:
        least = quantile_interval(float(floor.mean()), floor, n)
        yield f"{name}_floor", None, least, None
        yield f"{name}_ratio", None, ratio(distance, least, float(floor.std(ddof=1))), None


def ratio(distance: Estimate, floor: Estimate, floor_spread: float) -> Estimate:
    """Distance over the mean of FLOOR_DRAWS floors, which differ by `floor_spread`; the interval joins both.

    Delta method on the logarithm.
    """
    value = distance.value / floor.value
    error = floor_spread / math.sqrt(FLOOR_DRAWS) / floor.value
    spread = math.hypot((distance.high - distance.value) / distance.value, Z * error)
    return Estimate(value, value * math.exp(-spread), value * math.exp(spread), distance.n)

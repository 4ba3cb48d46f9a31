"""How good a run's finished pictures are: accuracy, distances to real pictures and CAS, each with its interval and n.

The judge is one that was used neither in training nor in guidance.
"""

import hashlib
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.judges.cards import archive_of, command
from evaluator.judges.judge import Judge, judge_for_run
from evaluator.judges.reference import FLOOR_DRAWS, SUBSET, Moments, Reference, evenly_drawn, reference_for
from evaluator.provenance import denoiser_sha256, notes_of
from evaluator.quality import cas, price
from evaluator.quality.cas import train_and_test
from evaluator.quality.pictures import FIRST_SEED, HELD_OUT_SEED, Drawn, draw
from evaluator.stats.bootstrap import block_mean, normal_interval, quantile_interval
from evaluator.stats.frechet import frechet, kid_blocks, moments, redrawn
from evaluator.stats.intervals import Estimate, Numbers, Z, plain, plainly, wilson
from evaluator.stats.precision_recall import precision_recall
from evaluator.stats.time_ahead import say
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import store_table
from firstlight.seen_in_training import remark
from firstlight.table_schema import METADATA, QUALITY
from store.verification import sound_table

if TYPE_CHECKING:
    from trainer.data import Pictures

Row = dict[str, Any]
Figure = tuple[str, int | None, Estimate, Numbers | None]  # metric, label (None: all classes), value, bootstrap draws


def quality(
    run: Run,
    per_class: int = defaults.QUALITY_PER_CLASS,
    data: Path | None = None,
    on: str = "",
    full: bool = False,
    held_out: bool = False,
) -> dict[str, Any]:
    """The figures of a run as plain values; writes quality.parquet. Raises RunError, JudgeError and SamplerError.

    `on`: where the pictures are drawn; what is said of all of them together is computed here, once. `full`: with the
    classification accuracy score of all of them instead of the short one; the other one stays where it is of the same
    pictures. `held_out`: of noise that no figure is reported from, for choices.
    The classification accuracy score needs torch and the real pictures (`data`, or the download); where it cannot be
    had, a sentence on standard error says so and the other figures are still made.
    """
    card = card_of(run)
    judge = judge_for_run(run, "clean")
    reference = reference_for(judge)
    for said in filter(None, (*lacking(judge, reference), remark(card))):
        print(said, file=sys.stderr)
    drawn = draw(run, per_class, on, HELD_OUT_SEED if held_out else FIRST_SEED)
    made_of = {"denoiser": denoiser_sha256(run), "pictures": hashlib.sha256(drawn.images.tobytes()).hexdigest()}
    real = train_and_test(card["dataset"]["name"], data, card["dataset"]["classes"], card["config"].get("resize", 0))
    tell_price(len(drawn.labels), judge, real)
    floor = same_size_floor(judge, reference, real, len(drawn.labels))
    rows = [row(*figure, judge.name) for figure in figures(drawn, judge, reference, floor)]
    if real is not None:
        rows += [row(*figure, None, judge.name) for figure in of_real(real[0], judge, reference, len(drawn.labels))]
        rows += taught(card["dataset"]["name"], drawn, reference, *real, full)
    rows += still_true(run, made_of, {line["metric"] for line in rows})
    columns = {field.name: pa.array([line[field.name] for line in rows], field.type) for field in QUALITY}
    noted = {METADATA: json.dumps(made_of).encode()}
    store_table(run.quality, pa.table(columns, schema=QUALITY.with_metadata(noted)))
    return {"run": run.id, "pictures": len(drawn.labels), "classes": card["dataset"]["classes"], "metrics": rows}


def lacking(judge: Judge, reference: Reference) -> Iterator[str]:
    """What cannot be measured beside these real pictures, a sentence each."""
    if reference.pictures <= judge.card["features"]:
        yield (
            f"Fréchet distances are left out: {reference.pictures} real test pictures are too few for the "
            f"{judge.card['features']} features of {judge.name}."
        )
    if reference.labels is None:
        again = command(str(judge.card["dataset"]), "clean", runs=archive_of(judge.folder / judge.name))
        yield f"KID is left out: {judge.name} kept real pictures without their classes; with them: {again}"


def tell_price(count: int, judge: Judge, real: tuple["Pictures", "Pictures"] | None) -> None:
    """Say what the comparison of `count` pictures with real ones will take."""
    looked_at = count + (0 if real is None else min(len(real[0].labels), FLOOR_DRAWS * count))
    say("comparing with real pictures", f"{looked_at:,} pictures before {judge.name}",
              price.of_judging(judge, looked_at) + price.of_distances(count, judge.card["features"]))  # fmt: skip


def taught(
    dataset: str, drawn: Drawn, reference: Reference, train: "Pictures", test: "Pictures", full: bool
) -> list[Row]:
    """Rows of the classification accuracy score, the short or the full one, and its price before it starts."""
    fits = cas.fits(len(drawn.labels), reference, dataset, train, full)
    if fits:
        size = " and ".join(f"{count:,} pictures in {epochs} epochs" for count, epochs in fits)
        seconds = price.of_fits(fits, drawn.images.shape[1:], len(test.classes))
        say("classification accuracy score", f"classifiers of {size}", seconds)
    few = cas.short_scores(drawn.images, drawn.labels, train, test)
    scored = cas.scores(dataset, drawn.images, drawn.labels, reference, train, test) if full else few
    return [row(metric, None, estimate, None, "") for metric, estimate in scored]


def still_true(run: Run, made_of: dict[str, str], fresh: set[str]) -> list[Row]:
    """Rows of the score that was not asked for now, where the table has one of the same pictures."""
    if notes_of(run.quality) != made_of:
        return []
    held = pq.read_table(sound_table(run.quality), schema=QUALITY).to_pylist()
    return [line for line in held if line["metric"] in {*cas.FULL, *cas.SHORT} - fresh]


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
    if reference.labels is not None:
        apart = kid_blocks((features, labels), (reference.features, reference.labels))
        yield from [("kid_by_class", None, block_mean(apart, n), None)] * bool(len(apart))
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

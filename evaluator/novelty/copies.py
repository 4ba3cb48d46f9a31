"""Does a run copy? Its pictures' distance from the training pictures, against that of real test pictures.

Two signs. Near: closer to a training picture than the nearest 1 % of real test pictures are; typical pictures come near
many, so that alone is no copying. Copied: the nearest training picture is less than a third as far as the second
nearest (Yoon et al., 2023, "Diffusion probabilistic models generalize when they fail to memorize").
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.judges.cards import JUDGES
from evaluator.judges.judge import Judge, judge_for_run
from evaluator.novelty.pictures_learned import Learned, pictures_learned
from evaluator.provenance import denoiser_sha256
from evaluator.quality.pictures import FIRST_SEED, draw
from evaluator.stats.intervals import Estimate, plain, share, wilson
from evaluator.stats.neighbours import GROUPS, Nearest, Points, coverage_and_density, low_quantile, nearest
from firstlight.errors import JudgeError, RunError
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import changing
from firstlight.table_schema import METADATA, NOVELTY, NOVELTY_PICTURES, table_of

LOWEST = 0.01  # share of the real test pictures that are nearest
THIRD = 1 / 3
KEPT = 12  # pairs of each kind whose pictures are kept

Row = dict[str, Any]
Figure = tuple[str, str, str, int | None, Estimate]  # metric, space, of, label and estimate


@dataclass(frozen=True)
class Side:
    """Pictures and where they lie: generated ones or real ones."""

    of: str  # generated or real
    images: NDArray[np.uint8]  # (N, C, H, W)
    labels: NDArray[np.int64]  # (N,)
    seeds: NDArray[np.int64] | None  # (N,) None: every picture by itself
    near: dict[str, Nearest]  # space -> the nearest training pictures


def novelty(
    run: Run, per_class: int = defaults.NOVELTY_PER_CLASS, data: Path | None = None, judges: Path = JUDGES
) -> dict[str, Any]:
    """The figures of a run as plain values; writes novelty.parquet and novelty_pictures.parquet.

    Raises RunError and SamplerError with a sentence. Without a judge of the run's classes there are no features, and
    standard error says so.
    """
    card = card_of(run)
    learned = pictures_learned(card, data)
    drawn = draw(run, per_class)
    if len(learned.images) < 2 or drawn.images.shape[1:] != learned.images.shape[1:]:
        raise RunError(f"{run.id} draws pictures of another form than its training pictures; give another --data.")
    judge = _judge(run, judges)
    own, training = _spaces(drawn.images, judge), _spaces(learned.images, judge)
    real = _spaces(learned.test, judge)
    seeds = FIRST_SEED + np.arange(len(drawn.labels))
    sides = [
        Side(of, images, labels, seed, {name: nearest(points[name], training[name]) for name in points})
        for of, images, labels, seed, points in (
            ("generated", drawn.images, drawn.labels, seeds, own),
            ("real", learned.test, learned.test_labels, None, real),
        )
    ]
    found = [*distances(*sides)]
    if judge is not None:
        found += coverage(own["features"], drawn.labels, training["features"], learned.labels, real["features"],
                          learned.test_labels)  # fmt: skip
    rows = [_row(figure) for figure in found]
    notes = {"denoiser": denoiser_sha256(run), "pictures": learned.source, "seen": learned.seen}
    _write(run, rows, sides, learned, notes)
    return {"run": run.id, "pictures": len(drawn.labels), "training": learned.source, "seen": learned.seen,
            "classes": card["dataset"]["classes"], "figures": rows, "copies": copies(found)}  # fmt: skip


def _judge(run: Run, judges: Path) -> Judge | None:
    try:
        return judge_for_run(run, "clean", judges)
    except JudgeError as error:
        print(f"The judge's features are left out: {error}", file=sys.stderr)
        return None


def as_points(images: NDArray[np.uint8]) -> Points:
    """Pictures (N, C, H, W) as points of pixels from 0 to 1."""
    return (images.reshape(len(images), -1) / 255).astype(np.float32)


def _spaces(images: NDArray[np.uint8], judge: Judge | None) -> dict[str, Points]:
    """Pictures (N, C, H, W) as points: pixels from 0 to 1, and the judge's features."""
    points: dict[str, Points] = {"pixels": as_points(images)}
    if judge is not None:
        parts = [images[at : at + 1000] for at in range(0, len(images), 1000)]
        points["features"] = np.concatenate([judge(part / np.float32(127.5) - 1)[1] for part in parts])
    return points


def distances(generated: Side, real: Side) -> Iterator[Figure]:
    """Both signs in every space, of generated pictures and of real ones, whose `near` is what it is by its making."""
    for space in generated.near:
        limit, expected = low_quantile(real.near[space].first, LOWEST)
        yield "near", space, "generated", None, _share(generated, generated.near[space].first < limit)
        yield "near", space, "real", None, expected
        for side in (generated, real):
            near = side.near[space]
            yield "copied", space, side.of, None, _share(side, copied(near.first, near.second))


def copied(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which pictures are copies, by the distances of their two nearest training pictures, (N,) all."""
    return np.asarray(first < THIRD * second)


def _share(side: Side, hits: NDArray[np.bool_]) -> Estimate:
    return wilson(int(hits.sum()), len(hits)) if side.seeds is None else share(hits, side.seeds)


def coverage(
    own: Points, labels: NDArray[np.int64], training: Points, training_labels: NDArray[np.int64],
    real: Points, real_labels: NDArray[np.int64],
) -> Iterator[Figure]:  # fmt: skip
    """Coverage and density of real test pictures by as many generated ones, and by as many training pictures."""
    classes = np.unique(labels)
    each = min(int((some == label).sum()) for some in (labels, training_labels, real_labels) for label in classes)
    first = [
        np.concatenate([np.flatnonzero(some == label)[:each] for label in classes])
        for some in (labels, training_labels, real_labels)
    ]
    label, group = np.repeat(classes, each), np.tile(np.arange(each) % GROUPS, len(classes))
    for of, points in (("generated", own[first[0]]), ("real", training[first[1]])):
        for name, (covered, density) in coverage_and_density(points, real[first[2]], label, group).items():
            yield "coverage", "features", of, name, covered
            yield "density", "features", of, name, density


def copies(found: list[Figure]) -> bool:
    """Whether a run copies: of its pictures surely more than of real ones have a training picture all to themselves."""
    share_of = {of: estimate for metric, space, of, _, estimate in found if (metric, space) == ("copied", "pixels")}
    return share_of["generated"].low > share_of["real"].high


def _row(figure: Figure) -> Row:
    metric, space, of, label, estimate = figure
    return {"metric": metric, "space": space, "of": of, "label": label} | plain(estimate)


def _write(run: Run, rows: list[Row], sides: list[Side], learned: Learned, notes: dict[str, Any]) -> None:
    metadata = {METADATA: json.dumps(notes)}
    columns = {field.name: [line[field.name] for line in rows] for field in NOVELTY}
    parts = [table_of(NOVELTY_PICTURES, _pairs(side, learned)) for side in sides]
    with changing(run) as beside:
        write_table(beside(run.novelty), table_of(NOVELTY, columns).replace_schema_metadata(metadata))
        write_table(beside(run.novelty_pictures), pa.concat_tables(parts).replace_schema_metadata(metadata))


def _pairs(side: Side, learned: Learned) -> dict[str, Any]:
    """The columns of one kind of pictures."""
    n, pixels, features = len(side.labels), side.near["pixels"], side.near.get("features")
    kept = set(np.argsort(pixels.first / np.maximum(pixels.second, 1e-12), kind="stable")[:KEPT].tolist())
    shown = [
        (_bytes(side.images[at]), _bytes(learned.images[pixels.index[at]])) if at in kept else (None, None)
        for at in range(n)
    ]
    return {
        "of": [side.of] * n, "picture": np.arange(n), "label": side.labels,
        "seed": [None] * n if side.seeds is None else side.seeds, "neighbour": pixels.index,
        "pixels": pixels.first, "pixels_second": pixels.second,
        "features": [None] * n if features is None else features.first,
        "features_second": [None] * n if features is None else features.second,
        "image": [own for own, _ in shown], "neighbour_image": [other for _, other in shown],
    }  # fmt: skip


def _bytes(image: NDArray[np.uint8]) -> bytes:
    return np.ascontiguousarray(image.transpose(1, 2, 0)).tobytes()

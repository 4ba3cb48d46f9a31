"""When does a training begin to copy? The pictures that it kept, beside those that it learned from.

A kept picture is a copy where its nearest training picture is less than a third as far as the second nearest. The same
noise is drawn again at every kept step, so each has a step from which on it stays a copy, known to lie between two kept
ones; the memorisation time is when half of them have. Bonnaire, Urfin, Biroli & Mézard, NeurIPS 2025: it grows in
proportion to the number of training pictures.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluator.novelty.copies import as_points, copied
from evaluator.novelty.pictures_learned import pictures_learned
from evaluator.stats import turnbull
from evaluator.stats.intervals import Estimate, combined, logarithm, plain, plainly
from evaluator.stats.neighbours import nearest
from evaluator.verdict import CANNOT
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import store_table
from firstlight.table_schema import MEMORISATION, METADATA, SNAPSHOTS, table_of
from store.verification import sound_table

FEWEST = 3  # numbers of training pictures that a slope is told from
FREE = {"per_class", "epochs", "seed", "snapshots", "snapshot_seeds", "start"}  # settings in which trainings may differ


@dataclass(frozen=True)
class Time:
    """When the pictures of one training were copies."""

    run: str
    pictures: int  # that it learned from
    steps: int  # the last kept one: the time it was given
    half: Estimate  # step by which half were; infinite where they never were
    copied: float  # share at the end


def memorisation(run: Run, data: Path | None = None) -> Time:
    """When the pictures of a run were copies; writes memorisation.parquet.

    Raises RunError where it kept no pictures through its training, or those that it learned from are not at hand.
    """
    card = card_of(run)
    if not run.snapshots.is_file():
        raise RunError(f"{run.id} kept no pictures through its training; train it with --snapshots 40.")
    kept = pq.read_table(sound_table(run.snapshots))
    if not kept.schema.equals(SNAPSHOTS, check_metadata=False) or not len(kept):
        raise RunError(f"{run.snapshots} holds no pictures; train {run.id} again with --snapshots 40.")
    learned = pictures_learned(card, data)
    shape = (card["dataset"]["size"], card["dataset"]["size"], card["dataset"]["channels"])
    images = np.stack([np.frombuffer(row, np.uint8).reshape(shape) for row in kept["image"].to_pylist()])
    near = nearest(as_points(images.transpose(0, 3, 1, 2)), as_points(learned.images))
    columns = {name: kept[name].to_numpy() for name in ("step", "epoch", "label", "seed")}
    table = table_of(MEMORISATION, columns | {"pixels": near.first, "pixels_second": near.second})
    told = {"pictures": len(learned.images), "source": learned.source}
    store_table(run.memorisation, table.replace_schema_metadata({METADATA: json.dumps(told)}))
    return time_of(run.id, len(learned.images), {name: table[name].to_numpy() for name in table.column_names})


def together(times: Sequence[Time]) -> dict[str, Any]:
    """The times of several trainings, the fewest pictures first, their order and the slope, as plain values."""
    found = sorted(times, key=lambda time: time.pictures)
    return {"runs": [plainly(time) for time in found], "order": order(found), "slope": plain(slope(found))}


def recipe(card: dict[str, Any]) -> dict[str, Any]:
    """The settings that trainings must share to be held against each other; `card` is run.json."""
    return {name: value for name, value in (card["config"] or card.get("settings", {})).items() if name not in FREE}


def check_alike(runs: Sequence[Run]) -> None:
    """Raises RunError for trainings that differ in more than the pictures, the noise and the time given."""
    recipes = {run.id: recipe(card_of(run)) for run in runs}
    (first, own), *others = recipes.items()
    for name, other in others:
        apart = sorted(key for key in own.keys() | other.keys() if own.get(key) != other.get(key))
        if apart:
            raise RunError(f"{first} and {name} differ in {apart[0]}, so their times say nothing of the number of "
                           "pictures; name trainings of one recipe.")  # fmt: skip


def time_of(run: str, pictures: int, rows: dict[str, NDArray[Any]]) -> Time:
    """When half of a training's kept pictures were copies for good. rows: the columns of memorisation.parquet."""
    steps, place = np.unique(rows["step"], return_inverse=True)
    names, who = np.unique(np.stack([rows["label"], rows["seed"]], axis=1), axis=0, return_inverse=True)
    hits = np.zeros((len(names), len(steps)), bool)
    hits[who.ravel(), place] = copied(rows["pixels"], rows["pixels_second"])
    stays = len(steps) - np.logical_and.accumulate(hits[:, ::-1], axis=1).sum(axis=1)  # place of the first that stays
    known = np.append(steps.astype(np.float64), math.inf)
    before = np.concatenate([[0.0], steps.astype(np.float64)])
    half = turnbull.median(before[stays], known[stays], names[:, 1])
    return Time(run, pictures, int(steps[-1]), half, float(hits[:, -1].mean()))


def order(times: Sequence[Time]) -> str:
    """Whether more pictures take longer to be copied: "longer", "not longer", or that it cannot be said."""
    found = sorted(times, key=lambda time: time.pictures)
    if len({time.pictures for time in found}) < 2 or len({time.pictures for time in found}) < len(found):
        return CANNOT
    pairs = list(pairwise(found))
    if all(_before(one.half, other.half) for one, other in pairs):
        return "longer"
    return "not longer" if any(_before(other.half, one.half) for one, other in pairs) else CANNOT


def _before(one: Estimate, other: Estimate) -> bool:
    """Whether one time surely lies before another, which may never come."""
    return math.isfinite(one.high) and not math.isnan(other.low) and one.high <= other.low


def slope(times: Sequence[Time]) -> Estimate:
    """By which power of the number of pictures the time grows: the slope of its logarithm, least squares.

    Its interval joins those of the times (Zou and Donner's MOVER), not what another training would change. nan with
    fewer than three numbers of pictures, and where one of them was never copied.
    """
    x = np.log([time.pictures for time in times])
    halves = [time.half for time in times]
    ends = [(half.low, half.value, half.high) for half in halves]
    if len(np.unique(x)) < FEWEST or not np.isfinite(ends).all() or min(half.low for half in halves) <= 0:
        return Estimate(math.nan, math.nan, math.nan, sum(half.n for half in halves))
    weight = (x - x.mean()) / np.square(x - x.mean()).sum()
    return combined(list(zip(weight.tolist(), map(logarithm, halves), strict=True)))

"""U-turn: a real picture is noised to a level and denoised from there; does it keep its class?

Sclocchi, Favero & Wyart, PNAS 122(1), 2025 (arXiv 2402.16991). The way back is the ancestral chain, without a label
unless it is asked for.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.experiments.chains import (
    finished,
    grid_of,
    onwards,
    streams,
    through,
    with_labels,
    within,
)
from evaluator.experiments.class_response import steepest
from evaluator.experiments.real_pictures import Real, real_pictures
from evaluator.experiments.resumable import Columns, Denoise, Plan, carry_out, record
from evaluator.experiments.subject import Subject, subject_of
from evaluator.experiments.susceptibility import changes, susceptibility
from evaluator.judges.cards import JUDGES
from evaluator.provenance import notes
from evaluator.stats.intervals import plain, wilson
from firstlight.errors import RunError
from firstlight.levels import Levels
from firstlight.run_folder import Run
from firstlight.table_schema import UTURN
from sampler.noise import noised
from sampler.solvers import Table, ddpm
from store.verification import sound_table

PART = 40
FIRST_SEED = 200_000_000


def uturn(
    run: Run,
    per_class: int = defaults.UTURN_PER_CLASS,
    at: tuple[float, ...] | None = None,
    levels: str | None = None,
    steps: int = defaults.CHAIN_STEPS,
    conditional: bool = False,
    data: Path | None = None,
    judges: Path = JUDGES,
) -> dict[str, Any]:
    """The share of real pictures that keep their class, per class and level `at` (logSNR); writes uturn.parquet.

    Rows of the other way (with or without a label) that were made with the same settings stay in the file. Raises
    RunError, SamplerError and JudgeError with a sentence.
    """
    subject = subject_of(run, conditional, judges)
    if not conditional:
        subject.check_unlabelled("give --conditional")
    grid = grid_of(subject.card, levels, steps)
    tried = within(grid, defaults.UTURN_AT if at is None else at, at is not None, subject.denoiser.known)
    grid = through(grid, tried)
    real = real_pictures(subject.card, data)
    chosen = evenly(real, subject.classes, per_class)
    shared = {"at": tried, "levels": grid.tolist(), "pictures": real.sha256, "seed": FIRST_SEED}
    cost = sum(int((grid[:-1] >= level).sum()) for level in tried)
    plan = Plan("uturn", shared | {"conditional": conditional}, len(chosen), "--per-class", PART, cost)

    def work(items: range, denoise: Denoise) -> Columns:
        return _turned(subject, denoise, items, real, chosen[items.start : items.stop], grid, tried, conditional)

    made = carry_out(subject, plan, work)
    noted = {"settings": shared | {"per_class": per_class}, "pictures": real.source}
    table = pa.concat_tables([_other_way(subject, conditional, noted), made])
    record(subject, "uturn", table, noted)
    return figures(run.id, table, subject.denoiser.classes) | {"pictures": real.source}


def evenly(real: Real, classes: int, per_class: int) -> NDArray[np.int64]:
    """Places in `real` of the first `per_class` pictures of every class, the classes in turn. Raises RunError."""
    places = [np.flatnonzero(real.labels == label) for label in range(classes)]
    fewest = min(map(len, places))
    if not 1 <= per_class <= fewest:
        raise RunError(f"{per_class} real pictures of each class cannot be had; give --per-class 1 to {fewest}.")
    return np.stack([of_class[:per_class] for of_class in places], axis=1).ravel()


def _turned(
    subject: Subject, denoise: Denoise, items: range, real: Real, chosen: NDArray[np.int64], grid: Levels,
    tried: tuple[float, ...], conditional: bool,
) -> Columns:  # fmt: skip
    """Each of the chosen pictures, noised to each level and denoised."""
    x0, label = real.x(chosen), real.labels[chosen]
    asked = label if conditional else np.full(len(label), subject.classes)
    seen, moved = [], []
    for number, level in enumerate(tried):
        noise = streams(FIRST_SEED, items, number, subject.shape)
        x = noised(x0, level, noise.start())
        back = finished(with_labels(denoise, asked), x, way_back(grid, level), noise.draw)
        seen.append(subject.seen(back))
        moved.append(changes(x0, back))
    rows = len(tried)
    return {
        "picture": np.tile(real.index[chosen], rows), "label": np.tile(label, rows),
        "logsnr": np.repeat(tried, len(chosen)), "top": np.concatenate(seen),
        "conditional": np.full(rows * len(chosen), conditional), "change": [*np.concatenate(moved)],
    }  # fmt: skip


def way_back(grid: Levels, level: float) -> Table:
    """The ancestral steps of a chain along the levels (K+1,) from the one of them that is nearest, to its end."""
    return onwards(ddpm(grid), int(np.abs(grid - level).argmin()))


def _other_way(subject: Subject, conditional: bool, noted: dict[str, Any]) -> pa.Table:
    """What the run's file holds of the way that is not made now, if it was made alike; else no rows."""
    try:
        table = pq.read_table(sound_table(subject.run.uturn))
    except (RunError, OSError, pa.ArrowException):
        return UTURN.empty_table()
    made = notes(table)
    alike = made.get("denoiser") == subject.denoiser_sha256 and made.get("settings", {}) == _plain(noted["settings"])
    if not alike or not table.schema.equals(UTURN):
        return UTURN.empty_table()
    return table.filter(pc.not_equal(table["conditional"], conditional)).replace_schema_metadata(None)


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as JSON gives them back."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


def figures(run: str, table: pa.Table, classes: tuple[str, ...]) -> dict[str, Any]:
    """The share kept, for each way, level and class, and of all classes together, with Wilson's interval.

    And for each way where the class gives way, and how the parts of a picture change together.
    """
    column = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    kept = column["top"] == column["label"]
    rows, responses, chi, peaks = [], [], [], []
    for way in np.unique(column["conditional"]):
        back, told = column["conditional"] == way, {"conditional": bool(way)}
        picture, logsnr = column["picture"][back], column["logsnr"][back]
        responses.append(told | plain(steepest(picture, logsnr, kept[back])))
        levels, together, peak = susceptibility(picture, logsnr, np.stack(column["change"][back]))
        chi += [told | {"logsnr": float(at)} | plain(found) for at, found in zip(levels, together, strict=True)]
        peaks.append(told | plain(peak))
        for level in levels:
            here = back & (column["logsnr"] == level)
            for label in (None, *range(len(classes))):
                some = here if label is None else here & (column["label"] == label)
                row = told | {"logsnr": float(level), "class": None if label is None else classes[label]}
                rows.append(row | plain(wilson(int(kept[some].sum()), int(some.sum()))))
    return {"run": run, "kept": rows, "gives_way": responses, "susceptibility": chi, "peaks": peaks}

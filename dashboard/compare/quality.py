"""The tab Quality: every figure of every run, and its difference from the baseline's."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.compare.comparison import Comparison
from dashboard.compare.differences import gap
from dashboard.components import elements, remedy
from dashboard.data import archive
from dashboard.format import estimate, estimate_of, figure_gap
from dashboard.run_facts import AGAIN, DISTANCES, FIGURES, OLDER, again, quality_figure, seen_in_training
from evaluator.quality.cas import FULL, SHORT
from evaluator.stats.frechet import times_as_far
from evaluator.stats.intervals import Estimate

OTHER, OTHER_N = "other judge", "cannot say: n differ"  # instead of a difference
SIZED = ("frechet", "precision", "recall")  # so begin figures that depend on how many pictures there are, as FULL does
OTHER_SIZE = dict(zip((*FULL, *SHORT), (*SHORT, *FULL), strict=True))  # the same score, taught by more or fewer
FLOOR, RATIO = "_floor", "_ratio"  # the ends of their names


def draw(at: Comparison) -> None:
    """Every figure of quality of every run, and its difference from the baseline's."""
    ids = at.ids
    frame = archive.ask("quality", runs=ids)
    headings, rows = table(frame, ids)
    if not rows:
        remedy.note("None of these runs is evaluated.", ids[0], "quality")
        return
    elements.table(headings, rows, "quality")
    for said in filter(None, (seen_in_training(run) for _, run in at.runs.iterrows())):
        elements.note(said)
    lacking = [run for place, run in enumerate(ids) if not any(row[1 + place] for row in rows)]
    for run in lacking:
        remedy.note(f"{run} is not evaluated.", run, "quality")
    if any(cell == OTHER for row in rows for cell in row):
        elements.note(
            "Before different judges, figures stand side by side: each judge has its own errors and features."
        )
    if older := again(frame):
        remedy.note(AGAIN, older[0], "quality", "Measure them again with")
    elements.note(
        "Values with 95 % intervals; differences in percentage points where values are in %, from both intervals. Of "
        "Fréchet distances, how many times as far a run lies from real pictures as the baseline, both drawn again "
        "together. Of other numbers of pictures, distances, precision, recall and what pictures teach are not compared."
    )


def table(frame: pd.DataFrame, runs: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows as text: each figure of every run, the first one's first, then the differences from it.

    frame: the query `quality`. Figures of different judges have no difference.
    """
    whole = frame[frame["label"].isna()].drop_duplicates(["run", "metric"])
    whole = whole.set_index(["run", "metric"], drop=False)
    others = runs[1:]
    rows = []
    for metric, (name, form) in FIGURES.items():
        known = {run: whole.loc[(run, metric)] for run in runs if (run, metric) in whole.index}
        if known:
            estimates = {run: estimate_of(row) for run, row in known.items()}
            sizes = {run: _size(whole, run, metric) for run in known}
            values = [_value(metric, estimates[run], form, sizes[run]) if run in estimates else "" for run in runs]
            sized = set(whole.loc[whole["metric"] == OTHER_SIZE.get(metric), "run"])
            gaps = [_difference(known, estimates, runs[0], run, form, sized, sizes) for run in others]
            rows.append([name, *values, *gaps])
    return ["figure", *runs, *(f"{run} less {runs[0]}" for run in others)], rows


def _size(whole: pd.DataFrame, run: str, metric: str) -> int:
    """Of how many pictures a figure is that depends on that number; 0 for one that does not."""
    if metric in FULL:  # its n is of the pictures that the taught classifier was tried on
        return int(whole.loc[(run, "accuracy"), "n"]) if (run, "accuracy") in whole.index else 0
    return int(whole.loc[(run, metric), "n"]) if metric.startswith(SIZED) else 0


def _value(metric: str, found: Estimate, form: str, size: int) -> str:
    """A figure; one that depends on the number of pictures with that number."""
    said = quality_figure(metric, found, form)
    return f"{said}, n = {size:,}" if size and said != OLDER else said


def _difference(
    known: Mapping[str, pd.Series], estimates: Mapping[str, Estimate], baseline: str, run: str, form: str,
    sized: set[str], sizes: Mapping[str, int],
) -> str:  # fmt: skip
    """The difference as text; none of a figure that one run has of another number of pictures, as those `sized` do."""
    if lacking := {baseline, run} - known.keys():
        return OTHER_N if len(lacking) == 1 and lacking <= sized else ""
    if known[baseline]["judge"] != known[run]["judge"]:
        return OTHER
    if sizes[run] != sizes[baseline]:
        return OTHER_N
    metric = str(known[run]["metric"])
    if metric in DISTANCES and np.isnan([estimates[run].value, estimates[baseline].value]).any():
        return OLDER
    if metric.startswith("frechet"):
        return "" if metric.endswith((FLOOR, RATIO)) else _farther(known[run], known[baseline])
    return figure_gap(gap(estimates[run], estimates[baseline]), form)


def _farther(own: pd.Series, base: pd.Series) -> str:
    found = farther(own, base)
    return OLDER if found is None else f"{estimate(found)} times"


def farther(own: pd.Series, base: pd.Series) -> Estimate | None:
    """How many times as far from real pictures a run lies, in pairs of the draws that both kept; None without these."""
    draws = [row.get("draws") for row in (own, base)]
    if any(draw is None or not np.iterable(draw) for draw in draws):
        return None
    one, other = (np.asarray(draw, float) for draw in draws)
    return times_as_far(own["value"], base["value"], one, other, int(own["n"]))

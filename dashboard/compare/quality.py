"""The tab Quality: every figure of every run, and its difference from the baseline's."""

from collections.abc import Sequence

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
    elements.table(headings, rows, "quality", frame)
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
    whole, others, rows = of_all_classes(frame), runs[1:], []
    for metric, (name, form) in FIGURES.items():
        if any((run, metric) in whole.index for run in runs):
            values = [_value(whole, metric, run, form) for run in runs]
            rows.append([name, *values, *(_told(difference(whole, metric, runs[0], run), metric) for run in others)])
    return ["figure", *runs, *(f"{run} less {runs[0]}" for run in others)], rows


def of_all_classes(frame: pd.DataFrame) -> pd.DataFrame:
    """The figures of all classes together, by run and metric. frame: the query `quality`."""
    whole = frame[frame["label"].isna()].drop_duplicates(["run", "metric"])
    return whole.set_index(["run", "metric"], drop=False)


def _size(whole: pd.DataFrame, run: str, metric: str) -> int:
    """Of how many pictures a figure is that depends on that number; 0 for one that does not."""
    if metric in FULL:  # its n is of the pictures that the taught classifier was tried on
        return int(whole.loc[(run, "accuracy"), "n"]) if (run, "accuracy") in whole.index else 0
    return int(whole.loc[(run, metric), "n"]) if metric.startswith(SIZED) else 0


def _value(whole: pd.DataFrame, metric: str, run: str, form: str) -> str:
    """A figure with its n, of what pictures teach with how many taught too; empty where there is none."""
    if (run, metric) not in whole.index:
        return ""
    said, size = quality_figure(metric, estimate_of(whole.loc[(run, metric)]), form), _size(whole, run, metric)
    n = f", n = {int(whole.loc[(run, metric), 'n']):,}"
    if metric in (*FULL, *SHORT):  # tried on test pictures
        return f"{said}{f', taught by {size:,}' if size else ''}{n} test pictures"
    return said if said == OLDER else said + n


def difference(whole: pd.DataFrame, metric: str, baseline: str, run: str) -> Estimate | str:
    """A figure of a run less the baseline's, of a Fréchet distance how many times as far; or why there is none: OTHER,
    OTHER_N, OLDER, or nothing where one of them lacks it. whole: `of_all_classes`.
    """
    lacking = [each for each in (baseline, run) if (each, metric) not in whole.index]
    if lacking:
        return OTHER_N if len(lacking) == 1 and (lacking[0], OTHER_SIZE.get(metric)) in whole.index else ""
    own, base = whole.loc[(run, metric)], whole.loc[(baseline, metric)]
    if own["judge"] != base["judge"]:
        return OTHER
    if _size(whole, run, metric) != _size(whole, baseline, metric):
        return OTHER_N
    if metric in DISTANCES and pd.isna([own["value"], base["value"]]).any():
        return OLDER
    if metric.startswith("frechet"):
        return "" if metric.endswith((FLOOR, RATIO)) else farther(own, base) or OLDER
    return gap(estimate_of(own), estimate_of(base))


def _told(found: Estimate | str, metric: str) -> str:
    """A difference as text."""
    if isinstance(found, str):
        return found
    return f"{estimate(found)} times" if metric.startswith("frechet") else figure_gap(found, FIGURES[metric][1])


def farther(own: pd.Series, base: pd.Series) -> Estimate | None:
    """How many times as far from real pictures a run lies, in pairs of the draws that both kept; None without these."""
    draws = [row.get("draws") for row in (own, base)]
    if any(draw is None or not np.iterable(draw) for draw in draws):
        return None
    one, other = (np.asarray(draw, float) for draw in draws)
    return times_as_far(own["value"], base["value"], one, other, int(own["n"]))

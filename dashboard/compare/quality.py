"""The tab Quality: every figure of every run, and its difference from the baseline's."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.compare.comparison import Comparison
from dashboard.compare.differences import gap
from dashboard.components import elements, remedy
from dashboard.data import archive
from dashboard.format import estimate, estimate_of, figure, figure_gap
from dashboard.run_facts import FIGURES, seen_in_training
from evaluator.quality.cas import FULL, SHORT
from evaluator.stats.frechet import times_as_far
from evaluator.stats.intervals import Estimate

OTHER, OTHER_N, UNPAIRED = "other judge", "other n", "no draws"  # instead of a difference
SHRINKS = "frechet"  # figures that depend on how many pictures there are: these, their floors and ratios
OTHER_SIZE = dict(zip((*FULL, *SHORT), (*SHORT, *FULL), strict=True))  # the same score, taught by more or fewer
FLOOR, RATIO = "_floor", "_ratio"  # the ends of their names


def draw(at: Comparison) -> None:
    """Every figure of quality of every run, and its difference from the baseline's."""
    ids = at.ids
    frame = archive.ask("quality", runs=ids)
    headings, rows = table(frame, ids)
    drawn = {run for run, draws in zip(frame["run"], frame["draws"], strict=True) if np.iterable(draws)}
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
    if any(cell == UNPAIRED for row in rows for cell in row):
        bare = [run for run in ids if run not in drawn]
        remedy.note("Where no draws are kept, distances cannot be compared.", bare[0], "quality", "Keep some with")
    elements.note(
        "Values with 95 % intervals; differences in percentage points where values are in %, from both intervals. Of "
        "Fréchet distances, how many times as far a run lies from real pictures as the baseline, both drawn again "
        "together. Distances and their ratios change with the number of pictures."
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
            values = [_value(metric, estimates[run], form) if run in estimates else "" for run in runs]
            sized = set(whole.loc[whole["metric"] == OTHER_SIZE.get(metric), "run"])
            gaps = [_difference(known, estimates, runs[0], run, form, sized) for run in others]
            rows.append([name, *values, *gaps])
    return ["figure", *runs, *(f"{run} less {runs[0]}" for run in others)], rows


def _value(metric: str, found: Estimate, form: str) -> str:
    """A figure; one that depends on the number of pictures with that number."""
    return figure(found, form) + (f", n = {found.n:,}" if metric.startswith(SHRINKS) else "")


def _difference(
    known: Mapping[str, pd.Series], estimates: Mapping[str, Estimate], baseline: str, run: str, form: str,
    sized: set[str],
) -> str:  # fmt: skip
    """The difference as text; none of a figure that one run has of another number of pictures, as those `sized` do."""
    if lacking := {baseline, run} - known.keys():
        return OTHER_N if len(lacking) == 1 and lacking <= sized else ""
    if known[baseline]["judge"] != known[run]["judge"]:
        return OTHER
    metric = str(known[run]["metric"])
    if metric.startswith(SHRINKS):
        if estimates[run].n != estimates[baseline].n:
            return OTHER_N
        return "" if metric.endswith((FLOOR, RATIO)) else _farther(known[run], known[baseline])
    return figure_gap(gap(estimates[run], estimates[baseline]), form)


def _farther(own: pd.Series, base: pd.Series) -> str:
    found = farther(own, base)
    return UNPAIRED if found is None else f"{estimate(found)} times"


def farther(own: pd.Series, base: pd.Series) -> Estimate | None:
    """How many times as far from real pictures a run lies, in pairs of the draws that both kept; None without these."""
    draws = [row.get("draws") for row in (own, base)]
    if any(draw is None or not np.iterable(draw) for draw in draws):
        return None
    one, other = (np.asarray(draw, float) for draw in draws)
    return times_as_far(own["value"], base["value"], one, other, int(own["n"]))

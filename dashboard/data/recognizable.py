"""By how many per cent of its own steps half of a run's pictures are recognizable, for the list of runs."""

import math
from collections.abc import Sequence

import pandas as pd

from dashboard import format
from dashboard.axes import percent_at
from evaluator.recognizability import thresholds
from evaluator.recognizability.carry_over import FINE, closely
from store.derived_figures import Ask, Fact
from store.search import RECOGNIZABLE
from store.verification import Entry

NAME = RECOGNIZABLE
NEVER = "never"


def of(ask: Ask, runs: Sequence[Entry]) -> dict[str, Fact]:
    """Of each run that was judged: in small steps where it was drawn so, else in its own; each at its own threshold."""
    judged = {each.run.id: each.run for each in runs if "judgements" in each.tables}
    small = {run for run, folder in judged.items() if closely(folder)}
    found: dict[str, Fact] = {}
    for view, ids in (("x", [run for run in judged if run not in small]), (FINE, sorted(small))):
        if ids:
            own = [thresholds.threshold(judged[run], "x") for run in ids]
            half = ask("recognition_medians", runs=ids, ids=ids, thresholds=own, view=view)
            rows = ask("runs", runs=ids).set_index("run") if view == FINE else pd.DataFrame()
            for _, each in half.iterrows():
                at = percent_at(rows.loc[each["run"]], each["logsnr"]) if view == FINE else each["percent"]
                if pd.isna(each["percent"]):
                    found[str(each["run"])] = (NEVER, None)
                elif not pd.isna(at):  # a level that its own steps do not pass is none of their per cents, nor never
                    doubt = f", {thresholds.UNKEPT}" if thresholds.unkept(judged[str(each["run"])], "x") else ""
                    found[str(each["run"])] = (format.written(at, ".0f") + doubt, float(at))
    return found


def words(points: pd.DataFrame, runs: pd.Series) -> list[str]:
    """Of each run in words of one width, " 62 %" or "never"; nothing where nobody judged. points: `run_points`."""
    said = _own(points)["text"].reindex(runs).fillna("")
    parts = [(text, *text.partition(",")) for text in said]
    return [text if text in ("", NEVER) else f"{at:>3} %{comma}{doubt}" for text, at, comma, doubt in parts]


def numbers(points: pd.DataFrame, runs: pd.Series) -> list[float]:
    """Of each run as a number, infinite for never; missing where nobody judged. points: `run_points`."""
    own = _own(points)
    at = own["number"].astype(float).mask(own["text"] == NEVER, math.inf)
    return [float(each) for each in at.reindex(runs)]


def _own(points: pd.DataFrame) -> pd.DataFrame:
    return points[points["name"] == NAME].set_index("run")


WAYS = {NAME: of}  # of an archive

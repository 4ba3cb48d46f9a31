"""By how much of its own steps half of a run's pictures are recognizable: in words, and as an order of the list."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from dashboard import format
from dashboard.axes import percent_at
from evaluator.recognizability import thresholds
from evaluator.recognizability.carry_over import FINE, closely
from firstlight.run_folder import Run

Ask = Callable[..., pd.DataFrame]


def reached(runs: pd.DataFrame, ask: Ask, folder: Callable[[pd.Series], Run]) -> dict[str, float]:
    """Per cent of its steps by which half of a run's x_t are recognizable, in small steps where it was drawn so.

    Infinite: never. runs: rows of the query `runs`; one without judgements has no entry, nor has a damaged one.
    """
    sound = [(row, folder(row)) for _, row in runs[runs["state"] != "damaged"].iterrows()]
    judged = {str(row["run"]): (row, place) for row, place in sound if place.judgements.is_file()}
    if not judged:
        return {}
    own = [thresholds.threshold(place, "x") for _, place in judged.values()]
    known: dict[str, Any] = {"runs": list(judged), "ids": list(judged), "thresholds": own}
    half = dict(ask("recognition_medians", view="x", **known).set_index("run")["percent"].astype(float))
    small = {run: row for run, (row, place) in judged.items() if closely(place)}
    if small:
        levels = ask("recognition_medians", view=FINE, **known).set_index("run")["logsnr"]
        half |= {run: float(percent_at(row, levels[run])) for run, row in small.items()}
    return {str(run): math.inf if pd.isna(percent) else float(percent) for run, percent in half.items()}


def words(half: Mapping[str, float]) -> dict[str, str]:
    """The same in words of one width: " 62 %", or "never"."""
    return {run: "never" if math.isinf(at) else f"{format.written(at, '.0f'):>3} %" for run, at in half.items()}


def ordered(runs: pd.DataFrame, rises: bool, ask: Ask, folder: Callable[[pd.Series], Run]) -> pd.DataFrame:
    """The runs by that per cent, then those that never get there, then those that nobody judged; ties by their id."""
    half = reached(runs, ask, folder)
    known = [half.get(run, math.nan) for run in runs["run"]]
    kind = [2 if math.isnan(at) else int(math.isinf(at)) for at in known]
    keys = pd.DataFrame({"kind": kind, "half": known, "run": runs["run"]})
    place = keys.sort_values(["kind", "half", "run"], ascending=[True, rises, True]).index
    return runs.loc[place]

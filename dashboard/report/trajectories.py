"""One trajectory of every class as one picture: classes down, the share of the steps across."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from dashboard.data.judgements import Measured
from dashboard.pictures.grid import plate
from dashboard.pictures.trajectories import COLUMNS, Percents, evenly, stack


def strips(
    run: pd.Series, classes: Sequence[str], ask: Callable[..., pd.DataFrame], measured: Measured | None
) -> bytes | None:
    """x_t of the first stored seed of every class, an amber corner where half of the class is recognizable.

    None where nothing is stored.
    """
    choices = ask("trajectory_choices", run=run["run"]).drop_duplicates("label").set_index("label")
    stacks = {label: stack(run, ask, int(choices.loc[label, "sample"])) for label in choices.index}
    rows = {label: stack for label, stack in stacks.items() if stack is not None and 0 <= label < len(classes)}
    if not rows:
        return None
    first = next(iter(rows.values()))[1]
    places = evenly(len(first), COLUMNS)
    size, channels = int(run["size"]), int(run["channels"])
    cells = np.zeros((len(classes), len(places), size, size, channels), np.uint8)
    missing = {(label, column) for label in range(len(classes)) if label not in rows for column in range(len(places))}
    for label, (frames, percent) in rows.items():
        at = [int(np.abs(percent - first[place]).argmin()) for place in places]
        cells[label] = frames[at]
    marked = [(label, column) for label in rows if (column := _from(measured, label, first[places])) is not None]
    return plate(
        cells, 2, classes, [[f"{first[place]:.0f}" for place in places]], ["% of steps"], marked=marked, missing=missing
    )


def drawn(run: pd.Series, ask: Callable[..., pd.DataFrame]) -> dict[str, str]:
    """By which seed and settings they were drawn."""
    frame = ask("trajectory_choices", run=run["run"]).drop_duplicates("label")
    return {
        name: " ".join(dict.fromkeys(str(each).removesuffix(".0") for each in frame[name]))
        for name in ("seed", "solver", "steps", "guidance")
    }


def _from(measured: Measured | None, label: int, percent: Percents) -> int | None:
    """The first of the places at which half of a class is recognizable; None where it never is, or is not known."""
    own = [] if measured is None else [row for row in measured.figures.classes if row.label == label]
    reached = np.flatnonzero(percent >= (own[0].median.value if own else np.inf))
    return int(reached[0]) if len(reached) else None

"""How long a picture takes, when somebody waits for one of each class.

All ways of drawing take turns, round after round, so that another load slows one round of each and not all of one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from evaluator.quality.pictures import FIRST_SEED
from evaluator.steps.solver_grid import Cell
from firstlight.run_folder import Run
from sampler.generation import generate
from sampler.session import Denoiser
from sampler.whole_graph import Whole, whole_of

ROUNDS = 6  # the range of six is a 97 % interval of their median


def time_cells(run: Run, compared: Sequence[Cell], denoisers: Mapping[Run, Denoiser]) -> list[dict[str, Any]]:
    """Milliseconds for each picture of every cell: `ms`, `ms_low`, `ms_high`, and the `provider` that drew it."""
    total = ROUNDS * sum(cell.settings.evaluations() for cell in compared)
    fastest = [whole_of(denoisers[cell.run], cell.settings) or denoisers[cell.run] for cell in compared]
    milliseconds = np.zeros((ROUNDS, len(compared)))
    with tqdm(desc=f"timing {run.id}", total=total, unit=" evaluations", disable=None) as bar:
        for drawer, cell in {id(each): (each, cell) for each, cell in zip(fastest, compared, strict=True)}.values():
            _seconds(drawer, cell)  # a session's first call prepares it
        for row in milliseconds:
            for place, (drawer, cell) in enumerate(zip(fastest, compared, strict=True)):
                row[place] = 1000 * _seconds(drawer, cell) / len(drawer.classes)
                bar.update(cell.settings.evaluations())
    return [
        {"ms": float(np.median(each)), "ms_low": float(each.min()), "ms_high": float(each.max()),
         "provider": drawer.provider}
        for drawer, each in zip(fastest, milliseconds.T, strict=True)
    ]  # fmt: skip


def _seconds(drawer: Denoiser | Whole, cell: Cell) -> float:
    """Seconds spent on one picture of each class."""
    labels = range(len(drawer.classes))
    *_, last = generate(drawer, labels, [FIRST_SEED + label for label in labels], cell.settings)
    return last.seconds

"""The classification accuracy score of some ways of drawing: a fit takes a minute where drawing takes seconds.

What was fitted is remembered by its pictures.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from evaluator.quality.cas import real_score, score
from evaluator.quality.pictures import Drawn
from evaluator.stats.intervals import Estimate, plain
from evaluator.steps.solver_grid import Cell
from firstlight.atomic_writes import write_json
from firstlight.run_folder import Run
from firstlight.sealed_json import sealed, unsealed
from sampler.generation import settings_of

if TYPE_CHECKING:
    from trainer.data import Pictures


EPOCHS = 30  # of a classifier, as when 10,000 pictures teach one; a minute on one core for 1,000
MOST = 10  # evaluations whose pictures teach one; those of the run's default and of its students always do


def score_cells(
    run: Run, compared: Sequence[Cell], made: Sequence[Drawn], solvers: Sequence[str], train: "Pictures",
    test: "Pictures",
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Of every cell `cas`, `cas_low`, `cas_high` where its pictures teach, and `cas_real` of as many real ones."""
    own = settings_of(run)
    chosen = [
        bool(solvers)
        and (cell.run != run or cell.settings == own
             or (cell.settings.solver in solvers and cell.settings.evaluations() <= MOST))
        for cell in compared
    ]  # fmt: skip
    if not any(chosen):
        yield from ({} for _ in compared)
        return
    count = len(made[0].labels)
    with tqdm(desc=f"classifiers for {run.id}", total=1 + sum(chosen), unit="fit", disable=None) as bar:
        real = _remembered(run, [train.sha256, count], test, partial(real_score, train, test, count, EPOCHS))
        bar.update()
        for wanted, each in zip(chosen, made, strict=True):
            if not wanted:
                yield {"cas_real": real["value"]}
                continue
            pictures = hashlib.sha256(each.images.tobytes()).hexdigest()
            found = _remembered(run, [pictures], test, partial(score, each.images, each.labels, test, EPOCHS))
            bar.update()
            yield {"cas": found["value"], "cas_low": found["low"], "cas_high": found["high"], "cas_real": real["value"]}


def _remembered(run: Run, what: list[Any], test: "Pictures", fit: Callable[[], Estimate]) -> dict[str, Any]:
    """The score, from the cache where a classifier was fitted to the same pictures before."""
    key = hashlib.sha256(json.dumps([*what, test.sha256, EPOCHS]).encode()).hexdigest()
    path: Path = run.cache / f"taught-{key[:16]}.json"
    try:
        score = unsealed(json.loads(path.read_bytes()))
        return {name: float(score[name]) for name in ("value", "low", "high")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        score = plain(fit())
        write_json(path, sealed(score))
        return score

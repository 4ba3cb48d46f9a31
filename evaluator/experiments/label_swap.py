"""Label swap: a picture is begun with one label and finished with another; which of the two does it show?

Every pair of classes, at several steps of the run's own default sampling, guidance included. Where the change comes
early the new label wins, and where it comes late the old one.
"""

from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator.experiments.resumable import Columns, Denoise, Plan, carried_out, record
from evaluator.experiments.subject import Labels, Subject, subject_of
from evaluator.judges.judge import JUDGES
from evaluator.stats.intervals import Estimate, plain
from evaluator.stats.intervals import share as clustered
from evaluator.text import with_interval
from evaluator.theory.speciation import crossing
from firstlight.errors import RunError
from firstlight.levels import Levels
from firstlight.run import Run
from sampler.generation import Settings, settings_of
from sampler.guidance import clipped, evaluations, guided
from sampler.loop import sample
from sampler.noise import Noise, Pictures

AROUND = np.linspace(-6.0, 3.0, 8)  # logSNRs next to which the label is changed, where no steps are chosen
SEEDS = 10
FIRST_SEED = 300_000_000


def swap(run: Run, seeds: int = SEEDS, at: tuple[int, ...] | None = None, judges: Path = JUDGES) -> dict[str, Any]:
    """What pictures show whose label changes at the steps `at` (0 ... K); writes swap.parquet.

    At step 0 the first label was never asked for, and at K the second never is. Raises RunError, SamplerError and
    JudgeError with a sentence.
    """
    subject, settings = subject_of(run, True, judges), settings_of(run)
    logsnr = settings.table().logsnr
    tried = _steps(at, logsnr)
    noted = {"at": tried, "levels": logsnr.tolist(), "sampling": asdict(settings), "seed": FIRST_SEED}
    plan = Plan("swap", noted, seeds, "--seeds", 1, _cost(subject.classes, settings, tried))
    table = carried_out(subject, plan, lambda items, denoise: _swapped(subject, denoise, items, settings, tried))
    record(subject, "swap", table, {"settings": noted | {"seeds": seeds}})
    return figures(run.id, table)


def _steps(at: tuple[int, ...] | None, logsnr: Levels) -> tuple[int, ...]:
    """The steps to change the label at, rising. Raises RunError for those that the run's sampling does not have."""
    if at is None:
        return tuple(np.unique(np.abs(logsnr[:-1, None] - AROUND).argmin(axis=0)).tolist())
    wrong = [step for step in at if not 0 <= step < len(logsnr)]
    if wrong or not at:
        named = ", ".join(map(str, wrong)) or "nothing"
        raise RunError(f"This run's sampling has steps 0 to {len(logsnr) - 1}, not {named}; give --at some of those.")
    return tuple(sorted(set(at)))


def _cost(classes: int, settings: Settings, tried: tuple[int, ...]) -> int:
    ends = (settings.guidance, settings.guidance_low, settings.guidance_high)
    grid = settings.table().told
    rest = sum(evaluations(grid[step:], *ends) for step in tried)
    return classes * evaluations(grid, *ends) + classes * (classes - 1) * rest


def _swapped(subject: Subject, denoise: Denoise, items: range, settings: Settings, tried: tuple[int, ...]) -> Columns:
    """Every pair of labels at every step, for some seeds."""
    grid, table = settings.table().logsnr, settings.table()
    rows = np.array(
        [
            (FIRST_SEED + item, one, two, step)
            for item in items
            for one in range(subject.classes)
            for two, step in [(one, table.steps), *((b, k) for b in range(subject.classes) for k in tried if b != one)]
        ]
    )
    seed, one, two, step = rows.T
    noise = Noise(seed.tolist(), subject.shape)
    walk = sample(_shared(denoise, settings, subject.classes, rows), noise.start(), table, noise.draw)
    for taken in walk:
        x = taken.next
    top = subject.seen(x)
    changed = one != two
    columns = {
        "seed": seed, "from_label": one, "to_label": two, "step": step, "steps": np.full(len(rows), table.steps),
        "logsnr": grid[step], "top": top,
    }  # fmt: skip
    return {name: values[changed] for name, values in columns.items()}


def _shared(
    denoise: Denoise, settings: Settings, none: int, rows: NDArray[np.int64]
) -> Callable[[Pictures, float], Pictures]:
    """The denoiser of all rows (seed, from, to, step): until its label changes, a row is its seed's unchanged one.

    So that is evaluated once for all of them, and what comes out is exactly what each would have got by itself,
    whatever the solver remembers of earlier steps. Unchanged rows have from == to, and come before those of their own.
    """
    _, one, two, step = rows.T
    trunk = np.maximum.accumulate(np.where(one == two, np.arange(len(rows)), 0))
    steps = count()

    def at(x: Pictures, logsnr: float) -> Pictures:
        own = (step <= (now := next(steps))) | (one == two)
        label: Labels = np.where(step <= now, two, one)[own]
        place = np.cumsum(own) - 1
        guide = guided(denoise, label, none, settings.guidance, settings.guidance_low, settings.guidance_high)
        answers = (clipped(guide) if settings.clip else guide)(x[own], logsnr)
        return np.asarray(answers[place[np.where(own, np.arange(len(rows)), trunk)]])

    return at


def figures(run: str, table: pa.Table) -> dict[str, Any]:
    """Per step, over all pairs of classes: the shares that end as the new and as the old label, clustered on the seed.

    `even` is where both are the same share: the logSNR at which old and new label weigh the same, with an interval
    from whole seeds; null where they do not meet.
    """
    column = {name: table[name].to_numpy() for name in table.column_names}
    becomes, stays = (column["top"] == column[name] for name in ("to_label", "from_label"))
    rows = []
    for step in np.unique(column["step"]):
        here = column["step"] == step
        shares = (clustered(hits[here], column["seed"][here]) for hits in (becomes, stays))
        new, old = (plain(found) for found in shares)
        rows.append({"step": int(step), "logsnr": float(column["logsnr"][here][0]), "becomes": new, "stays": old})
    return {"run": run, "steps": int(column["steps"][0]), "swaps": rows, "even": plain(_even(column, becomes, stays))}


def _even(column: dict[str, NDArray[Any]], becomes: NDArray[np.bool_], stays: NDArray[np.bool_]) -> Estimate:
    """The logSNR at which as many keep the old label as take the new one, of those that do either."""
    either = becomes | stays
    if not either.any():
        return Estimate(np.nan, np.nan, np.nan, 0)
    found = crossing(column["logsnr"][either], stays[either], column["seed"][either], share=0.5)
    return Estimate(found.value, found.low, found.high, len(np.unique(column["seed"])))


def report(found: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{found['run']}: pictures whose label changes at a step of {found['steps']}, all pairs of classes"]
    lines.append("step  logSNR   shows the new label, %       shows the old label, %")
    for row in found["swaps"]:
        shares = (with_interval(row[name], factor=100, width=5) for name in ("becomes", "stays"))
        lines.append(
            f"{row['step']:>4}  {row['logsnr']:+6.2f}   " + "  ".join(f"{text:<26}" for text in shares).rstrip()
        )
    place = with_interval(found["even"], "+.2f", none="off the steps tried")
    lines.append(f"both labels weigh the same at logSNR {place}, n = {found['even']['n']} seeds")
    return "\n".join(lines)

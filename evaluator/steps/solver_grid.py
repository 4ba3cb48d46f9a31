"""Which ways of drawing are compared: each solver at rising evaluations, the run's own default, and its students.

Guidance doubles the evaluations of the steps inside its interval, so steps are found by counting.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from firstlight.archives import existing_run, ids
from firstlight.command_text import typed
from firstlight.errors import RunError, SamplerError
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler.generation import Settings, settings_of
from sampler.solvers import SOLVERS

EVALUATIONS = (1, 2, 4, 6, 8, 10, 20, 30)  # of a picture, at most, for every solver
MANY = 100  # what the source calls many, for those that it speaks of
SLOW = ("ddpm", "ddim")
MOST = 1000


@dataclass(frozen=True)
class Cell:
    """A way of drawing: whose denoiser, and how."""

    run: Run
    settings: Settings


def cells(run: Run, evaluations: Sequence[int] | None = None) -> list[Cell]:
    """Every way to compare, cheapest first. Raises RunError for evaluations outside 1 to 1000.

    `evaluations` are the most that a picture may take, for every solver; without, a few, and many for slow solvers.
    """
    own = settings_of(run)
    asked = [(solver, most) for solver in SOLVERS for most in budgets(solver, evaluations)]
    budgeted = [within(own, solver, most) for solver, most in asked]
    ways = [settings for settings in dict.fromkeys([own, *budgeted]) if settings is not None]
    made = [Cell(run, settings) for settings in ways] + [Cell(each, settings_of(each)) for each in students(run)]
    return sorted(made, key=lambda cell: cell.settings.evaluations())


def budgets(solver: str, evaluations: Sequence[int] | None) -> tuple[int, ...]:
    """The evaluations that a solver is given at most. Raises RunError for one outside 1 to 1000."""
    if evaluations is None:
        return (*EVALUATIONS, MANY) if solver in SLOW else EVALUATIONS
    wrong = [most for most in evaluations if not 1 <= most <= MOST]
    if wrong or not evaluations:
        named = ", ".join(map(str, wrong)) or "nothing"
        raise RunError(f"No picture is drawn with {named}; give --evaluations numbers from 1 to {MOST}.")
    return tuple(evaluations)


def within(own: Settings, solver: str, most: int) -> Settings | None:
    """The run's settings with another solver and as many steps as take at most so many evaluations; None: no steps."""
    eta = own.eta if solver == own.solver else 0.0
    for steps in range(most, 0, -1):
        try:
            settings = replace(own.in_steps(steps), solver=solver, eta=eta)
            if settings.evaluations() <= most:
                return settings
        except SamplerError:  # more steps than these levels have
            continue
    return None


def students(run: Run) -> Iterator[Run]:
    """The runs beside this one that learned from it and can draw; standard error names those that cannot yet."""
    for run_id in ids(run.folder.parent):
        try:
            other = existing_run(run.folder.parent, run_id)
            if card_of(other)["config"].get("teacher") != run.id:
                continue
        except (RunError, KeyError, AttributeError):
            continue
        if other.denoiser.is_file():
            yield other
        else:
            print(f"{other.id} is left out; export it with: firstlight export {typed(other)}", file=sys.stderr)

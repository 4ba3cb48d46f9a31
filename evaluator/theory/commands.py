"""firstlight evaluate spectrum, and schedule RUN: their flags."""

import argparse
from pathlib import Path
from typing import Any

from evaluator.command_line import add_run, show
from evaluator.theory import report, schedule_check, spectra
from firstlight.archives import add_flag, existing_run
from firstlight.errors import RunError
from firstlight.run_json import card_of


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The commands with their flags."""
    variances = commands.add_parser("spectrum", help="measure what theory predicts from: the variances of a dataset")
    variances.add_argument("--dataset", default="mnist", help="its name; with --data also your own (default: mnist)")
    variances.add_argument("--only", type=int, nargs="+", default=[], help="these classes alone")
    variances.add_argument("--per-class", type=int, default=0, help="the first pictures of every class (default: all)")
    variances.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    add_flag(variances)
    variances.set_defaults(command=_spectrum)
    plan = commands.add_parser("schedule", help="check a run's noise levels: pure noise, and where classes are decided")
    add_run(plan)
    plan.set_defaults(command=_schedule)


def _spectrum(options: argparse.Namespace) -> None:
    print(report.spectrum(spectra.make(options.dataset, options.data, options.only, options.per_class, options.runs)))


def _schedule(options: argparse.Namespace) -> None:
    run = existing_run(options.runs, options.run)
    try:
        check = schedule_check.check(card_of(run), run.archive)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{run.card} has no usable {error} in its config; restore it from a copy of the run.") from error
    show(options, schedule_check.figures(check), lambda _: report.schedule(run.id, check))

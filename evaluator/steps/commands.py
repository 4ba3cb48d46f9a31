"""firstlight evaluate steps RUN, and late-start RUN: their flags."""

import argparse
from pathlib import Path
from typing import Any

from evaluator import defaults
from evaluator.command_line import add_count, add_run, run_of, show
from evaluator.steps import late_start, report
from evaluator.steps.measure import steps
from sampler.solvers import SOLVERS


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The commands with their flags."""
    command = commands.add_parser("steps", help="how few evaluations will do, of every solver and every student")
    command.set_defaults(command=_steps)
    add = command.add_argument
    add_count(command, "--per-class", defaults.STEPS_PER_CLASS, "pictures of each way to draw")
    add("--evaluations", type=int, nargs="+", metavar="N", help="at most, of every solver (default: 1 to 30, or 100)")
    add("--cas", nargs="*", choices=list(SOLVERS), metavar="SOLVER",
        help="whose pictures teach classifiers (default: the run's own and students'); none: nobody's")  # fmt: skip
    add("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    add_run(command, "the run's id; its students are compared with it")
    late = commands.add_parser("late-start", help="do few steps do better that begin late, in a Gaussian?")
    late.set_defaults(command=_late_start)
    add = late.add_argument
    add_count(late, "--pictures", defaults.LATE_START_PICTURES, "of each start")
    add(
        "--at",
        type=float,
        nargs="+",
        default=defaults.LATE_START_AT,
        metavar="LOGSNR",
        help="where it begins (default: seven)",
    )
    add(
        "--steps", type=int, nargs="+", default=defaults.LATE_START_STEPS, metavar="K", help="of DDIM (default: 3 5 10)"
    )
    add("--data", type=Path, help="a folder that holds the dataset, instead of the pictures here")
    add_run(late)


def _steps(options: argparse.Namespace) -> None:
    run = run_of(options)
    found = steps(run, options.per_class, options.evaluations, options.cas, options.data)
    show(options, found, report.steps)


def _late_start(options: argparse.Namespace) -> None:
    found = late_start.late_start(run_of(options), options.pictures, options.at, options.steps, options.data)
    show(options, found, report.late_start)

"""firstlight evaluate steps RUN: its flags."""

import argparse
from pathlib import Path
from typing import Any

from evaluator.command_line import add_run, run_of, show
from evaluator.steps.measure import PER_CLASS, report, steps
from sampler.solvers import SOLVERS


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The command with its flags."""
    command = commands.add_parser("steps", help="how few evaluations will do, of every solver and every student")
    command.set_defaults(command=_steps)
    add = command.add_argument
    add("--per-class", type=int, default=PER_CLASS, help="pictures of each way to draw (default: %(default)s)")
    add("--evaluations", type=int, nargs="+", metavar="N", help="at most, of every solver (default: 1 to 30, or 100)")
    add("--cas", nargs="*", choices=list(SOLVERS), metavar="SOLVER",
        help="whose pictures teach classifiers (default: the run's own and students'); none: nobody's")  # fmt: skip
    add("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    add_run(command, "the run's id; its students are compared with it")


def _steps(options: argparse.Namespace) -> None:
    run = run_of(options)
    found = steps(run, options.per_class, options.evaluations, options.cas, options.data)
    show(options, found, report)

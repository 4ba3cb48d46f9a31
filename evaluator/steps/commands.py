"""firstlight evaluate steps RUN: its flags.

The seam is here because the command line is one place where a comparison is asked for, and tests are another.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from evaluator.steps.measure import PER_CLASS, report, steps
from firstlight.archives import add_flag, own_run
from sampler.solvers import SOLVERS


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The command with its flags."""
    command = commands.add_parser("steps", help="how few evaluations will do, of every solver and every student")
    command.set_defaults(command=_steps)
    add = command.add_argument
    add("run", help="the run's id; its students are compared with it")
    add("--per-class", type=int, default=PER_CLASS, help="pictures of each way to draw (default: %(default)s)")
    add("--evaluations", type=int, nargs="+", metavar="N", help="at most, of every solver (default: 1 to 30, or 100)")
    add("--cas", nargs="*", choices=list(SOLVERS), metavar="SOLVER",
        help="whose pictures teach classifiers (default: the run's own and students'); none: nobody's")  # fmt: skip
    add("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    add_flag(command)
    add("--json", action="store_true", help="print the figures as JSON, and nothing else")


def _steps(options: argparse.Namespace) -> None:
    run = own_run(options.runs, options.run)
    found = steps(run, options.per_class, options.evaluations, options.cas, options.data)
    print(json.dumps(found, allow_nan=False) if options.json else report(found))

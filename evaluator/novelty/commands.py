"""firstlight evaluate novelty: its flags."""

import argparse
from pathlib import Path
from typing import Any

from evaluator import defaults
from evaluator.command_line import add_count, add_run, run_of, show
from evaluator.novelty import measure
from evaluator.novelty.report import report
from evaluator.provenance import record


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The command with its flags."""
    command = commands.add_parser("novelty", help="does it draw its training pictures again?")
    add_run(command)
    add_count(command, "--per-class", defaults.NOVELTY_PER_CLASS, "pictures of every class")
    command.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of the pictures here")
    command.set_defaults(command=lambda options: show(options, _figures(options), report))


def _figures(options: argparse.Namespace) -> dict[str, Any]:
    run = run_of(options)
    made = measure.novelty(run, options.per_class, options.data)
    record(run, run.novelty, run.novelty_pictures)
    return made

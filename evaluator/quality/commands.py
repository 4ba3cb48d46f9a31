"""firstlight evaluate quality RUN: its flags."""

import argparse
from pathlib import Path
from typing import Any

from evaluator import defaults
from evaluator.command_line import add_count, add_on, add_run, run_of, show
from evaluator.quality.measures import quality
from evaluator.quality.report import report

__all__ = ["add", "add_flags", "figures", "report"]


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The command with its flags."""
    command = commands.add_parser("quality", help="how good the finished pictures are")
    command.set_defaults(command=lambda options: show(options, figures(options), report))
    add_run(command)
    add_on(command)
    add_flags(command)
    command.add_argument("--held-out", action="store_true", help="of noise that is for choosing, not for reporting")


def add_flags(command: argparse.ArgumentParser) -> None:
    """What can be asked beside the run."""
    add_count(command, "--per-class", defaults.QUALITY_PER_CLASS, "pictures of every class")
    command.add_argument("--full", action="store_true", help="classifiers that learn from all pictures, for minutes")
    command.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of a download")


def figures(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of the run that was asked for, which stand in its manifest then."""
    run = run_of(options)
    return quality(run, options.per_class, options.data, options.on, options.full, getattr(options, "held_out", False))

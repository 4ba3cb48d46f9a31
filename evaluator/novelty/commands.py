"""firstlight evaluate novelty and memorisation: their flags."""

import argparse
from pathlib import Path
from typing import Any

from evaluator import defaults
from evaluator.command_line import add_count, add_run, run_of, show
from evaluator.novelty import copies, memorisation_time, report
from firstlight.archives import add_flag, own_run


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The commands with their flags."""
    command = commands.add_parser("novelty", help="does it draw its training pictures again?")
    add_run(command)
    add_count(command, "--per-class", defaults.NOVELTY_PER_CLASS, "pictures of every class")
    command.set_defaults(command=lambda options: show(options, _novelty(options), report.report))
    over = commands.add_parser("memorisation", help="when in its training does it begin to copy?")
    over.add_argument("run", nargs="+", help="runs' ids, of different numbers of training pictures")
    add_flag(over)
    over.add_argument("--json", action="store_true", help="print the figures as JSON, and nothing else")
    over.set_defaults(command=lambda options: show(options, _memorisation(options), report.memorisation))
    for each in (command, over):
        each.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of the pictures here")


def _novelty(options: argparse.Namespace) -> dict[str, Any]:
    run = run_of(options)
    return copies.novelty(run, options.per_class, options.data)


def _memorisation(options: argparse.Namespace) -> dict[str, Any]:
    runs = [own_run(options.runs, name) for name in dict.fromkeys(options.run)]
    memorisation_time.check_alike(runs)
    return memorisation_time.together([memorisation_time.memorisation(run, options.data) for run in runs])

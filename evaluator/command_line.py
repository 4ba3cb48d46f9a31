"""What commands have in common: the run that they are about, and how their figures are printed."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firstlight.run import RUNS, Run, existing_run


def add_run(command: argparse.ArgumentParser, help: str = "the run's id") -> None:
    """The flags of a command that is about a run."""
    command.add_argument("run", help=help)
    command.add_argument("--runs", type=Path, default=RUNS, help="the folder of runs (default: the bundled one)")
    command.add_argument("--json", action="store_true", help="print the figures as JSON, and nothing else")


def run_of(options: argparse.Namespace) -> Run:
    """The run that was asked for. Raises RunError where there is none."""
    return existing_run(options.runs, options.run)


def show(options: argparse.Namespace, figures: dict[str, Any], report: Callable[[dict[str, Any]], str]) -> None:
    """Print figures for people, or as JSON."""
    print(json.dumps(figures, allow_nan=False) if options.json else report(figures))

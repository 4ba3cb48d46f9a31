"""What commands have in common: the run that they are about, and how their figures are printed."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from evaluator.provenance import former
from firstlight.archives import add_flag, own_run
from firstlight.remedy import denoiser_by
from firstlight.run_folder import Run


def add_run(command: argparse.ArgumentParser, help: str = "the run's id", nargs: str | None = None) -> None:
    """The flags of a command that is about a run, or about `nargs` of them."""
    command.add_argument("run", help=help, nargs=nargs)
    add_flag(command)
    command.add_argument("--json", action="store_true", help="print the figures as JSON, and nothing else")


def add_on(command: argparse.ArgumentParser) -> None:
    """Where it is computed."""
    command.add_argument("--on", default="", help="where it is computed: ray, or ray://HOST:10001 (default: here)")


def add_count(command: argparse.ArgumentParser, flag: str, default: int, what: str) -> None:
    """A flag that says how many."""
    command.add_argument(flag, type=int, default=default, help=f"{what} (default: %(default)s)")


def run_of(options: argparse.Namespace) -> Run:
    """The run that was asked for, to be changed; of an old denoiser a sentence on standard error says so.

    Raises RunError where there is none, and for a bundled one.
    """
    run = own_run(options.runs, options.run)
    if "denoiser" in former(run):
        print(f"{run.id} has other weights since its denoiser was exported, and that one is evaluated. "
              f"{denoiser_by(run)}", file=sys.stderr)  # fmt: skip
    return run


def show(options: argparse.Namespace, figures: dict[str, Any], report: Callable[[dict[str, Any]], str]) -> None:
    """Print figures for people, or as JSON."""
    print(json.dumps(figures, allow_nan=False) if options.json else report(figures))

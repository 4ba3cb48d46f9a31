"""firstlight evaluate recognizability RUN: its flags."""

import argparse
import sys
from typing import Any

from evaluator.command_line import add_on, add_run, run_of, show
from evaluator.judges.cards import KINDS, remarks
from evaluator.recognizability.analysis import recognizability
from evaluator.recognizability.report import report
from firstlight.errors import RunError
from firstlight.run_json import card_of

__all__ = ["add", "add_flags", "figures", "report"]


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The command with its flags."""
    command = commands.add_parser("recognizability", help="when each class is recognized on the way")
    command.set_defaults(command=lambda options: show(options, figures(options), report))
    add_run(command)
    add_on(command)
    add_flags(command)


def add_flags(command: argparse.ArgumentParser) -> None:
    """What can be asked beside the run."""
    command.add_argument("--threshold", type=float, help="probability that counts (default: from the null)")
    command.add_argument("--fine", action="store_true", help="draw its chains again in small steps, and judge each")
    command.add_argument("--seeds", type=int, help="noises of --fine for every class (default: all that are judged)")


def figures(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of the run that was asked for, whose judgements stand in its manifest then."""
    run = run_of(options)
    if options.seeds is not None and options.seeds < 1:
        raise RunError(f"{options.seeds} noises make no chains; give --seeds a number from 1.")
    for said in dict.fromkeys(each for kind in KINDS for each in remarks(run, kind)):
        print(said, file=sys.stderr)
    made = recognizability(run, options.threshold, options.fine, options.seeds, options.on)
    guest = card_of(run).get("guest")
    if guest and not guest["no_label"]:
        print(f"{run.id} knows no pictures without a label, so no x̂0 without one is judged.", file=sys.stderr)
    return made

"""`firstlight store hide`, `archive`, `show`, `trash` and `restore`: what people do to the runs of the list."""

import argparse
import sys
from pathlib import Path
from typing import Any

from firstlight.archives import existing_run
from firstlight.command_text import flag
from firstlight.errors import RunError
from firstlight.remote.registry import address
from store import trash
from store.shelves import shelve

SHELF = {"hide": "hidden", "archive": "archived", "show": ""}  # command -> where it puts a run


def add(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """The commands and their settings."""
    told = {
        "hide": "leave runs out of the list until hidden ones are asked for",
        "archive": "leave runs out of the list, and keep them from the trash",
        "show": "bring hidden or archived runs back into the list",
    }
    for word, what in told.items():
        command = commands.add_parser(word, parents=[everywhere], help=what)
        command.add_argument("run", nargs="+", metavar="RUN", help="the runs' ids")
        command.set_defaults(command=put, shelf=SHELF[word])
    gone = commands.add_parser("trash", parents=[everywhere], help="move runs into the trash; without one, list it")
    gone.add_argument("run", nargs="*", metavar="RUN", help="the runs' ids")
    gone.add_argument("--empty", action="store_true", help="remove for good what is in the trash")
    gone.set_defaults(command=throw_away)
    back = commands.add_parser("restore", parents=[everywhere], help="bring runs back from the trash")
    back.add_argument("run", nargs="+", metavar="RUN", help="the runs' ids")
    back.set_defaults(command=bring_back)


def put(options: argparse.Namespace) -> int:
    """Runs onto a shelf, or back into the list; 1 where one was not."""
    changed = shelve([existing_run(options.runs, run) for run in options.run], options.shelf)
    for run, _ in changed.before:
        print(f"{run.id}: {options.shelf or 'shown'}")
    for problem in changed.problems:
        print(f"store: {problem}", file=sys.stderr)
    return 1 if changed.problems else 0


def throw_away(options: argparse.Namespace) -> int:
    """Runs into the trash, what is in it, or all of it away for good; 1 where a run was not moved."""
    if options.empty and options.run:
        raise RunError("Name runs, which go into the trash, or --empty, which removes all that is in it for good.")
    if options.empty:
        count, size = trash.empty(options.runs)
        print(f"Removed {count:,} run{'s' * (count != 1)} for good, {size / 1e6:,.1f} MB.")
        return 0
    if not options.run:
        return _list(options.runs)
    return _each(options.run, lambda run: f"Moved {trash.discard(options.runs, run).run} into the trash; bring it back "
                                          f"with: firstlight store restore {run}{flag(options.runs)}")  # fmt: skip


def bring_back(options: argparse.Namespace) -> int:
    """Runs out of the trash."""
    return _each(options.run, lambda run: f"{trash.restore(options.runs, run).id} is back.")


def _each(runs: list[str], act: Any) -> int:
    """Do it to each run, and say what came of it; 1 where it failed for some, 2 where for all."""
    failed = 0
    for run in runs:
        try:
            print(act(run))
        except RunError as error:
            failed += 1
            print(f"store: {error}", file=sys.stderr)
    return min(failed, 1) + (failed == len(runs))


def _list(runs: Path) -> int:
    held = trash.listing(runs)
    if not held:
        print(f"The trash of {address(runs)} is empty.")
        return 0
    width = max(len(each.run) for each in held)
    for each in held:
        print(f"{each.run:{width}}  {each.when:%Y-%m-%d %H:%M} UTC  {each.size / 1e6:8,.1f} MB")
    print(f"{sum(each.size for each in held) / 1e9:.2f} GB of at most {trash.limit() / 1e9:g}")
    return 0

"""`firstlight store list`: the runs, or those that were asked for, a line each."""

import argparse
import re
from typing import Any

from firstlight.archives import hidden
from firstlight.command_text import flag, placed
from firstlight.errors import RunError
from firstlight.remote.registry import address, elsewhere
from firstlight.terminal_text import literal
from store.archive import entries, misnamed
from store.verification import Entry

MOST = 1_000_000  # lines


def add(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    listing = commands.add_parser("list", parents=[everywhere], help="every run with its state")
    listing.add_argument(
        "words", nargs="*", metavar="WORD",
        help="only runs that hold every word and meet every condition: tag=best, learning_rate=0.01, 'accuracy>0.9'",
    )  # fmt: skip
    listing.add_argument("--order", metavar="NAME", help="by this setting or figure, the largest first")
    listing.add_argument("--rows", type=int, default=0, metavar="N", help="at most so many")
    listing.add_argument("--by", metavar="NAME", help="how many runs have each value of a setting, tag, sweep ...")
    listing.set_defaults(command=show_list)


def show_list(options: argparse.Namespace) -> int:
    """One line per run: id, state, progress and what is to be said about it."""
    if options.words or options.order or options.rows or options.by:
        return show_found(options)
    found = entries(options.runs)
    if not found:
        print(f"No runs in {address(options.runs)}. Make one with: firstlight train --preset tiny{flag(options.runs)}")
    width = max((len(each.run.id) for each in found), default=0)
    for each in found:
        shelf = f" ({each.notes.shelf})" if each.notes.shelf else ""
        said = (
            literal(placed(each.reason, each.run) or _name(each))
            + ("" if each.run.words is None else " (bundled)")
            + shelf
        )
        print(f"{each.run.id:{width}}  {each.state:9}  {_progress(each):>17}  {said}".rstrip())
    if (other := elsewhere(options.runs)) and other.notice():
        print(other.notice())
    for name in misnamed(options.runs):
        print(f"{literal(name)} is not shown, because its name is no id; rename the folder: {_id_like(name)}")
    for run_id in hidden(options.runs):
        print(f"Your own run {run_id} hides the bundled one of that id.")
    return 0


def show_found(options: argparse.Namespace) -> int:
    """One line per run that was asked for, with what it is ordered by; or one per group."""
    from store.database import Archive
    from store.search import RECOGNIZABLE, search

    asked = search(" ".join(options.words))
    if RECOGNIZABLE in (*asked["keys"], options.order):
        raise RunError("When runs are recognizable is known on the page Runs alone; see it with: firstlight dashboard")
    archive, rows = Archive(options.runs), options.rows or MOST
    if options.by:
        for _, group in archive.ask("run_groups", by=options.by, rows=rows).iterrows():
            print(f"{group['runs']:6,}  {literal(group['value'])}")
        return 0
    found = archive.ask("run_page", **asked, order=options.order, rows=rows)
    values = archive.ask("run_values", setting=options.order).set_index("run")["setting"]
    width = max(map(len, found["run"]), default=0)
    for _, run in found.iterrows():
        value = f"  {options.order} {values[run['run']]}" if options.order else ""
        print(f"{run['run']:{width}}  {run['state']:9}{literal(value)}  {literal(str(run['name'] or ''))}".rstrip())
    count = int(found["found"].iloc[0]) if len(found) else 0
    print(f"{count:,} run{'s' * (count != 1)}" + (f", {len(found):,} of them here" if count > len(found) else ""))
    return 0


def _progress(each: Entry) -> str:
    return f"{each.card['step']:,} of {each.card['steps']:,}" if each.card else ""


def _name(each: Entry) -> str:
    return str(each.card["name"]) if each.card else ""


def _id_like(name: str) -> str:
    """An id that says the same."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:64] or "run"

"""`firstlight store`: what is in the archive, whether it is sound, one file of it all, and less of it."""

import argparse
import sys
from pathlib import Path
from typing import Any

from firstlight.archives import add_flag, named, own_run
from firstlight.command_text import flag
from firstlight.counts import counted
from firstlight.errors import RunError, disk
from firstlight.remote.registry import address, place
from firstlight.telemetry import switch_off
from firstlight.terminal_text import literal
from store import list_command, shelf_commands
from store.archive import entries
from store.archive import entry as entry_of
from store.verification import DAMAGED, inspect


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when a run is damaged, 2 for a wrong command."""
    options = parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except (RunError, OSError) as error:
        print(f"store: {disk(error) if isinstance(error, OSError) else error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("store: stopped; nothing was left half done.", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The commands and their settings."""
    top = argparse.ArgumentParser(prog="firstlight store", description="The archive of runs.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    everywhere = argparse.ArgumentParser(add_help=False)
    add_flag(everywhere)
    list_command.add(commands, everywhere)
    check = commands.add_parser("verify", parents=[everywhere], help="read every file and compare it with the manifest")
    check.add_argument("run", nargs="?", metavar="RUN", help="only this run")
    check.set_defaults(command=show_problems)
    whole = commands.add_parser("export", parents=[everywhere], help="all tables of all sound runs in one DuckDB file")
    whole.add_argument("file", type=Path, metavar="FILE.duckdb", help="the file to write")
    whole.set_defaults(command=write_export)
    less = commands.add_parser("slim", parents=[everywhere], help="drop all but some trajectories of a run")
    less.add_argument("run", metavar="RUN", help="the run's id")
    less.add_argument("--keep", type=int, required=True, metavar="N", help="trajectories that stay per class")
    less.add_argument(
        "--every", type=int, default=1, metavar="K", help="of their frames every K-th step (default: all)"
    )
    less.set_defaults(command=drop_trajectories)
    own = commands.add_parser("copy", parents=[everywhere], help="make a bundled run your own, to be changed")
    own.add_argument("run", metavar="RUN", help="the run's id")
    own.set_defaults(command=copy_run)
    sent = commands.add_parser("pack", parents=[everywhere], help="one file of a run and its own judges, to be sent")
    sent.add_argument("run", metavar="RUN", help="the run's id")
    sent.add_argument("--out", type=Path, metavar="FILE", help="the file (default: RUN.zip)")
    sent.set_defaults(command=pack_run)
    came = commands.add_parser("import", parents=[everywhere], help="take a packed run, or a run's folder, in")
    came.add_argument("source", type=Path, metavar="FILE|FOLDER", help="what was packed, or a run's folder")
    came.add_argument("--as", dest="new", metavar="NEW", help="the id that it gets here, instead of its own")
    came.set_defaults(command=take_in)
    _add_moves(commands, everywhere)
    shelf_commands.add(commands, everywhere)
    return top


def _add_moves(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """From one archive to another."""
    for word, other, what in (("push", "--to", "take a run into another archive"), ("pull", "--from", "fetch a run")):
        moved = commands.add_parser(word, parents=[everywhere], help=f"{what}, with judges of its own")
        moved.add_argument("run", metavar="RUN", help="the run's id")
        moved.add_argument(other, dest="other", type=named, metavar="ADDRESS", required=word == "pull",
                           help="the other archive: a folder, or s3://BUCKET/PREFIX")  # fmt: skip
        moved.add_argument("--as", dest="new", metavar="NEW", help="the id that it gets there, instead of its own")
        moved.set_defaults(command=push_run if word == "push" else pull_run)


def show_problems(options: argparse.Namespace) -> int:
    """Every problem of every run, or of one; 1 if there is any."""
    chosen = [entry_of(options.runs, options.run)] if options.run else entries(options.runs)
    if not chosen:
        print(f"No runs in {address(options.runs)}. Make one with: firstlight train --preset tiny{flag(options.runs)}")
    faulty = 0
    for each in chosen:
        found = inspect(each.run, everything=True)
        faulty += found.state == DAMAGED
        if found.state != DAMAGED:
            print(f"{each.run.id}: sound, {found.state}, with {', '.join(found.tables) or 'no tables'}")
        for problem in found.problems:
            print(f"{each.run.id}: {literal(str(problem))}")
    return 1 if faulty else 0


def write_export(options: argparse.Namespace) -> int:
    """All tables in one DuckDB file."""
    from store.database import export

    count = export(options.runs, options.file)
    print(f"Wrote {counted(count, 'run')} into {options.file}")
    return 0


def drop_trajectories(options: argparse.Namespace) -> int:
    """Fewer trajectories in one run."""
    from store.slim import slim

    before, after = slim(own_run(options.runs, options.run), options.keep, options.every)
    print(f"{options.run}: kept {after} of {before} trajectories")
    return 0


def copy_run(options: argparse.Namespace) -> int:
    """A bundled run in one's own archive."""
    from store.copies import copy

    print(f"Copied {options.run} to {place(copy(options.runs, options.run).folder)}, which is yours to change.")
    return 0


def pack_run(options: argparse.Namespace) -> int:
    """A run as one file."""
    from store.pack import pack

    path, judges, left = pack(options.runs, options.run, options.out)
    beside = f" with the judges {', '.join(judges)}" if judges else ""
    print(f"Packed {options.run}{beside} into {path}, {path.stat().st_size / 1e6:.1f} MB.")
    if left:
        print(f"Left out, because they name people or are no files of a run: {literal(', '.join(left))}")
    return 0


def take_in(options: argparse.Namespace) -> int:
    """A run from elsewhere in one's own archive."""
    from store.import_run import import_run

    run, said = import_run(options.runs, options.source, options.new)
    print(f"Imported {run.id} to {place(run.folder)}; every file is as its manifest says.")
    for sentence in said:
        print(sentence)
    return 0


def push_run(options: argparse.Namespace) -> int:
    """A run into another archive, or what was not sent yet into its own."""
    from store.exchange import push, transfer

    if options.other is None:
        push(options.runs, options.run)
        print(f"{address(options.runs)} has all of {options.run}.")
        return 0
    run, said = transfer(options.runs, options.other, options.run, options.new)
    print("\n".join([f"Pushed {options.run} to {place(run.folder)}; every file is as its manifest says.", *said]))
    return 0


def pull_run(options: argparse.Namespace) -> int:
    """A run from another archive."""
    from store.exchange import transfer

    run, said = transfer(options.other, options.runs, options.run, options.new)
    print("\n".join([f"Pulled {options.run} to {place(run.folder)}; every file is as its manifest says.", *said]))
    return 0


if __name__ == "__main__":
    switch_off()
    sys.exit(main())

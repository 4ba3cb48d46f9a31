"""firstlight jobs | sweep: commands in processes of their own, and many trainings at once described."""

import argparse
import sys
from pathlib import Path

from firstlight.archives import add_flag
from firstlight.errors import RunError
from firstlight.extras import extras
from firstlight.telemetry import switch_off
from jobs import commands, epochs

SWEEPS = {  # sweep's commands about a sweep that is there
    "status": ("its jobs, each with its settings and the metric's last value", commands.show),
    "pause": ("begin no further job; what runs is finished", commands.pause),
    "cancel": ("end it with all that runs of it", commands.cancel),
    "resume": ("go on, with what was paused, cancelled or lost", commands.resume),
    "run": ("carry it out: what its own process does", commands.run_sweep),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault is one sentence on standard error and exit status 2."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["sweep"] and len(words) > 1 and words[1] not in (*SWEEPS, "start", "-h", "--help"):
        words = ["sweep", "start", *words[1:]]  # sweep FILE.toml
    options = parser().parse_args(words)
    try:
        with extras():
            return int(options.command(options))
    except (RunError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """Every flag of every command."""
    top = argparse.ArgumentParser(prog="firstlight", description="Commands as jobs, and sweeps of trainings.")
    rooms = top.add_subparsers(required=True, metavar="COMMAND")
    _add_jobs(rooms.add_parser("jobs", help="commands that run on without whoever started them").add_subparsers(
        required=True, metavar="COMMAND"))  # fmt: skip
    _add_sweep(rooms.add_parser("sweep", help="many trainings that differ by some settings").add_subparsers(
        required=True, metavar="COMMAND"))  # fmt: skip
    return top


def _add_jobs(parts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    begin = parts.add_parser("start", help="run a command when those started before it have ended")
    add_flag(begin)
    begin.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="as after `firstlight`")
    begin.set_defaults(command=commands.start)
    seen = parts.add_parser("list", help="every job, or one, with its state")
    seen.add_argument("id", nargs="?", metavar="JOB", help="only this job")
    seen.add_argument("--all", action="store_true", help="those of sweeps too")
    seen.set_defaults(command=commands.show)
    said = parts.add_parser("log", help="what a job has said")
    said.add_argument("id", metavar="JOB", help="as `jobs list` names it")
    said.set_defaults(command=commands.log)
    ended = parts.add_parser("cancel", help="end a job in good order, or else at once")
    ended.add_argument("id", metavar="JOB", help="as `jobs list` names it")
    ended.set_defaults(command=commands.cancel)
    inner = parts.add_parser("run", help="carry a job out here: what its own process does")
    inner.add_argument("id", metavar="JOB", help="as `jobs list` names it")
    inner.add_argument("--parent", type=int, default=0, help="end when this process has ended")
    inner.set_defaults(command=commands.run)
    each = parts.add_parser("epochs", help="judge each epoch's weights while a run is trained, and name the best")
    each.add_argument("run", metavar="RUN", help="a run that is trained with --keep-epochs")
    each.add_argument("--per-class", type=int, default=100, help="pictures of every class (default: %(default)s)")
    each.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    each.set_defaults(command=epochs.judge_epochs)
    for command in (seen, said, ended, inner, each):
        add_flag(command)


def _add_sweep(parts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    begin = parts.add_parser("start", help="`sweep FILE.toml` does the same")
    begin.add_argument("file", type=Path, metavar="FILE.toml", help="what is tried: see docs/sweeps.md")
    begin.add_argument("--on", default="", help="where the jobs run: ray, or ray://HOST:10001 (default: here)")
    begin.set_defaults(command=commands.start_sweep)
    add_flag(begin)
    for name, (what, command) in SWEEPS.items():
        part = parts.add_parser(name, help=what)
        part.add_argument("id", metavar="NAME", help="the sweep's name")
        part.set_defaults(command=command)
        add_flag(part)
        if name == "resume":
            part.add_argument("--on", help="elsewhere than before")


if __name__ == "__main__":
    switch_off()
    sys.exit(main())

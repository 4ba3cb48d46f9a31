"""firstlight train | distill | resume | sampling | trace: make runs from the command line.

What they do is in commands.py, which is loaded once the arguments make sense: torch takes seconds, and may be missing.
"""

import argparse
import sys
from pathlib import Path

from firstlight.announcement import watched
from firstlight.archives import add_flag, own_run
from firstlight.command_text import typed
from firstlight.errors import RunError, SamplerError
from firstlight.extras import extras
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from firstlight.run_json import card_of
from firstlight.telemetry import switch_off
from trainer.config import LEARNING, PRESETS, SAMPLING, SETTINGS
from trainer.launcher import launch, launched, of_several

MOST_THREADS, MOST_PROCESSES = 1024, 64


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault is one sentence on standard error and exit status 2."""
    words = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(words)
    try:
        within("threads", options.threads, MOST_THREADS)
        if "processes" not in options:
            return _carry_out(words, options)
        within("processes", options.processes, MOST_PROCESSES)
        options.id = named(options)
        if of_several() > 0:  # the first of them says how it ended
            return _carry_out(words, options)
        with watched(run_at(options.runs, options.id), options.announce):
            return _carry_out(words, options)
    except (RunError, SamplerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _carry_out(words: list[str], options: argparse.Namespace) -> int:
    """The command, here or in as many processes as it asks for."""
    if "processes" in options and launched() == 1 and (options.processes or 1) > 1:
        return launch(words, options.processes, typed(run_at(options.runs, options.id)))
    if options.command in ("trace", "sampling") and "guest" in card_of(run := own_run(options.runs, options.run)):
        _adopted(run, options)
        return 0
    with extras():
        from trainer import commands

        return commands.run(options)


def within(name: str, number: int | None, most: int) -> None:
    """Raises RunError for a number of threads or processes that makes no sense."""
    if number is not None and not 1 <= number <= most:
        raise RunError(f"{number} {name} make no sense; give --{name} a number from 1 to {most}.")


def named(options: argparse.Namespace) -> str:
    """The id of the run that is trained."""
    if options.command == "resume":
        return str(options.run)
    default = options.preset if options.command == "train" else f"{options.run}-student-{options.evaluations}"
    return str(options.id or default)


def _adopted(run: Run, options: argparse.Namespace) -> None:
    """`trace` and `sampling` of an adopted run, which need no torch."""
    if options.command == "trace":
        from sampler.trace import trace_run

        trace_run(run, options.per_class, options.every)
        return
    from sampler.default_settings import change

    change(run, {name: getattr(options, name) for name in SAMPLING if getattr(options, name) is not None})


def parser() -> argparse.ArgumentParser:
    """Every flag of every command."""
    top = argparse.ArgumentParser(prog="firstlight", description="Train diffusion runs and trace them.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    start = commands.add_parser("train", help="train a new run")
    start.add_argument("--preset", choices=sorted(PRESETS), default="tiny", help="the recipe (default: tiny)")
    start.add_argument("--id", help="the run's id and folder (default: the preset's name)")
    start.add_argument("--name", help="a display name, any text (default: the id)")
    start.add_argument("--tag", action="append", default=[], help="a tag; may be given several times")
    start.add_argument("--overwrite", action="store_true", help="replace a run that has the same id")

    student = commands.add_parser("distill", help="train a student that draws like a run, with few evaluations")
    student.add_argument("run", help="the teacher's id")
    student.add_argument("--evaluations", type=int, default=4, help="of the student for a picture: 4, 2 or 1")
    student.add_argument("--id", help="the student's id (default: RUN-student-EVALUATIONS)")
    student.add_argument("--paths", type=int, default=12000, help="pictures that the teacher draws (default: 12000)")
    student.add_argument("--overwrite", action="store_true", help="replace a run that has the same id")

    again = commands.add_parser("resume", help="go on with a run that was stopped, or for more passes after its end")
    again.add_argument("--epochs", type=float, metavar="N", help="N more passes over the pictures of a finished run")

    record = commands.add_parser("trace", help="store denoising trajectories of a trained run")
    record.add_argument("--per-class", type=int, default=24, help="pictures of every class (default: 24)")
    record.add_argument("--every", type=int, help="keep every N-th step (default: about 25 frames)")

    default = commands.add_parser("sampling", help="change how a run's pictures are drawn by default")

    learned = ((start, SETTINGS, "the preset's"), (student, LEARNING, "a student's usual"))
    for command, offered, instead in (*learned, (default, SAMPLING, "its present")):
        for name, kind in offered.items():
            told = f"instead of {instead} {name.replace('_', ' ')}"
            command.add_argument(f"--{name.replace('_', '-')}", type=kind, help=told)
    for command in (again, record, default):
        command.add_argument("run", help="the run's id")
    for command in (start, again):
        command.add_argument("--data", type=Path, help="a folder or file with the dataset, instead of a download")
    for command in (start, student, again):
        command.add_argument("--processes", type=int, metavar="N", help="share every batch among N (default: 1)")
        command.add_argument("--keep-epochs", action="store_true", help="keep each epoch's weights, for `jobs epochs`")
        command.add_argument("--announce", default="", metavar="COMMAND", help="run this when the training ends")
    for command in (start, student, again, record, default):
        add_flag(command)
        command.add_argument("--threads", type=int, help="processor threads of each process (default: all cores)")
    for command in (start, student):
        command.add_argument(
            "--sweep", default="", metavar="NAME", help="the sweep that it is of; a sweep says so itself"
        )
    return top


if __name__ == "__main__":
    switch_off()
    sys.exit(main())

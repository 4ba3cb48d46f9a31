"""firstlight evaluate: what a run's pictures are worth, and what theory says of it."""

import argparse
import sys
from typing import Any, NoReturn

from evaluator.clip import commands as clip
from evaluator.command_line import add_on, add_run, show
from evaluator.experiments import commands as experiments
from evaluator.guidance import commands as guidance
from evaluator.judges import commands as judges
from evaluator.novelty import commands as novelty
from evaluator.quality import commands as quality
from evaluator.quality.cas import real_score
from evaluator.recognizability import commands as recognizability
from evaluator.steps import commands as steps
from evaluator.theory import commands as theory
from firstlight.errors import JudgeError, RunError, SamplerError, disk
from firstlight.extras import extras
from firstlight.telemetry import switch_off


class Parser(argparse.ArgumentParser):
    """A fault in the arguments is one sentence, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise RunError(f"{message}; see firstlight evaluate --help")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault is one sentence on standard error and exit status 2."""
    try:
        options = parser().parse_args(arguments)
        with extras():
            return int(options.command(options) or 0)
    except (RunError, JudgeError, SamplerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {disk(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the pictures drawn so far are kept, and the same command goes on from there.", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Every command, each with the flags that its subject gives it."""
    top = Parser(prog="firstlight evaluate", description="When classes become recognizable, and how good they are.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    both = commands.add_parser("all", help="recognizability and quality; of several runs one after another, as jobs")
    add_run(both, "the runs' ids", nargs="+")
    add_on(both)
    recognizability.add_flags(both)
    quality.add_flags(both)
    both.set_defaults(command=evaluate)
    for subject in (recognizability, quality, novelty, experiments, steps, clip, guidance):
        subject.add(commands)
    judges.add(commands, real_score)
    theory.add(commands)
    return top


def evaluate(options: argparse.Namespace) -> int:
    """firstlight evaluate all"""
    if len(options.run) > 1:
        return several(options)
    options.run = options.run[0]
    parts = {"recognizability": recognizability.figures(options), "quality": quality.figures(options)}
    show(options, parts, report)
    return 0


def several(options: argparse.Namespace) -> int:
    """Each run by itself, in a process that outlives this one."""
    from jobs.commands import evaluate_all

    if options.json:
        raise RunError("--json prints the figures of one run; name one, or leave --json out.")
    flags = {"--threshold": options.threshold, "--seeds": options.seeds, "--per-class": options.per_class,
             "--data": options.data}  # fmt: skip
    words = [part for flag, value in flags.items() if value is not None for part in (flag, str(value))]
    words += [f"--{name}" for name in ("fine", "full") if getattr(options, name)]
    return evaluate_all(options.runs, options.run, words, options.on)


def report(parts: dict[str, Any]) -> str:
    """Both reports, one under the other."""
    return f"{recognizability.report(parts['recognizability'])}\n\n{quality.report(parts['quality'])}"


if __name__ == "__main__":
    switch_off()
    sys.exit(main())

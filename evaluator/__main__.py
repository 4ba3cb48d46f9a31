"""firstlight evaluate: what a run's pictures are worth, and what theory says of it."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from evaluator.clip import commands as clip
from evaluator.experiments import commands as experiments
from evaluator.guidance import commands as guidance
from evaluator.judges.judge import KINDS
from evaluator.provenance import record
from evaluator.quality.figures import quality
from evaluator.quality.figures import report as quality_report
from evaluator.recognizability.analysis import recognizability
from evaluator.recognizability.report import report as recognizability_report
from evaluator.steps import commands as steps
from evaluator.theory.schedule_check import check as schedule_check
from evaluator.theory.schedule_check import figures as schedule_figures
from evaluator.theory.schedule_check import report as schedule_report
from evaluator.theory.spectra import make as make_spectra
from evaluator.theory.spectra import report as spectra_report
from firstlight.card import card_of
from firstlight.errors import JudgeError, RunError, SamplerError
from firstlight.run import RUNS, existing_run

EPOCHS = 14  # of a judge; about eight minutes on two cores


class Parser(argparse.ArgumentParser):
    """A fault in the arguments is one sentence, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise RunError(f"{message}; see firstlight evaluate --help")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault is one sentence on standard error and exit status 2."""
    try:
        options = parser().parse_args(arguments)
        options.command(options)
    except (RunError, JudgeError, SamplerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}; what was complete is kept.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the pictures drawn so far are kept, and the same command goes on from there.", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Every flag of every command."""
    top = Parser(prog="firstlight evaluate", description="When classes become recognizable, and how good they are.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    both = commands.add_parser("all", help="recognizability and quality")
    both.set_defaults(command=evaluate, parts=("recognizability", "quality"))
    when = commands.add_parser("recognizability", help="when each class is recognized on the way")
    when.set_defaults(command=evaluate, parts=("recognizability",))
    good = commands.add_parser("quality", help="how good the finished pictures are")
    good.set_defaults(command=evaluate, parts=("quality",))
    for command in (both, when, good):
        command.add_argument("run", help="the run's id")
        command.add_argument("--runs", type=Path, default=RUNS, help="the folder of runs (default: the bundled one)")
        command.add_argument("--json", action="store_true", help="print the figures as JSON, and nothing else")
    for command in (both, when):
        command.add_argument("--threshold", type=float, help="probability that counts (default: from the null)")
    for command in (both, good):
        command.add_argument("--per-class", type=int, default=1000, help="pictures of every class (default: 1000)")

    experiments.add(commands)
    steps.add(commands)
    clip.add(commands)
    guidance.add(commands)

    judge = commands.add_parser("fit-judge", help="train a judge and examine it on real test pictures")
    judge.add_argument("--dataset", default="mnist", help="its name; with --data also your own (default: mnist)")
    judge.add_argument("--kind", choices=KINDS, default="clean", help="of clean pictures, or of x_t with its noise")
    judge.add_argument("--epochs", type=int, default=EPOCHS, help=f"passes over the pictures (default: {EPOCHS})")
    judge.set_defaults(command=fit)

    theory = commands.add_parser("spectrum", help="measure what theory predicts from: the variances of a dataset")
    theory.add_argument("--dataset", default="mnist", help="its name; with --data also your own (default: mnist)")
    theory.add_argument("--only", type=int, nargs="+", default=[], help="these classes alone")
    theory.add_argument("--per-class", type=int, default=0, help="the first pictures of every class (default: all)")
    theory.set_defaults(command=spectrum)

    plan = commands.add_parser("schedule", help="check a run's noise levels: pure noise, and where classes are decided")
    plan.add_argument("run", help="the run's id")
    plan.add_argument("--runs", type=Path, default=RUNS, help="the folder of runs (default: the bundled one)")
    plan.add_argument("--json", action="store_true", help="print the figures as JSON, and nothing else")
    plan.set_defaults(command=schedule)
    for command in (both, good, judge, theory):
        command.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    return top


def evaluate(options: argparse.Namespace) -> None:
    """firstlight evaluate all | recognizability | quality"""
    run = existing_run(options.runs, options.run)
    figures: dict[str, Any] = {}
    texts: list[str] = []
    if "recognizability" in options.parts:
        figures["recognizability"] = recognizability(run, options.threshold)
        texts.append(recognizability_report(figures["recognizability"]))
        record(run, run.judgements)
    if "quality" in options.parts:
        figures["quality"] = quality(run, options.per_class, options.data)
        texts.append(quality_report(figures["quality"]))
        record(run, run.quality)
    if options.json:
        print(json.dumps(figures if len(options.parts) > 1 else figures[options.parts[0]], allow_nan=False))
    else:
        print("\n\n".join(texts))


def fit(options: argparse.Namespace) -> None:
    """firstlight evaluate fit-judge"""
    if options.epochs < 1:
        raise RunError(f"{options.epochs} epochs teach nothing; give --epochs a number from 1.")
    try:
        from evaluator.judges.fit import DataError, fit_judge
    except ImportError as error:
        raise JudgeError(f"Fitting a judge needs {error.name}; install it with: make install") from error
    try:
        judge = fit_judge(options.dataset, options.kind, options.data, options.epochs)
    except DataError as error:
        raise JudgeError(str(error)) from error
    print(f"{judge.name}: {100 * judge.card['accuracy']:.2f} % of {judge.card['n']:,} real test pictures")


def spectrum(options: argparse.Namespace) -> None:
    """firstlight evaluate spectrum"""
    print(spectra_report(make_spectra(options.dataset, options.data, options.only, options.per_class)))


def schedule(options: argparse.Namespace) -> None:
    """firstlight evaluate schedule"""
    run = existing_run(options.runs, options.run)
    try:
        found = schedule_check(card_of(run))
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{run.card} has no usable {error} in its config; restore it from a copy of the run.") from error
    print(json.dumps(schedule_figures(found), allow_nan=False) if options.json else schedule_report(run.id, found))


if __name__ == "__main__":
    sys.exit(main())

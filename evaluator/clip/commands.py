"""firstlight evaluate fit-clip, examine-clip, and clip RUN."""

import argparse
from pathlib import Path
from typing import Any

from evaluator import defaults
from evaluator.clip import agreement, ranking, scores
from evaluator.clip.claims import s9
from evaluator.clip.judge import MEAN, ClipJudge
from evaluator.clip.real_scores import figures as real_figures
from evaluator.clip.report import of_real, report
from evaluator.clip.resolve import chosen
from evaluator.command_line import add_count, add_run, run_of, show
from evaluator.stats.intervals import plain
from firstlight.archives import add_flag
from firstlight.errors import JudgeError, RunError
from firstlight.run_folder import Run
from firstlight.run_json import card_of


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The commands with their flags."""
    fitted = commands.add_parser("fit-clip", help="train a small CLIP and examine it on real test pictures")
    fitted.add_argument("--dataset", default="mnist", help="its name; with --data also your own (default: mnist)")
    many = f"passes over the pictures (default: {defaults.CLIP_FIT_EPOCHS}, or more of few pictures)"
    fitted.add_argument("--epochs", type=int, help=many)
    fitted.set_defaults(command=_fit)
    again = commands.add_parser(
        "examine-clip", help="examine a CLIP again on real test pictures: accuracy, calibration"
    )
    again.add_argument("--dataset", required=True, help="the dataset's name in run.json")
    again.set_defaults(command=_examine)
    says = commands.add_parser("clip", help="score and rank the finished pictures, and follow the class on the way")
    add_run(says)
    add_count(says, "--per-class", defaults.CLIP_PER_CLASS, "pictures")
    says.add_argument("--clip", metavar="MODEL", help="ViT-B-32:openai, hf-hub:OWNER/NAME or local-dir:FOLDER")
    says.add_argument("--prompt", action="append", default=[], metavar="TEXT", help="a template with {c} for the class")
    says.set_defaults(command=_clip)
    for command in (fitted, again):
        add_flag(command)
    for command in (fitted, again, says):
        command.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of a download")


def clip(run: Run, judge: ClipJudge, per_class: int = defaults.CLIP_PER_CLASS) -> dict[str, Any]:
    """The figures of a run as plain values; writes the run's five CLIP tables.

    Raises RunError, SamplerError and JudgeError with a sentence.
    """
    table, seconds = scores.score(run, judge, per_class)
    frames, moments = scores.steps(run, judge), scores.snapshots(run, judge)
    orders = ranking.orders(table)
    real = {row["label"]: row for row in real_figures(judge) if row["template"] == MEAN}
    verdicts = [verdict for name in orders for verdict in s9(orders[name], name, judge.classes, judge.name, real)]
    claims = [
        {"claim": each.claim.source, "part": each.claim.part, "verdict": each.verdict, "reason": each.reason}
        | {"effect": plain(each.effect) if each.effect else None, "n": each.n}
        for each in verdicts
    ]
    return {
        "run": run.id,
        **ranking.figures(judge, table, orders),
        "claims": claims,
        "beside": agreement.figures(run, judge, table, orders),
        "steps_judged": frames,
        "snapshots_judged": moments,
        "seconds_per_1000": round(seconds, 3),
    }


def _clip(options: argparse.Namespace) -> None:
    """firstlight evaluate clip"""
    run = run_of(options)
    judge = chosen(card_of(run), options.clip, options.prompt, options.data, runs=run.archive)
    show(options, clip(run, judge, options.per_class), report)


def _fit(options: argparse.Namespace) -> None:
    """firstlight evaluate fit-clip"""
    if options.epochs is not None and options.epochs < 1:
        raise RunError(f"{options.epochs} epochs teach nothing; give --epochs a number from 1.")
    from evaluator.clip.fit import DataError, fit_clip

    try:
        judge = fit_clip(options.dataset, options.data, options.epochs or 0, runs=options.runs)
    except DataError as error:
        raise JudgeError(str(error)) from error
    print(of_real(judge.card))


def _examine(options: argparse.Namespace) -> None:
    """firstlight evaluate examine-clip"""
    from evaluator.clip.exam import examine
    from trainer.data import DataError

    try:
        judge = examine(options.dataset, options.data, options.runs)
    except DataError as error:
        raise JudgeError(str(error)) from error
    print(of_real(judge.card))

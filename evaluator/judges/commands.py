"""firstlight evaluate fit-judge: its flags."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.judges.judge import KINDS
from firstlight.errors import JudgeError, RunError

if TYPE_CHECKING:
    from evaluator.judges.fit import RealScore

EPOCHS = 14  # of a judge; about eight minutes on two cores


def add(commands: "argparse._SubParsersAction[Any]", real_score: "RealScore") -> None:
    """The command with its flags; `real_score`: what scores the real pictures, as `fit_judge` has it."""
    command = commands.add_parser("fit-judge", help="train a judge and examine it on real test pictures")
    command.add_argument("--dataset", default="mnist", help="its name; with --data also your own (default: mnist)")
    command.add_argument("--kind", choices=KINDS, default="clean", help="of clean pictures, or of x_t with its noise")
    command.add_argument("--epochs", type=int, default=EPOCHS, help=f"passes over the pictures (default: {EPOCHS})")
    command.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    command.set_defaults(command=partial(_fit, real_score))


def _fit(real_score: "RealScore", options: argparse.Namespace) -> None:
    if options.epochs < 1:
        raise RunError(f"{options.epochs} epochs teach nothing; give --epochs a number from 1.")
    from evaluator.judges.fit import DataError, fit_judge

    try:
        judge = fit_judge(options.dataset, options.kind, options.data, options.epochs, real_score)
    except DataError as error:
        raise JudgeError(str(error)) from error
    print(f"{judge.name}: {100 * judge.card['accuracy']:.2f} % of {judge.card['n']:,} real test pictures")

"""firstlight evaluate fit-judge: its flags."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.judges.cards import JUDGES, KINDS
from evaluator.judges.report import report
from firstlight.archives import add_flag, writable
from firstlight.command_text import flag
from firstlight.errors import JudgeError, RunError

if TYPE_CHECKING:
    from evaluator.judges.fit import RealScore

BOTH = "both"


def add(commands: "argparse._SubParsersAction[Any]", real_score: "RealScore") -> None:
    """The command with its flags; `real_score`: what scores the real pictures, as `fit_judges` has it."""
    command = commands.add_parser("fit-judge", help="train judges of a dataset and examine them on real test pictures")
    command.add_argument("--dataset", help="the dataset's name in run.json (default: the name of --data)")
    command.add_argument("--kind", choices=(*KINDS, BOTH), default=BOTH,
                         help="of clean pictures, of x_t with its noise, or both (default)")  # fmt: skip
    command.add_argument("--epochs", type=int, help="passes over the pictures (default: 14, or more of few pictures)")
    command.add_argument("--data", type=Path, help="a folder with a subfolder per class, an .npz, a .parquet or a .csv")
    command.add_argument("--resize", type=int, default=0, metavar="PIXELS", help="as the run was trained with")
    add_flag(command)
    command.set_defaults(command=partial(_fit, real_score))
    again = commands.add_parser(
        "examine-judge", help="examine judges again on real test pictures: accuracy, calibration"
    )
    again.add_argument("--dataset", required=True, help="the dataset's name in run.json")
    again.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    add_flag(again)
    again.set_defaults(command=_examine)


def _examine(options: argparse.Namespace) -> None:
    from evaluator.judges.fit import DataError, examine

    try:
        for judge in examine(options.dataset, options.data, options.runs):
            print(report(judge))
    except DataError as error:
        raise JudgeError(str(error)) from error


def _fit(real_score: "RealScore", options: argparse.Namespace) -> None:
    if options.epochs is not None and options.epochs < 1:
        raise RunError(f"{options.epochs} epochs teach nothing; give --epochs a number from 1.")
    from evaluator.judges.fit import DataError, fit_judges
    from trainer.data import own_name

    if options.dataset is None and options.data is None:
        raise RunError("Name the pictures: give --data a folder with one subfolder per class.")
    dataset = options.dataset or own_name(options.data)
    kinds = KINDS if options.kind == BOTH else (options.kind,)
    folder = writable(JUDGES, options.runs)
    epochs, resize = options.epochs or 0, options.resize
    try:
        for judge in fit_judges(dataset, kinds, options.data, epochs, real_score, folder, resize):
            print(report(judge))
    except DataError as error:
        raise JudgeError(str(error)) from error
    print(f"Kept in {folder}. Next: firstlight evaluate all RUN{flag(options.runs)}")

"""firstlight evaluate speciation, uturn, swap, classifier, posterior, ablations: their flags."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluator import defaults
from evaluator.command_line import add_count, add_run, run_of, show
from evaluator.experiments import (
    ablations,
    cloning,
    diffusion_classifier,
    label_swap,
    posterior,
    report,
    uturn,
)

Make = Callable[[argparse.Namespace], dict[str, Any]]
NOISES = "noises for every class"


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The commands with their flags."""
    copies = _command(
        commands, "speciation", "copy chains on the way: do both ends agree?", _speciation, report.speciation
    )
    add_count(copies, "--pairs", defaults.CLONING_PAIRS, "at every level")
    copies.add_argument("--published", action="store_true", help="copy where the published experiment did")
    copies.add_argument("--label", help="a class asked for all along (default: none)")
    turn = _command(commands, "uturn", "noise real pictures and denoise them: is the class kept?", _uturn, report.uturn)
    add_count(turn, "--per-class", defaults.UTURN_PER_CLASS, "real pictures")
    turn.add_argument("--conditional", action="store_true", help="with the picture's own label on the way back")
    change = _command(commands, "swap", "change the label on the way: which one wins?", _swap, report.swap)
    change.add_argument("--at", type=int, nargs="+", metavar="STEP", help="where the label changes (default: 8 steps)")
    names = _command(commands, "classifier", "name real pictures with the denoiser", _classifier, report.classifier)
    add_count(names, "--pictures", defaults.CLASSIFIER_PICTURES, "real ones")
    add_count(names, "--draws", defaults.CLASSIFIER_DRAWS, "of noise, at most")
    parts = _command(commands, "ablations", "take parts away: what breaks?", _ablations, report.ablations)
    knows = _command(commands, "posterior", "what chains tell about their class", _posterior, report.posterior)
    for command in (copies, turn):
        command.add_argument("--at", type=float, nargs="+", metavar="LOGSNR", help="levels (default: about nine)")
    for command in (copies, turn, knows):
        steps = defaults.POSTERIOR_STEPS if command is knows else defaults.CHAIN_STEPS
        command.add_argument("--levels", metavar="NAME", help="of the chain (default: evenly spaced logSNR)")
        add_count(command, "--steps", steps, "of the chain")
    add_count(change, "--seeds", defaults.SWAP_SEEDS, NOISES)
    add_count(knows, "--seeds", defaults.POSTERIOR_SEEDS, NOISES)
    add_count(parts, "--seeds", defaults.ABLATIONS_SEEDS, NOISES)
    for command in (turn, names):
        command.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of the pictures here")


def _command(
    commands: "argparse._SubParsersAction[Any]", name: str, says: str, make: Make, words: Callable[[Any], str]
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=says)
    add_run(command)
    command.set_defaults(command=lambda options: show(options, make(options), words))
    return command


def _speciation(options: argparse.Namespace) -> dict[str, Any]:
    at = cloning.published_levels() if options.published else _at(options)
    run = run_of(options)
    return cloning.speciation(run, options.pairs, at, options.levels, options.steps, options.label)


def _uturn(options: argparse.Namespace) -> dict[str, Any]:
    run = run_of(options)
    ways = (options.levels, options.steps, options.conditional, options.data)
    return uturn.uturn(run, options.per_class, _at(options), *ways)


def _swap(options: argparse.Namespace) -> dict[str, Any]:
    return label_swap.swap(run_of(options), options.seeds, _at(options))


def _classifier(options: argparse.Namespace) -> dict[str, Any]:
    run = run_of(options)
    return diffusion_classifier.classifier(run, options.pictures, options.draws, options.data)


def _posterior(options: argparse.Namespace) -> dict[str, Any]:
    run = run_of(options)
    return posterior.posterior(run, options.seeds, options.steps, options.levels)


def _ablations(options: argparse.Namespace) -> dict[str, Any]:
    return ablations.ablations(run_of(options), options.seeds)


def _at(options: argparse.Namespace) -> tuple[Any, ...] | None:
    return None if options.at is None else tuple(options.at)

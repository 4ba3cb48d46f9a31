"""What each command of the trainer does."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from firstlight.archives import existing_run, own_run
from firstlight.command_text import placed, typed
from firstlight.counts import counted
from firstlight.errors import RunError, SamplerError
from firstlight.remedy import trained_elsewhere
from firstlight.run_folder import Run
from firstlight.run_id import new_run_at, run_at
from firstlight.run_json import card_of
from firstlight.run_state import state_of
from firstlight.run_writes import store_card, store_table
from firstlight.runtime import set_torch_threads
from sampler.noise import HIGHEST_SEED
from trainer.checkpoints import LAST, load_config, load_denoiser
from trainer.config import LEARNING, PRESETS, SAMPLING, SETTINGS, Config, to_dict
from trainer.data import DataError, Pictures, load, own_name, prepared
from trainer.device import best_device, half_precision
from trainer.distill import lesson, paths_of, student_config
from trainer.epochs import begin_epochs
from trainer.launcher import STOPPED
from trainer.made_before import made_before
from trainer.network import Denoiser
from trainer.noise_levels import training_logsnr
from trainer.processes import first, joined, parted, sentence
from trainer.resumed_state import Diverged
from trainer.run_card import new_card, student_card
from trainer.trace import trace
from trainer.train import teach, train

# what weights must fit
SHAPE = ("channels", "size", "classes", "widths", "blocks", "embedding", "prediction", "sigma_data", "scale_high")

ENOUGH_STEPS = (
    1500  # below which a training of one's own pictures is warned of: those of the bundled runs have 2,225 or more
)


def run(options: argparse.Namespace) -> int:
    """Run one command; a fault is one sentence on standard error and exit status 2."""
    try:
        if "processes" in options:
            options.team = joined(options.processes)
        set_torch_threads(options.threads)
        status = COMMANDS[options.command](options)
        parted()
    except (RunError, DataError, Diverged, SamplerError, ValueError, OSError) as error:
        if first():
            print(f"error: {sentence(error)}", file=sys.stderr)
        return 2
    return status or 0


def ended(options: argparse.Namespace, card: dict[str, Any], following: str) -> int:
    """Say how a training ended, and what comes next; the command's exit status. card: the run's, as it was left."""
    run = run_at(options.runs, card["id"])
    if card["state"] == "stopped":
        say(options, placed(card["message"], run))
        return STOPPED if options.team.size == 1 else 0  # of several, whose launcher takes another for a failure
    say(options, f"Trained {card['id']}. Next: firstlight {following} {typed(run)}")
    return 0


def start_run(options: argparse.Namespace) -> int:
    """firstlight train"""
    team = options.team
    with team.alike():
        config = checked(replace(PRESETS[options.preset], **given(options, SETTINGS)))
        if config.dataset == "own" and options.data is not None:
            config = replace(config, dataset=own_name(options.data))
        run = new_run(options)
        data, test = team.in_turn(lambda: pictures(config, options.data))
        config = replace(config, channels=data.images.shape[1], size=data.images.shape[2], classes=len(data.classes))
        if not config.sigma_data:
            config = replace(config, sigma_data=round(float(data.images.std()) / 127.5, 3))
        start = beginning(options.runs, config)
        card = new_card(run, options.name or run.id, options.tag, options.preset, config, data) | of_sweep(options)
        if team.first:
            begin_epochs(run, options.keep_epochs, anew=True)
    if options.preset == "own" and start is None and (said := few_steps(config, len(data.images))) and team.first:
        print(said, file=sys.stderr)
    train(run, card, config, data, test, start, team=team)
    return ended(options, card, "trace")


def few_steps(config: Config, pictures: int) -> str:
    """That a training of fresh weights is short, a sentence with what makes it longer; empty where it is not."""
    steps = round(config.epochs * pictures / config.batch)
    if steps >= ENOUGH_STEPS:
        return ""
    epochs = -(-ENOUGH_STEPS * config.batch // pictures)
    return (
        f"warning: {steps:,} steps are few for weights that begin at random, and the pictures may stay noise; for "
        f"{ENOUGH_STEPS:,} steps of these {pictures:,} pictures give --epochs {epochs}"
    )


def distill_run(options: argparse.Namespace) -> int:
    """firstlight distill"""
    team = options.team
    with team.alike():
        teacher = existing_run(options.runs, options.run)
        denoiser = load_denoiser(teacher, best_device())
        changes = given(options, LEARNING)
        config = student_config(denoiser.config, teacher.id, options.evaluations, typed(teacher), **changes)
        run = new_run(options)
        card = student_card(run, card_of(teacher), checked(config), options.paths) | of_sweep(options)
        start = beginning(options.runs, config) or denoiser
        paths = paths_of(run, denoiser, config, options.paths, team)
        if team.first:
            begin_epochs(run, options.keep_epochs, anew=True)
    teach(run, card, config, lesson(paths, config), start, team=team)
    return ended(options, card, "export")


def of_sweep(options: argparse.Namespace) -> dict[str, str]:
    """The card's field of a run that a sweep trains."""
    return {"sweep": options.sweep} if options.sweep else {}


def beginning(runs: Path, config: Config) -> Denoiser | None:
    """The denoiser that the training begins with, if not a fresh one. Raises RunError for one of another shape."""
    if not config.start:
        return None
    found = load_denoiser(existing_run(runs, config.start), best_device())
    if shape(found.config) != shape(config):
        raise RunError(f"{config.start} has another network than this recipe ({shape(found.config)}); start from a run "
                       "of the same preset.")  # fmt: skip
    return found


def shape(config: Config) -> dict[str, Any]:
    """What the weights of a run must fit."""
    return {name: getattr(config, name) for name in SHAPE}


def resume_student(
    run: Run, options: argparse.Namespace, card: dict[str, Any], config: Config, start: Denoiser | None
) -> None:  # fmt: skip
    """firstlight resume, of a student: its teacher's paths are in its folder, or are walked again."""
    with options.team.alike():
        denoiser = load_denoiser(existing_run(options.runs, config.teacher), best_device())
        paths = paths_of(run, denoiser, config, card["paths"], options.team)
    teach(run, card, config, lesson(paths, config), start, resume=start is None, team=options.team)


def resume_run(options: argparse.Namespace) -> int:
    """firstlight resume"""
    team = options.team
    with team.alike():
        run = own_run(options.runs, options.run)
        card, config = resumable(run) if options.epochs is None else extensible(run, options.epochs)
        start = None if options.epochs is None else load_denoiser(run, best_device())
        if team.first:
            begin_epochs(run, options.keep_epochs, anew=False)
    if config.teacher:
        resume_student(run, options, card, config, start)
    else:
        with team.alike():
            data, test = team.in_turn(lambda: pictures(config, options.data))
            if data.sha256 != card["dataset"]["sha256"]:
                raise RunError(f"{run.id} was trained on other pictures than these; give its own folder with --data.")
        train(run, card, config, data, test, start, resume=start is None, team=team)
    if start is not None and card["made_before"]:
        first = counted(card["extended"][-1], "step")
        say(options, f"What was exported, traced and evaluated before is of the first {first}.")
    return ended(options, card, "trace")


def resumable(run: Run) -> tuple[dict[str, Any], Config]:
    """The run's card and settings. Raises RunError where there is nothing to go on with."""
    if trained_elsewhere(run):
        raise RunError(f"{run.id} was not trained by Firstlight; go on with it where it was, recorded by: "
                       f"firstlight.record({run.id!r}, …, resume=True)")  # fmt: skip
    config = load_config(run)
    card = card_of(run)
    if card["state"] == "finished" or not (run.checkpoints / LAST).is_file():
        more = f"Go on for more passes with: firstlight resume {typed(run)} --epochs N"
        anew = f"Train anew with: firstlight train --id {typed(run)} --overwrite"
        raise RunError(f"{run.id} has nothing to resume (state: {state_of(card)}). "
                       f"{more if card['state'] == 'finished' else anew}")  # fmt: skip
    half_precision(config, best_device())
    return card, config


def extensible(run: Run, epochs: float) -> tuple[dict[str, Any], Config]:
    """Card and settings of a finished run that goes on for `epochs` more passes. Raises RunError for any other.

    It goes on as a cycle begins: from the averaged weights, with a fresh optimizer, warm-up, and a rate that falls to
    zero over what is added.
    """
    if trained_elsewhere(run):
        resumable(run)  # says so
    card, config = card_of(run), load_config(run)
    if card["state"] != "finished":
        raise RunError(f"{run.id} has not ended (state: {card['state']}); go on with it first: firstlight resume "
                       f"{typed(run)}")  # fmt: skip
    longer = checked(replace(config, epochs=config.epochs + checked(replace(config, epochs=epochs)).epochs))
    card.update(extended=[*card.get("extended", []), card["step"]], made_before=made_before(run))
    card["config"] = to_dict(longer)
    card.pop("weights_of_epoch", None)
    return card, longer


def trace_run(options: argparse.Namespace) -> None:
    """firstlight trace"""
    if options.per_class < 1:
        raise RunError("--per-class must be at least 1.")
    run = own_run(options.runs, options.run)
    device = best_device()
    denoiser = load_denoiser(run, device)
    every = options.every or max(1, denoiser.config.steps // 25)
    total = options.per_class * denoiser.config.classes
    with tqdm(total=total, desc=f"trace {run.id}", unit="picture") as bar:
        table = trace(denoiser, options.per_class, every, 200 if device.type == "cuda" else 4, bar.update)
    store_table(run.trajectories, table)
    print(f"Traced {counted(total, 'picture')}. Next: firstlight evaluate all {typed(run)}")


def change_sampling(options: argparse.Namespace) -> None:
    """firstlight sampling"""
    run = own_run(options.runs, options.run)
    config = checked(replace(load_config(run), **given(options, SAMPLING)))
    card = card_of(run)
    if card["state"] == "running":
        raise RunError(f"{run.id} is being trained and writes its own card; stop it first, or wait.")
    card["config"] = to_dict(config)
    store_card(run, card)
    print(f"{run.id} draws with " + ", ".join(f"{name} {getattr(config, name)}" for name in SAMPLING) + ". "
          f"What was traced and evaluated before is from the old settings; do it again with: "
          f"firstlight trace {typed(run)}")  # fmt: skip


def new_run(options: argparse.Namespace) -> Run:
    """The folder to train in. Raises RunError where a run stands there that may not be replaced."""
    run = new_run_at(options.runs, options.id)
    if run.card.exists() and not options.overwrite:
        raise RunError(f"{run.id} exists already; give another --id, go on with `firstlight resume {typed(run)}`, "
                       "or replace it with --overwrite.")  # fmt: skip
    return run


def say(options: argparse.Namespace, sentence: str) -> None:
    """Print what one of several processes prints."""
    if options.team.first:
        print(sentence)


def given(options: argparse.Namespace, names: dict[str, type]) -> dict[str, Any]:
    """The settings that the command line names."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def pictures(config: Config, folder: Path | None) -> tuple[Pictures, Pictures]:
    """Training and test pictures of the config's dataset."""
    train_split, test_split = (load(config.dataset, folder, split, config.resize) for split in ("train", "test"))
    if first():
        for said in train_split.said:
            print(f"{train_split.name}: {said}.", file=sys.stderr)
    return (
        prepared(train_split, config.only, config.per_class, config.pad),
        prepared(test_split, config.only, pad=config.pad),
    )


def checked(config: Config) -> Config:
    """The config. Raises ValueError, with a sentence, for a number that makes no sense."""
    for name in ("epochs", "batch", "learning_rate", "steps"):
        if not getattr(config, name) > 0:
            raise ValueError(f"--{name.replace('_', '-')} must be above 0.")
    if not 0 <= config.seed <= HIGHEST_SEED:
        raise ValueError(f"{config.seed} is no seed; give --seed a whole number from 0 to {HIGHEST_SEED}.")
    if config.snapshots < 0 or config.snapshot_seeds < 1:
        raise ValueError("--snapshots must be at least 0, and --snapshot-seeds at least 1.")
    if config.per_class < 0:
        raise ValueError("--per-class must be at least 1, or 0 for every picture.")
    if not 0 <= config.guidance < float("inf"):
        raise ValueError("--guidance must be a number from 0, such as 1.5.")
    training_logsnr(config.schedule, 1, torch.Generator())
    half_precision(config, best_device())
    config.table()
    return config


COMMANDS = {
    "train": start_run,
    "distill": distill_run,
    "resume": resume_run,
    "trace": trace_run,
    "sampling": change_sampling,
}

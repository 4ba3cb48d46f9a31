"""firstlight train | resume | trace: make runs from the command line."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from firstlight.card import card_of
from firstlight.errors import RunError, SamplerError
from firstlight.files import write_json, write_table
from firstlight.manifest import write_manifest
from firstlight.run import RUNS, Run, existing_run, run_at
from trainer.card import new_card, student_card
from trainer.checkpoints import LAST, load_config, load_denoiser
from trainer.config import PRESETS, Config, to_dict
from trainer.data import DataError, Pictures, load, own_name, prepared
from trainer.device import best_device
from trainer.distill import lesson, paths_of, student_config
from trainer.network import Denoiser
from trainer.schedules import training_logsnr
from trainer.trace import trace
from trainer.train import Diverged, teach, train

SAMPLING = {  # a run's default way of drawing pictures; it can be changed after the training
    "solver": str,
    "levels": str,
    "steps": int,
    "guidance": float,
    "guidance_low": float,
    "guidance_high": float,
    "shift": float,
}
LEARNING = {"start": str, "epochs": float, "batch": int, "learning_rate": float, "seed": int}  # of a student
# what weights must fit
SHAPE = ("channels", "size", "classes", "widths", "blocks", "embedding", "prediction", "sigma_data", "scale_high")
SETTINGS = {  # the settings that the command line offers; the others come from the preset
    "dataset": str,
    "schedule": str,
    "start": str,
    "epochs": float,
    "batch": int,
    "learning_rate": float,
    "seed": int,
    "snapshots": int,
    **SAMPLING,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault is one sentence on standard error and exit status 2."""
    options = parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        options.command(options)
    except (RunError, DataError, Diverged, SamplerError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}; what was complete is kept.", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Every flag of every command."""
    top = argparse.ArgumentParser(prog="firstlight", description="Train diffusion runs and trace them.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

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

    again = commands.add_parser("resume", help="go on with a run that was stopped")
    record = commands.add_parser("trace", help="store denoising trajectories of a trained run")
    record.add_argument("--per-class", type=int, default=24, help="pictures of every class (default: 24)")
    record.add_argument("--every", type=int, help="keep every N-th step (default: about 25 frames)")

    default = commands.add_parser("sampling", help="change how a run's pictures are drawn by default")
    for command, offered in ((start, SETTINGS), (student, LEARNING), (default, SAMPLING)):
        for name, kind in offered.items():
            command.add_argument(f"--{name.replace('_', '-')}", type=kind, help=f"instead of the present {name}")
    for command in (again, record, default):
        command.add_argument("run", help="the run's id")
    for command in (start, again):
        command.add_argument("--data", type=Path, help="a folder or .npz with the dataset, instead of a download")
    for command, do in (
        (start, start_run), (student, distill_run), (again, resume_run), (record, trace_run), (default, change_sampling)
    ):  # fmt: skip
        command.set_defaults(command=do)
        command.add_argument("--runs", type=Path, default=RUNS, help="the folder of runs (default: the bundled one)")
        command.add_argument("--threads", type=int, help="processor threads (default: all cores)")
    return top


def start_run(options: argparse.Namespace) -> None:
    """firstlight train"""
    config = checked(replace(PRESETS[options.preset], **given(options, SETTINGS)))
    if config.dataset == "own" and options.data is not None:
        config = replace(config, dataset=own_name(options.data))
    run = new_run(options, options.preset)
    data, test = pictures(config, options.data)
    config = replace(config, channels=data.images.shape[1], size=data.images.shape[2], classes=len(data.classes))
    if not config.sigma_data:
        config = replace(config, sigma_data=round(float(data.images.std()) / 127.5, 3))
    start = beginning(options.runs, config)
    card = new_card(run, options.name or run.id, options.tag, options.preset, config, data)
    train(run, card, config, data, test, start)
    print(f"Trained {run.id}. Next: firstlight trace {run.id}")


def distill_run(options: argparse.Namespace) -> None:
    """firstlight distill"""
    teacher = existing_run(options.runs, options.run)
    denoiser = load_denoiser(teacher, best_device())
    config = student_config(denoiser.config, teacher.id, options.evaluations, **given(options, LEARNING))
    run = new_run(options, f"{teacher.id}-student-{options.evaluations}")
    card = student_card(run, card_of(teacher), checked(config), options.paths)
    start = beginning(options.runs, config) or denoiser
    teach(run, card, config, lesson(paths_of(run, denoiser, config, options.paths), config), start)
    print(f"Trained {run.id}. Next: firstlight export {run.id}")


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


def resume_student(run: Run, runs: Path, card: dict[str, Any], config: Config) -> None:
    """firstlight resume, of a student: its teacher's paths are in its folder, or are walked again."""
    denoiser = load_denoiser(existing_run(runs, config.teacher), best_device())
    teach(run, card, config, lesson(paths_of(run, denoiser, config, card["paths"]), config), resume=True)


def resume_run(options: argparse.Namespace) -> None:
    """firstlight resume"""
    run = existing_run(options.runs, options.run)
    config = load_config(run)
    card = card_of(run)
    if card["state"] == "finished" or not (run.checkpoints / LAST).is_file():
        raise RunError(f"{run.id} has nothing to resume (state: {card['state']}). Train anew with: "
                       f"firstlight train --id {run.id} --overwrite")  # fmt: skip
    if config.teacher:
        resume_student(run, options.runs, card, config)
    else:
        data, test = pictures(config, options.data)
        if data.sha256 != card["dataset"]["sha256"]:
            raise RunError(f"{run.id} was trained on other pictures than these; give its own folder with --data.")
        train(run, card, config, data, test, resume=True)
    print(f"Trained {run.id}. Next: firstlight trace {run.id}")


def trace_run(options: argparse.Namespace) -> None:
    """firstlight trace"""
    if options.per_class < 1:
        raise RunError("--per-class must be at least 1.")
    run = existing_run(options.runs, options.run)
    device = best_device()
    denoiser = load_denoiser(run, device)
    every = options.every or max(1, denoiser.config.steps // 25)
    total = options.per_class * denoiser.config.classes
    with tqdm(total=total, desc=f"trace {run.id}", unit="picture") as bar:
        table = trace(denoiser, options.per_class, every, 200 if device.type == "cuda" else 4, bar.update)
    write_table(run.trajectories, table)
    write_manifest(run)
    print(f"Traced {total} pictures. Next: firstlight evaluate all {run.id}")


def change_sampling(options: argparse.Namespace) -> None:
    """firstlight sampling"""
    run = existing_run(options.runs, options.run)
    config = checked(replace(load_config(run), **given(options, SAMPLING)))
    card = card_of(run)
    if card["state"] == "running":
        raise RunError(f"{run.id} is being trained and writes its own card; stop it first, or wait.")
    card["config"] = to_dict(config)
    write_json(run.card, card)
    print(f"{run.id} draws with " + ", ".join(f"{name} {getattr(config, name)}" for name in SAMPLING) + ". "
          f"What was traced and evaluated before is from the old settings; do it again with: "
          f"firstlight trace {run.id}")  # fmt: skip


def new_run(options: argparse.Namespace, default: str) -> Run:
    """The folder to train in. Raises RunError where a run stands there that may not be replaced."""
    run = run_at(options.runs, options.id or default)
    if run.card.exists() and not options.overwrite:
        raise RunError(f"{run.id} exists already; give another --id, go on with `firstlight resume {run.id}`, "
                       "or replace it with --overwrite.")  # fmt: skip
    return run


def given(options: argparse.Namespace, names: dict[str, type]) -> dict[str, Any]:
    """The settings that the command line names."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def pictures(config: Config, folder: Path | None) -> tuple[Pictures, Pictures]:
    """Training and test pictures of the config's dataset."""
    train_split, test_split = load(config.dataset, folder, "train"), load(config.dataset, folder, "test")
    return (
        prepared(train_split, config.only, config.per_class, config.pad),
        prepared(test_split, config.only, pad=config.pad),
    )


def checked(config: Config) -> Config:
    """The config. Raises ValueError, with a sentence, for a number that makes no sense."""
    for name in ("epochs", "batch", "learning_rate", "steps"):
        if not getattr(config, name) > 0:
            raise ValueError(f"--{name.replace('_', '-')} must be above 0.")
    if not 0 <= config.guidance < float("inf"):
        raise ValueError("--guidance must be a number from 0, such as 1.5.")
    training_logsnr(config.schedule, 1, torch.Generator())
    config.table()
    return config


if __name__ == "__main__":
    sys.exit(main())

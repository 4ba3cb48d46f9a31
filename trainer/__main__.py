"""python -m trainer train | resume | trace: make runs from the command line."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from store.files import write_table
from store.manifest import write_manifest
from store.run import RUNS, RunError, existing_run, run_at
from trainer.card import new_card
from trainer.checkpoints import LAST, load_config, load_denoiser
from trainer.config import PRESETS, Config
from trainer.data import DataError, Pictures, load
from trainer.tracing import trace
from trainer.training import Diverged, train

SETTINGS = {  # the settings that the command line offers; the others come from the preset
    "epochs": float,
    "batch": int,
    "learning_rate": float,
    "seed": int,
    "snapshots": int,
    "solver": str,
    "steps": int,
    "guidance": float,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault is one sentence on standard error and exit status 2."""
    options = parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        options.command(options)
    except (RunError, DataError, Diverged, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}; what was complete is kept.", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Every flag of every command."""
    top = argparse.ArgumentParser(prog="python -m trainer", description="Train diffusion runs and trace them.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    start = commands.add_parser("train", help="train a new run")
    start.add_argument("--preset", choices=sorted(PRESETS), default="tiny", help="the recipe (default: tiny)")
    start.add_argument("--id", help="the run's id and folder (default: the preset's name)")
    start.add_argument("--name", help="a display name, any text (default: the id)")
    start.add_argument("--tag", action="append", default=[], help="a tag; may be given several times")
    start.add_argument("--overwrite", action="store_true", help="replace a run that has the same id")
    for name, kind in SETTINGS.items():
        start.add_argument(f"--{name.replace('_', '-')}", type=kind, help=f"instead of the preset's {name}")
    start.set_defaults(command=start_run)

    again = commands.add_parser("resume", help="go on with a run that was stopped")
    again.set_defaults(command=resume_run)

    record = commands.add_parser("trace", help="store denoising trajectories of a trained run")
    record.add_argument("--per-class", type=int, default=24, help="pictures of every class (default: 24)")
    record.add_argument("--every", type=int, help="keep every N-th step (default: about 25 frames)")
    record.set_defaults(command=trace_run)

    for command in (again, record):
        command.add_argument("run", help="the run's id")
    for command in (start, again):
        command.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of a download")
    for command in (start, again, record):
        command.add_argument("--runs", type=Path, default=RUNS, help="the folder of runs (default: the bundled one)")
        command.add_argument("--threads", type=int, help="processor threads (default: all cores)")
    return top


def start_run(options: argparse.Namespace) -> None:
    """python -m trainer train"""
    changes = {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}
    config = checked(replace(PRESETS[options.preset], **changes))
    run = run_at(options.runs, options.id or options.preset)
    if run.card.exists() and not options.overwrite:
        raise RunError(f"{run.id} exists already; give another --id, go on with `python -m trainer resume {run.id}`, "
                       "or replace it with --overwrite.")  # fmt: skip
    data, test = pictures(config, options.data)
    config = replace(config, channels=data.images.shape[1], size=data.images.shape[2], classes=len(data.classes))
    card = new_card(run, options.name or run.id, options.tag, options.preset, config, data)
    train(run, card, config, data, test)
    print(f"Trained {run.id}. Next: python -m trainer trace {run.id}")


def resume_run(options: argparse.Namespace) -> None:
    """python -m trainer resume"""
    run = existing_run(options.runs, options.run)
    config = load_config(run)
    card = json.loads(run.card.read_text())
    if card["state"] == "finished" or not (run.checkpoints / LAST).is_file():
        raise RunError(f"{run.id} has nothing to resume (state: {card['state']}). Train anew with: "
                       f"python -m trainer train --id {run.id} --overwrite")  # fmt: skip
    data, test = pictures(config, options.data)
    if data.sha256 != card["dataset"]["sha256"]:
        raise RunError(f"{run.id} was trained on other pictures than these; give its own folder with --data.")
    train(run, card, config, data, test, resume=True)
    print(f"Trained {run.id}. Next: python -m trainer trace {run.id}")


def trace_run(options: argparse.Namespace) -> None:
    """python -m trainer trace"""
    if options.per_class < 1:
        raise RunError("--per-class must be at least 1.")
    run = existing_run(options.runs, options.run)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    denoiser = load_denoiser(run, device)
    every = options.every or max(1, denoiser.config.steps // 25)
    total = options.per_class * denoiser.config.classes
    with tqdm(total=total, desc=f"trace {run.id}", unit="picture") as bar:
        table = trace(denoiser, options.per_class, every, 200 if device == "cuda" else 4, bar.update)
    write_table(run.trajectories, table)
    write_manifest(run)
    print(f"Traced {total} pictures. Next: python -m evaluator all {run.id}")


def pictures(config: Config, folder: Path | None) -> tuple[Pictures, Pictures]:
    """Training and test pictures of the config's dataset."""
    return load(config.dataset, folder, "train"), load(config.dataset, folder, "test")


def checked(config: Config) -> Config:
    """The config. Raises ValueError, with a sentence, for a number that makes no sense."""
    for name in ("epochs", "batch", "learning_rate", "steps"):
        if not getattr(config, name) > 0:
            raise ValueError(f"--{name.replace('_', '-')} must be above 0.")
    if not abs(config.guidance) < float("inf"):
        raise ValueError("--guidance must be a number, such as 1.5.")
    return config


if __name__ == "__main__":
    sys.exit(main())

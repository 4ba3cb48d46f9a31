"""A training under way: what changes with every step, what its files hold of it, and how it goes on after a stop."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from firstlight.command_text import plain
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_state import now
from firstlight.table_schema import METRICS
from trainer.checkpoints import EMA, LAST, load_weights, save_weights
from trainer.config import Config
from trainer.device import device_name, half_precision
from trainer.network import Denoiser
from trainer.optimizer import adam
from trainer.processes import Team
from trainer.run_card import write_card


class Diverged(Exception):
    """The loss or a weight is no longer a number; the message says at which step."""


@dataclass
class Training:
    """What changes while a run is trained. `rows` and `snapshots` are what metrics and snapshots files hold."""

    run: Run
    card: dict[str, Any]
    config: Config
    denoiser: Denoiser
    averaged: Denoiser
    optimizer: torch.optim.Optimizer
    steps: int
    team: Team = field(default_factory=Team)
    step: int = 0
    seconds: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    extended: list[int] = field(default_factory=list)  # steps at which a finished training went on
    asked: bool = False  # to stop, which all processes of the team then do after the same step
    stopped: bool = False


def begin(
    run: Run, card: dict[str, Any], config: Config, pictures: int, device: torch.device, team: Team | None = None
) -> Training:
    """A training at step 0. Raises RunError where a batch has fewer pictures than there are processes."""
    team = team or Team()
    if config.batch < team.size:
        raise RunError(f"A batch of {config.batch} cannot be shared by {team.size} processes; start fewer, or give a "
                       "larger --batch.")  # fmt: skip
    torch.manual_seed(config.seed)
    denoiser = Denoiser(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = Denoiser(config).to(device)
    averaged.load_state_dict(denoiser.state_dict())
    steps = max(1, round(config.epochs * pictures / config.batch))
    card["parameters"] = sum(parameter.numel() for parameter in denoiser.parameters())
    half = half_precision(config, device)
    card.update(device=device_name(device, half), precision="bfloat16" if half else "float32")
    card.update(processes=team.size, steps=steps)
    more = list(card.get("extended", []))
    return Training(run, card, config, denoiser, averaged.eval(), adam(denoiser, config), steps, team, extended=more)


@contextmanager
def interruptible(training: Training) -> Iterator[None]:
    """Ctrl-C and a polite kill end the loop after the current step."""

    def stop(*_: Any) -> None:
        training.asked = True
        training.stopped = training.stopped or training.team.size == 1

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def epoch_of(training: Training, pictures: int) -> float:
    """Passes over the training pictures so far."""
    return training.step * training.config.batch / pictures


def note(training: Training, pictures: int, **values: float) -> None:
    """Add rows to the metrics."""
    for metric, value in values.items():
        row = {"step": training.step, "epoch": epoch_of(training, pictures), "metric": metric, "value": value}
        training.rows.append(row)
    training.card.update(step=training.step, epoch=round(epoch_of(training, pictures), 4))


def write_progress(training: Training) -> None:
    """Bring run.json and metrics.parquet up to date."""
    rows = with_figures(training.run, training.rows)
    write_table(training.run.metrics, pa.Table.from_pylist(rows, schema=METRICS))
    training.card["seconds"] = round(training.seconds, 1)
    write_card(training.run, training.card)


def checkpoint(training: Training) -> None:
    """Write everything that resume needs, and the averaged weights. Raises Diverged where one is not a number."""
    tensors = everything(training)
    write_progress(training)
    save_weights(training.run, LAST, tensors)
    save_weights(training.run, EMA, dict(training.averaged.state_dict()))


def with_figures(run: Run, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the metrics, with those that a job has found of the epochs."""
    try:
        found = json.loads(run.epoch_figures.read_bytes())
    except (OSError, ValueError):
        return rows
    known = {(row["step"], row["metric"]) for row in rows}
    return [*rows, *(row for row in found if (row["step"], row["metric"]) not in known)]


def everything(training: Training) -> dict[str, Tensor]:
    """What resume needs: progress, weights, averages, optimizer. Raises Diverged where one is not a number."""
    tensors: dict[str, Tensor] = {"progress": torch.tensor([training.step, training.seconds], dtype=torch.float64)}
    tensors |= {f"weights.{name}": value for name, value in training.denoiser.state_dict().items()}
    tensors |= {f"ema.{name}": value for name, value in training.averaged.state_dict().items()}
    for number, state in training.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{name}": value for name, value in state.items()}
    if not all(torch.isfinite(value).all() for value in tensors.values()):  # the loss was of the weights before
        raise Diverged(f"A weight is not a number at step {training.step}; train again with a lower --learning-rate.")
    return tensors


def restore(training: Training) -> None:
    """Go back to the last complete checkpoint: weights, averages, optimizer, metrics and snapshots up to its step."""
    tensors = load_weights(training.run, LAST)
    step, training.seconds = tensors["progress"].tolist()
    training.step = int(step)
    for prefix, denoiser in (("weights.", training.denoiser), ("ema.", training.averaged)):
        denoiser.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    state: dict[int, dict[str, Tensor]] = {}
    for key in (key for key in tensors if key.startswith("adam.")):
        _, number, name = key.split(".", 2)
        state.setdefault(int(number), {})[name] = tensors[key]
    groups = training.optimizer.state_dict()["param_groups"]
    training.optimizer.load_state_dict({"state": state, "param_groups": groups})
    training.rows = rows_until(training.run.metrics, training.step)
    training.snapshots = rows_until(training.run.snapshots, training.step)


def take_up(training: Training) -> None:
    """Stand where a finished training ended, to go on: its step, seconds, metrics and snapshots."""
    training.step, training.seconds = training.extended[-1], float(training.card["seconds"])
    training.rows = rows_until(training.run.metrics, training.step)
    training.snapshots = rows_until(training.run.snapshots, training.step)
    if training.team.first:  # before the card says that it runs: who is killed from here on can resume
        save_weights(training.run, LAST, everything(training))


def rows_until(path: Path, step: int) -> list[dict[str, Any]]:
    """The rows of a metrics or snapshots file up to a step; none where there is no file yet."""
    if not path.is_file():
        return []
    return [row for row in pq.read_table(path).to_pylist() if row["step"] <= step]


def close(training: Training, state: str, message: str) -> None:
    """Write the last state of the run and its manifest; a diverged run keeps its last good checkpoint."""
    if state != "diverged":
        checkpoint(training)
    write_progress(training)
    last = training.run.checkpoints / LAST
    write_manifest(training.run, without=last if state == "finished" else None)
    training.card.update(
        state=state, message=plain(message, training.run), finished=now() if state != "stopped" else None
    )
    write_card(training.run, training.card)
    if state == "finished":
        last.unlink(missing_ok=True)  # not before: a trainer killed on the way could not go on

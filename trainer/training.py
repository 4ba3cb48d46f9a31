"""The training loop.

Every random choice of a step follows from the seed and the step's number, so a run that was stopped and resumed takes
the same steps, with the same losses, as one that was not.
"""

import fcntl
import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor
from tqdm import tqdm

from firstlight.errors import RunError
from firstlight.files import sweep, write_table
from firstlight.manifest import write_manifest
from firstlight.run import Run
from firstlight.schema import METRICS, SNAPSHOTS
from trainer.card import device_name, now, write_card
from trainer.checkpoints import EMA, LAST, load_weights, save_weights
from trainer.config import Config
from trainer.data import Pictures
from trainer.network import Denoiser
from trainer.schedules import training_logsnr
from trainer.tracing import snapshot

WRITE_SECONDS = 5.0  # between two writes of run.json and metrics.parquet
CHECKPOINT_SECONDS = 60.0  # between two checkpoints
POINTS = 2000  # logged losses in a run, at most; each is the mean over the steps between
VALIDATION = 500  # test pictures behind a validation loss


class Diverged(Exception):
    """The loss is no longer a number; the message says at which step."""


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
    step: int = 0
    seconds: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False


@dataclass(frozen=True)
class Lesson:
    """What is taught: the loop asks for the batch loss of a step and, now and then, for the loss on held-out pictures.

    The seam is here because a network learns from pictures, a student from its teacher, and all else is the same.
    """

    pictures: int  # in an epoch
    loss: Callable[[Training], Tensor]  # of the current weights at the current step, with its gradient
    validation: Callable[[Training], float]  # of the averaged weights


def train(
    run: Run,
    card: dict[str, Any],
    config: Config,
    data: Pictures,
    test: Pictures,
    start: Denoiser | None = None,
    resume: bool = False,
) -> None:
    """Train `run` on pictures to its end, or until it is interrupted, and leave its folder complete.

    Raises RunError where another trainer holds the run and Diverged where the loss is not finite; in every case the
    last complete checkpoint stays.
    """
    device = best_device()
    images = torch.from_numpy(data.images.copy()).to(device)
    labels = torch.from_numpy(data.labels.copy()).to(device)
    lesson = Lesson(
        len(data.labels),
        lambda training: denoising_loss(training, images, labels),
        lambda training: validate(training, test),
    )
    teach(run, card, config, lesson, start, resume)


def teach(
    run: Run, card: dict[str, Any], config: Config, lesson: Lesson, start: Denoiser | None = None, resume: bool = False
) -> None:
    """Train `run` by a lesson, from fresh weights or those of `start`. Raises as `train` does."""
    device = best_device()
    run.folder.mkdir(parents=True, exist_ok=True)
    with only_trainer(run):
        sweep(run.folder)
        training = begin(run, card, config, lesson.pictures, device)
        if start is not None:
            training.denoiser.load_state_dict(start.state_dict(), strict=False)  # a student's own inputs stay fresh
            training.averaged.load_state_dict(training.denoiser.state_dict())
        if resume:
            restore(training)
        card.update(state="running", message="", finished=None)
        write_card(run, card)
        try:
            with interruptible(training):
                loop(training, lesson)
        except Diverged as error:
            close(training, "diverged", str(error))
            raise
        if training.stopped:
            close(training, "stopped", f"Stopped at step {training.step}; go on with: firstlight resume {run.id}")
        else:
            close(training, "finished", "")


def begin(run: Run, card: dict[str, Any], config: Config, pictures: int, device: torch.device) -> Training:
    """A training at step 0."""
    torch.manual_seed(config.seed)
    denoiser = Denoiser(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = Denoiser(config).to(device)
    averaged.load_state_dict(denoiser.state_dict())
    steps = max(1, round(config.epochs * pictures / config.batch))
    card["parameters"] = sum(parameter.numel() for parameter in denoiser.parameters())
    card["device"] = device_name(device, half_precision(config, device))
    card["steps"] = steps
    return Training(run, card, config, denoiser, averaged.eval(), adam(denoiser, config), steps)


def adam(denoiser: Denoiser, config: Config) -> torch.optim.Optimizer:
    """A fresh optimizer."""
    return torch.optim.Adam(denoiser.parameters(), config.learning_rate, betas=(0.9, 0.99))


def cycle_starts(steps: int, cycles: int) -> list[int]:
    """The steps at which a later cycle begins; none where there is one cycle."""
    return [steps * cycle // cycles for cycle in range(1, cycles)]


def start_cycle(training: Training) -> None:
    """Go on from the averaged weights with a fresh optimizer (warm restarts, Loshchilov and Hutter 2017)."""
    training.denoiser.load_state_dict(training.averaged.state_dict())
    training.optimizer = adam(training.denoiser, training.config)


def half_precision(config: Config, device: torch.device) -> bool:
    """Whether bfloat16 is wanted and the device computes it faster than float32."""
    if device.type == "cuda":
        return config.half
    return config.half and torch.ops.mkldnn._is_mkldnn_bf16_supported() and "avx512_bf16" in cpu_flags()


@cache
def cpu_flags() -> str:
    """The processor's feature flags, where the system tells them."""
    try:
        with open("/proc/cpuinfo") as file:
            return next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return ""


def best_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def loop(training: Training, lesson: Lesson) -> None:
    """Take the steps that are left, writing metrics, snapshots and checkpoints on the way."""
    config = training.config
    every = max(1, training.steps // POINTS)
    keep = snapshot_steps(training.steps, config.snapshots)
    losses: list[Tensor] = []
    written = saved = began = time.monotonic()
    already = training.seconds
    with tqdm(total=training.steps, initial=training.step, desc=training.run.id, unit="step") as bar:
        while training.step < training.steps and not training.stopped:
            if training.step in cycle_starts(training.steps, config.cycles):
                start_cycle(training)
            losses.append(optimize(training, lesson))
            training.step += 1
            bar.update()
            training.seconds = already + time.monotonic() - began
            if training.step % every and training.step != training.steps:
                continue
            loss = torch.stack(losses).mean().item()
            losses.clear()
            if not math.isfinite(loss):
                raise Diverged(f"The loss is {loss} at step {training.step}; train again with a lower --learning-rate.")
            bar.set_postfix(loss=f"{loss:.4f}")
            rate = learning_rate(config, training.step, training.steps)
            note(training, lesson.pictures, loss=loss, learning_rate=rate)
            if any(training.step - every < step <= training.step for step in keep):
                note(training, lesson.pictures, validation_loss=lesson.validation(training))
                training.snapshots += snapshot(training.averaged, training.step, epoch_of(training, lesson.pictures))
                write_table(training.run.snapshots, pa.Table.from_pylist(training.snapshots, schema=SNAPSHOTS))
            if time.monotonic() - written > WRITE_SECONDS:
                write_progress(training)
                written = time.monotonic()
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                checkpoint(training)
                saved = time.monotonic()


def optimize(training: Training, lesson: Lesson) -> Tensor:
    """One optimizer step; returns the batch's mean loss."""
    for group in training.optimizer.param_groups:
        group["lr"] = learning_rate(training.config, training.step, training.steps)
    training.optimizer.zero_grad()
    loss = lesson.loss(training)
    loss.backward()
    training.optimizer.step()
    training.denoiser.normalise()
    average(training)
    return loss.detach()


def denoising_loss(training: Training, images: Tensor, labels: Tensor) -> Tensor:
    """The mean loss of one batch of `images` uint8 (P, C, H, W) with `labels` (P,), each at its own noise level."""
    config, device = training.config, images.device
    random = torch.Generator().manual_seed(config.seed * 1_000_003 + training.step)
    index = batch_index(config, training.step, len(labels)).to(device)
    clean = images[index].float() / 127.5 - 1  # (B, C, H, W)
    label = labels[index]
    dropped = torch.rand(len(index), generator=random).to(device) < config.label_dropout
    label = torch.where(dropped, config.classes, label)
    logsnr = training_logsnr(config.schedule, len(index), random).to(device)
    noise = torch.randn(clean.shape, generator=random).to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=half_precision(config, device)):
        return training.denoiser.loss(clean, noise, logsnr, label).mean()


def batch_index(config: Config, step: int, pictures: int) -> Tensor:
    """Which pictures the step sees (B,): every epoch visits all of them in an order of its own."""
    positions = torch.arange(step * config.batch, (step + 1) * config.batch)
    epochs = positions // pictures
    index = torch.empty_like(positions)
    for epoch in epochs.unique().tolist():
        order = torch.randperm(pictures, generator=torch.Generator().manual_seed(config.seed * 7_919 + epoch))
        here = epochs == epoch
        index[here] = order[positions[here] % pictures]
    return index


def learning_rate(config: Config, step: int, steps: int) -> float:
    """Adam's learning rate at a step: in every cycle a linear warm-up, then a straight line to zero if it decays."""
    edges = [0, *cycle_starts(steps, config.cycles), steps]
    start, end = next((edge for edge in pairwise(edges) if step < edge[1]), edges[-2:])
    rate = config.learning_rate * min(1.0, (step - start + 1) / max(1, config.warmup))
    return rate * (1 - (step - start) / (end - start)) if config.decay else rate


@torch.no_grad()
def average(training: Training) -> None:
    """Move the averaged weights towards the current ones; early on the average is short."""
    decay = min(training.config.ema, (1 + training.step) / (10 + training.step))
    means: list[Tensor] = list(training.averaged.parameters())
    current: list[Tensor] = list(training.denoiser.parameters())
    torch._foreach_lerp_(means, current, 1 - decay)


@torch.no_grad()
def validate(training: Training, test: Pictures) -> float:
    """The averaged weights' loss on test pictures, always with the same noise and noise levels."""
    device = next(training.averaged.parameters()).device
    random = torch.Generator().manual_seed(training.config.seed)
    count = min(VALIDATION, len(test.labels))
    clean = torch.from_numpy(test.images[:count].copy()).to(device).float() / 127.5 - 1
    label = torch.from_numpy(test.labels[:count].copy()).to(device)
    logsnr = training_logsnr(training.config.schedule, count, random).to(device)
    noise = torch.randn(clean.shape, generator=random).to(device)
    return training.averaged.loss(clean, noise, logsnr, label).mean().item()


def snapshot_steps(steps: int, count: int) -> set[int]:
    """Steps after which samples are kept: dense early, when most changes, and always the last."""
    return {max(1, round(steps * ((i + 1) / count) ** 2)) for i in range(count)} if count else set()


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
    write_table(training.run.metrics, pa.Table.from_pylist(training.rows, schema=METRICS))
    training.card["seconds"] = round(training.seconds, 1)
    write_card(training.run, training.card)


def checkpoint(training: Training) -> None:
    """Write everything that resume needs, and the averaged weights."""
    tensors: dict[str, Tensor] = {"progress": torch.tensor([training.step, training.seconds], dtype=torch.float64)}
    tensors |= {f"weights.{name}": value for name, value in training.denoiser.state_dict().items()}
    tensors |= {f"ema.{name}": value for name, value in training.averaged.state_dict().items()}
    for number, state in training.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{name}": value for name, value in state.items()}
    write_progress(training)
    save_weights(training.run, LAST, tensors)
    save_weights(training.run, EMA, dict(training.averaged.state_dict()))


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


def rows_until(path: Any, step: int) -> list[dict[str, Any]]:
    """The rows of a metrics or snapshots file up to a step; none where there is no file yet."""
    if not path.is_file():
        return []
    return [row for row in pq.read_table(path).to_pylist() if row["step"] <= step]


def close(training: Training, state: str, message: str) -> None:
    """Write the last state of the run and its manifest; a diverged run keeps its last good checkpoint."""
    if state != "diverged":
        checkpoint(training)
    if state == "finished":
        (training.run.checkpoints / LAST).unlink(missing_ok=True)
    write_progress(training)
    write_manifest(training.run)
    training.card.update(state=state, message=message, finished=now() if state != "stopped" else None)
    write_card(training.run, training.card)


@contextmanager
def interruptible(training: Training) -> Iterator[None]:
    """Ctrl-C and a polite kill end the loop after the current step."""

    def stop(*_: Any) -> None:
        training.stopped = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def only_trainer(run: Run) -> Iterator[None]:
    """Hold the run's lock. Raises RunError, naming the other process, where another trainer has it."""
    with open(run.folder / ".lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise RunError(
                f"{run.id} is being trained by process {file.read().strip()}; wait for it, or choose another --id."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield

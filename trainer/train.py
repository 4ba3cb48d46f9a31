"""The training loop.

Every random choice of a step follows from the seed and the step's number, so a run that was stopped and resumed takes
the same steps, with the same losses, as one that was not.
"""

import math
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor, nn
from tqdm import tqdm

from firstlight.atomic_writes import sweep
from firstlight.command_text import plain, typed
from firstlight.errors import RunError
from firstlight.lock import locked
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_state import ending
from firstlight.table_schema import SNAPSHOTS
from trainer.checkpoints import CHECKPOINT_SECONDS
from trainer.config import Config
from trainer.data import Pictures
from trainer.device import best_device
from trainer.epochs import keep_epoch
from trainer.learning_rate import learning_rate
from trainer.loss import denoising_loss
from trainer.network import Denoiser
from trainer.optimizer import adam, cycle_starts
from trainer.processes import Lost, Team
from trainer.resumed_state import (
    Diverged,
    Training,
    begin,
    checkpoint,
    close,
    epoch_of,
    interruptible,
    note,
    restore,
    take_up,
    write_progress,
)
from trainer.run_card import write_card
from trainer.snapshots import snapshot, snapshot_steps
from trainer.validation import validate

WRITE_SECONDS = 5.0  # between two writes of run.json and metrics.parquet
POINTS = 2000  # logged losses in a run, at most; each is the mean over the steps between


@dataclass(frozen=True)
class Lesson:
    """What is taught: the loop asks for the batch loss of a step and, now and then, for the loss on held-out pictures.

    A network learns from pictures, a student from its teacher; all else is the same.
    """

    pictures: int  # in an epoch
    loss: Callable[[Training], Tensor]  # of the current weights at the current step: this process's part of it
    validation: Callable[[Training], float]  # of the averaged weights


def train(
    run: Run,
    card: dict[str, Any],
    config: Config,
    data: Pictures,
    test: Pictures,
    start: Denoiser | None = None,
    resume: bool = False,
    team: Team | None = None,
) -> None:
    """Train `run` on pictures to its end, or until it is interrupted, and leave its folder complete.

    Raises RunError where another trainer holds the run and Diverged where the loss or a weight is not finite; in every
    case the last complete checkpoint stays.
    """
    device = best_device()
    images = torch.from_numpy(data.images.copy()).to(device)
    labels = torch.from_numpy(data.labels.copy()).to(device)
    lesson = Lesson(
        len(data.labels),
        lambda training: denoising_loss(training, images, labels),
        lambda training: validate(training, test),
    )
    teach(run, card, config, lesson, start, resume, team)


def teach(
    run: Run,
    card: dict[str, Any],
    config: Config,
    lesson: Lesson,
    start: Denoiser | None = None,
    resume: bool = False,
    team: Team | None = None,
) -> None:
    """Train `run` by a lesson, from fresh weights or those of `start`. Raises as `train` does.

    Of a team of processes every one calls this; the first has the run's lock and writes, and when another is lost it
    keeps what is complete.
    """
    team = team or Team()
    with ExitStack() as held:
        with team.alike():
            if team.first:
                run.folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(run))
                sweep(run.folder)
            training = prepared(begin(run, card, config, lesson.pictures, best_device(), team), start, resume)
        for network in (training.denoiser, training.averaged):
            team.copy_first(network)
        card.update(state="running", message="", finished=None, device=team.kinds(card["device"]))
        if not team.first:
            follow(training, lesson)
            return
        write_card(run, card)
        try:
            lead(training, lesson)
        except Diverged as error:
            close(training, "diverged", str(error))
            raise
        except Exception as error:
            with suppress(OSError):  # of a full disk, which may be why
                said = str(error) if isinstance(error, RunError) else ending(error)[1]
                card.update(state="crashed", message=plain(said, run))
                write_card(run, card)
            raise


def prepared(training: Training, start: Denoiser | None, resume: bool) -> Training:
    """The training with the weights of `start`, if any, and as its last checkpoint has it, if it is resumed.

    One that is extended stands where it ended.
    """
    if start is not None:
        training.denoiser.load_state_dict(start.state_dict(), strict=False)  # a student's own inputs stay fresh
        training.averaged.load_state_dict(training.denoiser.state_dict())
    if resume:
        restore(training)
    elif training.extended:
        take_up(training)
    return training


def lead(training: Training, lesson: Lesson) -> None:
    """Train and leave the folder complete, or what is complete of it where another process is lost."""
    again = f"firstlight resume {typed(training.run)}"
    try:
        with interruptible(training):
            loop(training, lesson)
    except Lost as error:
        with suppress(OSError):
            checkpoint(training)
        raise RunError(f"Another process that trained {training.run.id} with this one has ended, at step "
                       f"{training.step}; go on with: {again}") from error  # fmt: skip
    if training.stopped:
        close(training, "stopped", f"Stopped at step {training.step}; go on with: {again}")
    else:
        close(training, "finished", "")
    with suppress(Lost):  # all is written
        training.team.agree()


def follow(training: Training, lesson: Lesson) -> None:
    """Train beside the first process, which writes, and wait until it has."""
    with interruptible(training):
        loop(training, lesson)
        training.team.agree()


def loop(training: Training, lesson: Lesson) -> None:
    """Take the steps that are left, writing metrics, snapshots and checkpoints on the way."""
    config, team = training.config, training.team
    every = max(1, training.steps // POINTS)
    keep = snapshot_steps(training.steps, config.snapshots)
    losses: list[Tensor] = []
    written = saved = began = since = time.monotonic()
    already = training.seconds
    shown = {"desc": training.run.id, "unit": "step", "disable": not team.first}
    with tqdm(total=training.steps, initial=training.step, **shown) as bar:
        # each logged loss is of whole stretches
        while training.step < training.steps and (losses or not training.stopped):
            losses.append(advance(training, lesson))
            bar.update()
            training.seconds = already + time.monotonic() - began
            if team.first:
                keep_epoch(training, lesson.pictures)
            if training.step % every and training.step != training.steps:
                continue
            loss = torch.stack(losses).mean().item()
            speed = len(losses) * config.batch / (time.monotonic() - since)
            losses.clear()
            if not math.isfinite(loss):
                raise Diverged(f"The loss is {loss} at step {training.step}; train again with a lower --learning-rate.")
            if not team.first:
                continue
            bar.set_postfix(loss=f"{loss:.4f}")
            log(training, lesson.pictures, loss, speed)
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
            since = time.monotonic()


def log(training: Training, pictures: int, loss: float, speed: float) -> None:
    """Add a point to the metrics: mean loss and pictures a second since the last one, the step's rate and gradient."""
    gradients = [weights.grad for weights in training.denoiser.parameters() if weights.grad is not None]
    note(
        training, pictures, loss=loss,
        learning_rate=learning_rate(training.config, training.step, training.steps, training.extended),
        gradient_norm=float(nn.utils.get_total_norm(gradients)),
        pictures_per_second=speed,
    )  # fmt: skip


def advance(training: Training, lesson: Lesson) -> Tensor:
    """Take a step, the first of a cycle with what that asks for; returns the batch's mean loss."""
    if training.step in cycle_starts(training.steps, training.config.cycles, training.extended):
        start_cycle(training)
    loss = optimize(training, lesson)
    training.step += 1
    return loss


def optimize(training: Training, lesson: Lesson) -> Tensor:
    """One optimizer step; returns the batch's mean loss."""
    for group in training.optimizer.param_groups:
        group["lr"] = learning_rate(training.config, training.step, training.steps, training.extended)
    training.optimizer.zero_grad()
    part = lesson.loss(training)
    part.backward()
    loss, stop = training.team.add_up(training.denoiser.parameters(), part.detach(), training.asked)
    training.stopped = training.stopped or stop
    training.optimizer.step()
    training.denoiser.normalise()
    average(training)
    return loss


def start_cycle(training: Training) -> None:
    """Go on from the averaged weights with a fresh optimizer (warm restarts, Loshchilov and Hutter 2017)."""
    training.denoiser.load_state_dict(training.averaged.state_dict())
    training.optimizer = adam(training.denoiser, training.config)


@torch.no_grad()
def average(training: Training) -> None:
    """Move the averaged weights towards the current ones; early on the average is short."""
    decay = min(training.config.ema, (1 + training.step) / (10 + training.step))
    means: list[Tensor] = list(training.averaged.parameters())
    current: list[Tensor] = list(training.denoiser.parameters())
    torch._foreach_lerp_(means, current, 1 - decay)

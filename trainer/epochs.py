"""The weights of each epoch, kept where a job judges them.

Each is a run of its own in the archive RUN/.cache/epochs, so that every command can be asked of it.
"""

import shutil

from firstlight.run_folder import Run
from firstlight.run_state import now
from firstlight.run_writes import store_card
from trainer.checkpoints import EMA, save_weights
from trainer.resumed_state import Training, epoch_of


def begin_epochs(run: Run, keep: bool, anew: bool) -> None:
    """Before the first step: those of a training that stood here before go if this one is `anew`."""
    if anew:
        shutil.rmtree(run.epochs, ignore_errors=True)
    if keep:
        run.epochs.mkdir(parents=True, exist_ok=True)


def keep_epoch(training: Training, pictures: int) -> None:
    """After the last step of an epoch of so many pictures, where the run keeps them: the averaged weights."""
    at, before = epoch_of(training, pictures), (training.step - 1) * training.config.batch / pictures
    number = round(at) if training.step == training.steps else int(at)
    if number == int(before) or not training.run.epochs.is_dir():
        return
    one = Run(training.run.epochs / f"epoch-{number}")
    save_weights(one, EMA, dict(training.averaged.state_dict()))
    reached = {"step": training.step, "epoch": round(at, 4), "seconds": round(training.seconds, 1)}
    store_card(one, training.card | reached | {"id": one.id, "name": one.id, "state": "finished", "finished": now()})

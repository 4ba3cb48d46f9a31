"""The weights of one epoch, taken for the run's own."""

from firstlight.atomic_writes import write_bytes, write_json
from firstlight.command_text import typed
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import changing
from trainer.checkpoints import EMA, load_weights
from trainer.made_before import made_before


def take_epoch(run: Run, number: int) -> None:
    """Make the weights kept of an epoch those that are exported and traced; what was made before counts as old.

    Raises RunError where none are kept of it, and for a run that has not finished.
    """
    one, card = Run(run.epochs / f"epoch-{number}"), card_of(run)
    if card["state"] != "finished":
        raise RunError(f"{run.id} has not finished (state: {card['state']}); wait, or go on with it first.")
    if not (one.checkpoints / EMA).is_file():
        raise RunError(f"No weights are kept of epoch {number} of {run.id}; see which are with: firstlight jobs epochs "
                       f"{typed(run)}")  # fmt: skip
    load_weights(one, EMA)
    with changing(run) as beside:
        write_bytes(beside(run.checkpoints / EMA), (one.checkpoints / EMA).read_bytes())
        write_json(beside(run.card), card | {"weights_of_epoch": number, "made_before": made_before(run)})

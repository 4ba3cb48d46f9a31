"""Checkpoints: what a training needs to go on, and the weights that everything else uses.

The seam is here because a checkpoint is read by resume, trace and the exporter, and must be whole even when the
trainer is killed while it writes. Only safetensors are written and read; nothing is ever unpickled.
"""

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from store.card import card_of
from store.files import write_bytes
from store.run import Run, RunError
from trainer.config import Config, from_dict
from trainer.network import Denoiser

LAST = "last.safetensors"  # weights, averages and optimizer, for resume
EMA = "ema.safetensors"  # the averaged weights: what is traced and exported


def save_weights(run: Run, name: str, tensors: dict[str, Tensor]) -> None:
    """Write tensors to the run's checkpoint `name` in one step."""
    plain = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    write_bytes(run.checkpoints / name, save(plain))


def load_weights(run: Run, name: str) -> dict[str, Tensor]:
    """Read the run's checkpoint `name`. Raises RunError where it is missing or damaged."""
    path = run.checkpoints / name
    if not path.is_file():
        raise RunError(f"{run.id} has no checkpoint {name}. Train it with: python -m trainer train --id {run.id}")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(
            f"The checkpoint {path} cannot be read ({error}). Copy it again, or train again with: "
            f"python -m trainer train --id {run.id} --overwrite"
        ) from error


def load_config(run: Run) -> Config:
    """The settings that the run was trained with. Raises RunError where run.json is not readable."""
    try:
        return from_dict(card_of(run)["config"])
    except (ValueError, TypeError) as error:
        raise RunError(f"{run.card} cannot be read ({error}); restore it from a copy of the run.") from error


def load_denoiser(run: Run, device: torch.device | str = "cpu") -> Denoiser:
    """The trained denoiser with its averaged weights, in evaluation mode. Raises RunError where there is none."""
    denoiser = Denoiser(load_config(run))
    try:
        denoiser.load_state_dict(load_weights(run, EMA))
    except RuntimeError as error:
        raise RunError(
            f"The weights of {run.id} do not fit its configuration; restore run.json from a copy."
        ) from error
    return denoiser.to(device).eval()

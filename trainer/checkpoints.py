"""Checkpoints: what a training needs to go on, and the weights that everything else uses.

Only safetensors are written and read; nothing is ever unpickled.
"""

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from firstlight.atomic_writes import write_bytes
from firstlight.command_text import typed
from firstlight.errors import GraphError, RunError
from firstlight.graph import HALF
from firstlight.manifest import signature, unlike_listed
from firstlight.remedy import denoiser_by, trained_elsewhere
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.untrusted.guarded_session import parsed
from trainer.config import Config, from_dict
from trainer.network import Conv, Denoiser

LAST = "last.safetensors"  # weights, averages and optimizer, for resume
EMA = "ema.safetensors"  # the averaged weights: what is traced and exported


def save_weights(run: Run, name: str, tensors: dict[str, Tensor]) -> None:
    """Write tensors to the run's checkpoint `name` in one step."""
    plain = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    write_bytes(run.checkpoints / name, save(plain))


def load_weights(run: Run, name: str) -> dict[str, Tensor]:
    """Read the run's checkpoint `name`. Raises RunError where it is missing, damaged or holds what is no number."""
    path = run.checkpoints / name
    if not path.is_file():
        raise RunError(f"{run.id} has no checkpoint {name}. Train it with: firstlight train --id {typed(run)}")
    try:
        if changed := unlike_listed(run, path, signature(path.lstat())):
            raise ValueError(f"it {changed.reason}")
        held: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(
            f"The checkpoint {path} cannot be read ({error}). Copy it again, or train again with: "
            f"firstlight train --id {typed(run)} --overwrite"
        ) from error
    if not all(torch.isfinite(value).all() for value in held.values()):
        raise RunError(f"The checkpoint {path} holds weights that are not a number; train again with a lower "
                       f"--learning-rate: firstlight train --id {typed(run)} --overwrite")  # fmt: skip
    return held


def load_config(run: Run) -> Config:
    """The settings that the run was trained with. Raises RunError where run.json is not readable, or not ours."""
    if trained_elsewhere(run):
        raise RunError(f"{run.id} was not trained by Firstlight and has no checkpoints. {denoiser_by(run)}")
    try:
        return from_dict(card_of(run)["config"])
    except (ValueError, TypeError) as error:
        raise RunError(f"{run.card} cannot be read ({error}); restore it from a copy of the run.") from error


def load_denoiser(run: Run, device: torch.device | str = "cpu") -> Denoiser:
    """The trained denoiser with its averaged weights, in evaluation mode. Raises RunError where there is none.

    A run that came without checkpoints has them in its exported graph.
    """
    denoiser = Denoiser(load_config(run))
    try:
        if run.denoiser.is_file() and not (run.checkpoints / EMA).is_file():
            recover(denoiser, run.denoiser.read_bytes())
        else:
            denoiser.load_state_dict(load_weights(run, EMA))
    except (RuntimeError, KeyError) as error:
        raise RunError(
            f"The weights of {run.id} do not fit its configuration; restore run.json from a copy."
        ) from error
    except (OSError, ValueError) as error:
        raise RunError(
            f"{run.denoiser} cannot be read ({error}). Copy it again from where the run came from."
        ) from error
    return denoiser.to(device).eval()


def recover(denoiser: Denoiser, graph: bytes) -> None:
    """Give a denoiser the weights of its exported graph, up to rounding: the gains are inside the filters there.

    Raises ValueError for what is no graph, KeyError or RuntimeError for the graph of another network.
    """
    held = plain_weights(graph)
    for name, module in denoiser.named_modules():
        if isinstance(module, Conv):
            module.take(held[f"{name}.weight"], held[f"{name}.bias"])
        elif isinstance(module, nn.Linear):
            module.load_state_dict({key: held[f"{name}.{key}"] for key in ("weight", "bias")})


def plain_weights(graph: bytes) -> dict[str, Tensor]:
    """Weight and bias of each layer of an exported graph, float32. Raises ValueError for what is no graph.

    A bias is looked up at its layer: of several equal tensors the exporter keeps one.
    """
    import onnx  # only here: training itself needs none
    from google.protobuf.message import DecodeError

    try:
        model = parsed(graph)
    except (DecodeError, GraphError) as error:
        raise ValueError(f"it {error}") from error
    tensors = {each.name.removesuffix(HALF): onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    held = {}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm") and node.input[1].endswith(".weight"):
            layer, weight = node.input[1].removesuffix(".weight"), tensors[node.input[1]]
            bias = tensors[node.input[2]] if len(node.input) > 2 else np.zeros(len(weight))  # a zero one is left out
            held[f"{layer}.weight"], held[f"{layer}.bias"] = torch.tensor(weight).float(), torch.tensor(bias).float()
    return held


CHECKPOINT_SECONDS = 60.0  # between two checkpoints

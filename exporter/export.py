"""A run's denoiser, exported and compared with the original."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from exporter.export_json import LIMIT, facts
from exporter.gpu_graph import half_graph
from exporter.graph import graph_of, multiplied_out
from exporter.graph_metadata import scales
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import RunError, SamplerError
from firstlight.graph import shapes
from firstlight.levels import Levels, levels
from firstlight.parity import BATCHES, Network, parity
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import changing
from firstlight.untrusted.trust import remember
from sampler.session import verified
from trainer.checkpoints import load_denoiser, plain_weights
from trainer.config import Config
from trainer.network import Denoiser

ROUNDED = 2 / 255  # largest change of x̂0 by storing a student's weights in half precision: one step of a byte
GRID = np.linspace(-12.0, 12.0, 25)


def export(run: Run, half: bool = False, keep: bool = False) -> dict[str, Any]:
    """Write the run's denoiser.onnx and export.json, and bring the manifest up to date; returns the report.

    With `half` also a student's whole drawing as one graph in half precision, for GPUs. With `keep` a denoiser.onnx
    that is there stays, and what was judged with it stays judged. Raises RunError for a run without weights, and,
    leaving the folder as it was, where a graph and torch disagree.
    """
    classes, denoiser = class_names(run), load_denoiser(run)
    if half and not denoiser.config.scale_high:
        raise RunError(f"{run.id} is no student, and only a student's drawing is one graph; leave out --half.")
    content = kept(run) if keep else graph_of(denoiser, classes)
    stored: dict[str, Any] = {}
    if denoiser.config.scale_high:
        stored = rounding(run, denoiser, content, keep)
        denoiser = as_stored(denoiser, content)
    drawing = half_graph(content, denoiser.config) if half else None
    report = write(run, denoiser, content, stored)
    if not keep:
        remember(content)
    if drawing:
        graph, entry = drawing
        report["unrolled"] = {run.unrolled_half.name: entry | named(graph)}
        with changing(run) as beside:
            write_bytes(beside(run.unrolled_half), graph)
            remember(graph)
            write_json(beside(run.export), report)
    return report


def named(graph: bytes) -> dict[str, Any]:
    """What tells a file from another."""
    return {"size": len(graph), "sha256": sha256(graph).hexdigest()}


def kept(run: Run) -> bytes:
    """The denoiser as it was exported before. Raises RunError where there is none."""
    try:
        return verified(run.denoiser)
    except SamplerError as error:
        raise RunError(str(error)) from error


def as_stored(denoiser: Denoiser, content: bytes) -> Denoiser:
    """A student with the very weights that its graph stores. Raises RunError for the graph of another network."""
    stored = multiplied_out(denoiser)
    try:
        stored.load_state_dict(plain_weights(content))
    except (RuntimeError, ValueError) as error:
        raise RunError(f"The graph is of another network than {denoiser.config.teacher}'s student; export it without "
                       f"--keep.") from error  # fmt: skip
    return stored


def rounding(run: Run, denoiser: Denoiser, content: bytes, keep: bool) -> dict[str, Any]:
    """How far x̂0 moves because a student's weights are stored in half precision, for export.json.

    What was measured before stays where the graph does. Raises RunError where it moves further than rounding can.
    """
    if keep:
        before = json.loads(run.export.read_bytes()) if run.export.is_file() else {}
        return {key: value for key, value in before.items() if key == "rounding"}
    moved = parity(network_of(denoiser), content, noise_levels(denoiser.config)).difference
    if not moved <= ROUNDED:
        raise RunError(f"Storing the weights of {run.id} in half precision moves a picture by {moved:.1e}, more than "
                       f"{ROUNDED:g}; nothing was written: train it further.")  # fmt: skip
    return {"rounding": moved}


def write(run: Run, denoiser: Denoiser, content: bytes, more: Mapping[str, Any]) -> dict[str, Any]:
    """Write a graph that agrees with the denoiser, and the report. Raises RunError, writing nothing, for any other."""
    at = noise_levels(denoiser.config)
    found = parity(network_of(denoiser), content, at)
    if not found.difference <= LIMIT:
        raise RunError(
            f"The graph of {run.id} differs from torch by {found.difference:.1e} at logSNR {found.logsnr:.1f}, more "
            f"than {LIMIT:.0e}; nothing was written: export it with the torch and onnxruntime of requirements.txt."
        )
    looked = {"levels": [float(level) for level in at], "batches": list(BATCHES)}
    report = facts(content, found) | looked | dict(more) | {"shapes": shapes(content)}
    with changing(run) as beside:
        write_bytes(beside(run.denoiser), content)
        write_json(beside(run.export), report)
    return report


def network_of(denoiser: Denoiser) -> Network:
    """The denoiser as the parity check takes it."""
    config = denoiser.config
    return Network(denoiser, (config.channels, config.size, config.size), config.classes + 1, scales(config))


def noise_levels(config: Config) -> Levels:
    """Every level of the default sampling, and the grid from -12 to 12 as far as the network was trained on it.

    Outside the levels of linear-T an x̂0 means nothing, and one made from predicted noise is that noise times σ/α.
    """
    default = levels(config.levels, config.steps)[:-1]
    if config.scale_high:  # a student knows no other levels
        return default
    grid = GRID
    if config.schedule.startswith("linear-"):
        trained = levels(config.schedule, int(config.schedule.removeprefix("linear-")))[:-1]
        grid = grid[(grid >= trained.min()) & (grid <= trained.max())]
    return np.unique(np.concatenate([default, grid]))


def class_names(run: Run) -> list[str]:
    """The names of the run's classes. Raises RunError where run.json cannot be read."""
    return list(card_of(run)["dataset"]["classes"])

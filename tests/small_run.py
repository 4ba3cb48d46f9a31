"""A small network of ours with random weights as a finished run with a denoiser, for tests of its graph.

network = small_network()                       # 0.41 million weights, two levels of one block, told noise
run = write_small(tmp_path, "small", steps=3)   # settings of its configuration
"""

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from exporter.graph import graph_of
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.graph import shapes
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from firstlight.run_state import now
from trainer.config import Config, to_dict
from trainer.network import Denoiser

DIGITS = [*"0123456789"]
SMALL = Config(
    widths=(32, 64), blocks=1, prediction="noise", schedule="linear-150", solver="ddpm", levels="linear-150",
    steps=150, guidance=2.0,
)  # fmt: skip


@cache
def small_network() -> Denoiser:
    """The network; nothing in it is zero, as it is before a training."""
    torch.manual_seed(4)
    network = Denoiser(SMALL).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter) * parameter.std().nan_to_num(0).clamp_min(0.3))
    return network


@cache
def _graph() -> bytes:
    return graph_of(small_network(), DIGITS)


def write_small(root: Path, run_id: str, **settings: Any) -> Run:
    """The run, its configuration changed by `settings`."""
    run, content = Run(root / run_id), _graph()
    run.folder.mkdir(parents=True, exist_ok=True)
    dataset = {"name": "mnist", "classes": DIGITS, "channels": 1, "size": 28, "pictures": 60000}
    card = {"schema": 1, "id": run_id, "name": run_id, "tags": [], "state": "finished", "step": 1, "steps": 1}
    write_json(run.card, card | {"dataset": dataset, "config": to_dict(replace(SMALL, **settings)), "heartbeat": now()})
    write_bytes(run.denoiser, content)
    report = {"schema": 1, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    write_json(run.export, report | {"shapes": shapes(content)})
    write_manifest(run)
    return run

"""A guest's graph, and how far it is from the network itself. Imported inside the call that adopts: it needs torch."""

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from firstlight.adoption.guest import Guest, InDouble
from firstlight.errors import RunError
from firstlight.graph import INPUTS, OUTPUT, serialize, to_onnx
from firstlight.runtime import CPU, inference_session

if TYPE_CHECKING:
    from firstlight.adoption.terms import Terms


LIMIT = 1e-4  # largest difference of x̂0 from the network in float64 that is let through, or twice torch's own
AT_ONCE = 64  # pictures compared together
ALL_LABELS = 8  # levels at which every label is tried


def graph_of(guest: Guest, terms: "Terms") -> bytes:
    """The guest as a serialized ONNX graph that names its classes, and whether it knows \"no label\"."""
    example = torch.randn(2, *terms.shape), torch.zeros(2), torch.zeros(2, dtype=torch.int64)
    facts = {"classes": json.dumps(list(terms.classes), ensure_ascii=False), "scale": "[-1, 1]"}
    if not terms.no_label:
        facts["no_label"] = "false"
    return serialize(to_onnx(guest, example, list(INPUTS), [OUTPUT]), facts)


def compared(guest: Guest, content: bytes, terms: "Terms") -> dict[str, Any]:
    """The graph, and torch's own float32, against the network in float64: the largest difference at each level."""
    session = inference_session(content, Path("denoiser.onnx"), CPU)
    exact = Guest(copy.deepcopy(guest.net).double(), guest.call, terms.predicts, terms.schedule, terms.pictures,
                  terms.fraction, terms.sigma_data, torch.float64)  # fmt: skip
    own = np.unique(terms.schedule.ours(terms.pictures)).astype(np.float32)
    labels = len(terms.classes) + terms.no_label
    some = set(np.linspace(0, len(own) - 1, min(ALL_LABELS, len(own))).round().astype(int).tolist())
    pairs = [(k, c) for k in range(len(own)) for c in (range(labels) if k in some else [k % labels])]
    graph, torchs = np.zeros(len(own)), np.zeros(len(own))
    for first in range(0, len(pairs), AT_ONCE):
        place, label = np.array(pairs[first : first + AT_ONCE]).T
        for target, found in zip(
            (graph, torchs), _differences(exact, guest, session, own[place], label, terms), strict=True
        ):
            np.maximum.at(target, place, found)
    worst = int(graph.argmax())
    if not (graph <= np.maximum(LIMIT, 2 * torchs)).all():
        raise RunError(
            f"The graph differs from the network by {graph[worst]:.1e} at logSNR {own[worst]:.1f}, where torch's "
            f"float32 differs by {torchs[worst]:.1e}; nothing was written: adopt it with the torch of [train]."
        )
    return {
        "difference": float(graph[worst]), "logsnr": float(own[worst]), "batch": AT_ONCE, "compared": len(pairs),
        "limit": LIMIT, "by_level": [list(map(float, row)) for row in zip(own, graph, torchs, strict=True)],
    }  # fmt: skip


def _differences(
    exact: Guest, guest: Guest, session: Any, level: np.ndarray, label: np.ndarray, terms: "Terms"
) -> tuple[np.ndarray, np.ndarray]:
    """How far the graph and torch in float32 are from float64, the largest of each picture, both (N,)."""
    noise = np.random.default_rng(0).standard_normal((len(level), *terms.shape)).astype(np.float32)
    inputs = {"x": noise, "logsnr": level, "label": label.astype(np.int64)}
    single = [torch.from_numpy(value) for value in inputs.values()]
    with torch.no_grad():
        with InDouble():
            right = exact(single[0].double(), single[1].double(), single[2]).numpy()
        plain = guest(*single).numpy()
    drawn = session.run([OUTPUT], inputs)[0]
    return tuple(np.abs(each - right).max(axis=(1, 2, 3)) for each in (drawn, plain))

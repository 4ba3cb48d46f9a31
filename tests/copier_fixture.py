"""The denoiser that fits some pictures perfectly: the mean of the pictures that x_t may have been. It can only copy.

write_copier(tmp_path, "copier", load("digits5000"), per_class=20)   # a run that draws 200 training digits again
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import MEMORISATION, NOVELTY, NOVELTY_PICTURES, table_of
from trainer.data import Pictures, prepared


def write_copier(root: Path, run_id: str, known: Pictures, per_class: int = 0, **told: Any) -> Run:
    """A finished run of the offline digits that has learned `known`, or the first `per_class` of each, by heart."""
    known = prepared(known, per_class=per_class)
    run = Run(root / run_id)
    run.folder.mkdir(parents=True)
    card = {"schema": 1, "id": run_id, "name": run_id, "tags": [], "state": "finished", "step": 1, "steps": 1}
    dataset = {"name": "digits5000", "classes": list(known.classes), "channels": 1, "size": 28}
    dataset |= {"pictures": len(known.labels), "sha256": known.sha256} | told
    config = {"solver": "ddim", "levels": "logsnr", "steps": 12, "guidance": 1.0, "per_class": per_class}
    heartbeat = {"heartbeat": "2026-01-01T00:00:00+00:00"}
    write_json(run.card, card | heartbeat | {"dataset": dataset, "config": config})
    content = memory(known)
    run.denoiser.write_bytes(content)
    write_json(run.export, {"sha256": hashlib.sha256(content).hexdigest()})
    write_manifest(run)
    return run


def write_pairs(run: Run) -> None:
    """One figure and one pair, in both tables of novelty, and one kept picture that is a copy."""
    black = bytes(28 * 28)
    figure = {"metric": ["copied"], "space": ["pixels"], "of": ["generated"], "label": [None], "value": [0.5]}
    write_table(run.novelty, table_of(NOVELTY, figure | {"low": [0.1], "high": [0.9], "n": [4]}))
    near = {"pixels": [1.0], "pixels_second": [4.0], "features": [1.0], "features_second": [2.0]}
    pair = {"of": ["generated"], "picture": [0], "label": [0], "seed": [1], "neighbour": [2]}
    images = {"image": [black], "neighbour_image": [black]}
    write_table(run.novelty_pictures, table_of(NOVELTY_PICTURES, pair | near | images))
    kept = {"step": [8], "epoch": [1.0], "label": [0], "seed": [0], "pixels": [1.0], "pixels_second": [4.0]}
    write_table(run.memorisation, table_of(MEMORISATION, kept))
    write_manifest(run)


def memory(known: Pictures) -> bytes:
    """E[x0 | x_t] over the known pictures of the label, as ONNX: weights softmax((α x·y − α² |y|² / 2) / σ²)."""
    flat = known.images.reshape(len(known.labels), -1).astype(np.float32) / 127.5 - 1
    classes = len(known.classes)
    apart = np.where(np.arange(classes)[:, None] == known.labels, 0, -1e30).astype(np.float32)
    constants: dict[str, Any] = {
        "known": flat, "turned": flat.T.copy(), "half": np.square(flat).sum(axis=1)[None] / 2,
        "apart": np.concatenate([apart, np.zeros((1, len(flat)), np.float32)]), "column": np.array([-1, 1]),
        "pixels": np.array([-1, flat.shape[1]]), "picture": np.array([-1, *known.images.shape[1:]]),
    }  # fmt: skip
    steps = [
        ("Reshape", ["x", "pixels"], "row"), ("Reshape", ["logsnr", "column"], "level"), ("Exp", ["level"], "ratio"),
        ("Sigmoid", ["level"], "signal"), ("Sqrt", ["signal"], "alpha"), ("MatMul", ["row", "turned"], "product"),
        ("Div", ["product", "alpha"], "scaled"), ("Sub", ["scaled", "half"], "likely"),
        ("Mul", ["likely", "ratio"], "logits"), ("Gather", ["apart", "label"], "own"),
        ("Add", ["logits", "own"], "masked"), ("Softmax", ["masked"], "weight"),
        ("MatMul", ["weight", "known"], "mean"), ("Reshape", ["mean", "picture"], "denoised"),
    ]  # fmt: skip
    shape = ["batch", *known.images.shape[1:]]
    inputs = [("x", TensorProto.FLOAT, shape), ("logsnr", TensorProto.FLOAT, ["batch"])]
    inputs += [("label", TensorProto.INT64, ["batch"])]
    graph = helper.make_graph(
        [helper.make_node(kind, given, [out]) for kind, given, out in steps], "memory",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info("denoised", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"classes": json.dumps(list(known.classes))})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())

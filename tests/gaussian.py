"""The denoiser of a Gaussian, known in closed form: as a function of numpy or torch arrays, as an ONNX graph, as a run.

Of a mixture of Gaussians around given pictures too: there, "no label" is the mean of the classes' denoisers, each
weighted with its posterior probability.

Pixels of class c are independent, N(MEANS[c], SPREAD²). The best guess of the picture behind x = α·x0 + σ·ε is then
m + α·s² / (α²·s² + σ²) · (x − α·m), and along the exact probability flow (x − α·m) / sqrt(α²·s² + σ²) stays what it
was.
"""

import hashlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from firstlight.atomic_writes import write_bytes, write_json
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from firstlight.run_state import now
from firstlight.untrusted.trust import made

MEANS = (-0.5, 0.0, 0.6, 0.1)  # of classes "a", "b", "c", and of "no label"
SPREAD = 0.3
CLASSES = ("a", "b", "c")
SIZE = 8
FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def coefficients(logsnr: float) -> tuple[float, float]:
    """α and σ, by another road than the sampler's."""
    bar = 1 / (1 + math.exp(-logsnr))
    return math.sqrt(bar), math.sqrt(1 / (1 + math.exp(logsnr)))


def denoise(x: Any, logsnr: float, mean: float = 0.6) -> Any:
    """x̂0 of one class, for any kind of array."""
    a, s = coefficients(logsnr)
    return mean + (a * SPREAD**2 / ((a * SPREAD) ** 2 + s**2)) * (x - a * mean)


def flow(x: Any, start: float, end: float, mean: float = 0.6) -> Any:
    """Where the exact probability flow takes x from logSNR `start` to `end`."""
    (a0, s0), (a1, s1) = coefficients(start), coefficients(end)
    return a1 * mean + math.hypot(a1 * SPREAD, s1) / math.hypot(a0 * SPREAD, s0) * (x - a0 * mean)


def graph(inputs: tuple[str, ...] = ("x", "logsnr", "label"), **metadata: str) -> bytes:
    """The same as an ONNX model of pictures (N, 1, 8, 8); `inputs` may be misnamed on purpose."""
    x, logsnr, label = inputs
    nodes = [
        ("Reshape", [logsnr, "column"], "level"),
        ("Sigmoid", ["level"], "bar"),
        ("Sqrt", ["bar"], "a"),
        ("Neg", ["level"], "minus"),
        ("Sigmoid", ["minus"], "noise"),
        ("Gather", ["means", label], "m"),
        ("Mul", ["a", "m"], "am"),
        ("Sub", [x, "am"], "away"),
        ("Mul", ["bar", "variance"], "signal"),
        ("Add", ["signal", "noise"], "total"),
        ("Mul", ["a", "variance"], "top"),
        ("Div", ["top", "total"], "gain"),
        ("Mul", ["gain", "away"], "step"),
        ("Add", ["m", "step"], "denoised"),
    ]
    constants = {
        "column": np.array([-1, 1, 1, 1]),
        "means": np.array(MEANS, np.float32).reshape(-1, 1, 1, 1),
        "variance": np.float32(SPREAD**2),
    }
    picture = ["batch", 1, SIZE, SIZE]
    wanted = [(x, FLOAT, picture), (logsnr, FLOAT, ["batch"]), (label, INT, ["batch"])]
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node(kind, sources, [target]) for kind, sources, target in nodes],
            "gaussian",
            [helper.make_tensor_value_info(*value) for value in wanted],
            [helper.make_tensor_value_info("denoised", FLOAT, picture)],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    helper.set_model_props(model, {"classes": '["a", "b", "c"]', "scale": "[-1, 1]", "config": "none"} | metadata)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def posterior(x: np.ndarray, logsnr: float, means: np.ndarray, spread: float) -> np.ndarray:
    """p(c|x_t) (N, classes) of a mixture of N(means[c], spread²), equally likely, for x (N, C, H, W)."""
    a, s = coefficients(logsnr)
    away = np.square(x[:, None].astype(np.float64) - a * means).sum(axis=(2, 3, 4))
    log = -away / (2 * ((a * spread) ** 2 + s**2))
    chance = np.exp(log - log.max(axis=1, keepdims=True))
    return chance / chance.sum(axis=1, keepdims=True)


def mixture(means: np.ndarray, spread: float, classes: tuple[str, ...]) -> bytes:
    """The denoiser of that mixture as an ONNX model; means (classes, C, H, W)."""
    count, *shape = means.shape
    nodes = [
        ("Reshape", ["logsnr", "column"], "level"),
        ("Sigmoid", ["level"], "bar"),
        ("Sqrt", ["bar"], "a"),
        ("Neg", ["level"], "minus"),
        ("Sigmoid", ["minus"], "noise"),
        ("Mul", ["a", "means"], "am"),
        ("Unsqueeze", ["x", "one"], "wide"),
        ("Sub", ["wide", "am"], "away"),
        ("Mul", ["bar", "variance"], "signal"),
        ("Add", ["signal", "noise"], "total"),
        ("Mul", ["a", "variance"], "top"),
        ("Div", ["top", "total"], "gain"),
        ("Mul", ["gain", "away"], "step"),
        ("Add", ["means", "step"], "candidates"),
        ("Mul", ["away", "away"], "square"),
        ("ReduceSum", ["square", "pixels"], "sum"),
        ("Div", ["sum", "total"], "scaled"),
        ("Mul", ["scaled", "minus_half"], "log"),
        ("Softmax", ["log"], "chance"),
        ("Gather", ["choice", "label"], "one_hot"),
        ("Gather", ["unlabelled", "label"], "unknown"),
        ("Mul", ["unknown", "chance"], "mixed"),
        ("Add", ["one_hot", "mixed"], "weight"),
        ("Mul", ["weight", "candidates"], "parts"),
        ("ReduceSum", ["parts", "one"], "whole"),
        ("Squeeze", ["whole", "one"], "denoised"),
    ]
    constants = {
        "column": np.array([-1, 1, 1, 1, 1]),
        "one": np.array([1]),
        "pixels": np.array([2, 3, 4]),
        "minus_half": np.float32(-0.5),
        "means": means[None].astype(np.float32),
        "variance": np.float32(spread**2),
        "choice": np.eye(count + 1, count, dtype=np.float32).reshape(count + 1, count, 1, 1, 1),
        "unlabelled": (np.arange(count + 1) == count).astype(np.float32).reshape(-1, 1, 1, 1, 1),
    }
    picture = ["batch", *shape]
    wanted = [("x", FLOAT, picture), ("logsnr", FLOAT, ["batch"]), ("label", INT, ["batch"])]
    softmax = {"Softmax": {"axis": 1}}
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node(kind, sources, [target], **softmax.get(kind, {})) for kind, sources, target in nodes],
            "mixture",
            [helper.make_tensor_value_info(*value) for value in wanted],
            [helper.make_tensor_value_info("denoised", FLOAT, picture)],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    helper.set_model_props(model, {"classes": json.dumps(list(classes)), "scale": "[-1, 1]", "config": "none"})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def write_gaussian(root: Path, run_id: str = "gaussian", content: bytes | None = None) -> Run:
    """A run folder with the graph, its export.json, and a card with default sampling settings."""
    run, content = Run(root / run_id), content or graph()
    config = {"solver": "dpmpp-2m", "levels": "logsnr", "steps": 6, "guidance": 1.5}
    card = {"schema": 1, "name": run_id, "tags": [], "state": "finished", "step": 0, "steps": 0, "heartbeat": now()}
    dataset = {"name": "letters", "classes": CLASSES, "channels": 1, "size": SIZE}
    write_json(run.card, card | {"dataset": dataset, "config": config})
    write_bytes(run.denoiser, made(content))
    write_json(run.export, {"sha256": hashlib.sha256(content).hexdigest()})
    return run


def lend(graph: Run, run: Run) -> None:
    """Give a run the network of another, and a manifest that vouches for it."""
    for source, target in ((graph.denoiser, run.denoiser), (graph.export, run.export)):
        shutil.copy(source, target)
    write_manifest(run)

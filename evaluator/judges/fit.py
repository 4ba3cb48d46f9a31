"""From training pictures to a bundled judge: fit, write as ONNX, examine, write the card and the reference.

Needs torch; imported late.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from evaluator.judges.exam import examined
from evaluator.judges.judge import JUDGES, Judge, judge_name, load, session_options
from evaluator.judges.network import LOGSNR, POOLED, Network, fit
from evaluator.judges.reference import make_reference
from evaluator.stats.intervals import Estimate
from firstlight.archives import writable
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import JudgeError
from firstlight.run_json import SAME_PICTURES
from trainer.data import DataError, Pictures
from trainer.data import load as load_pictures
from trainer.device import best_device, fast_bfloat16

__all__ = ["DataError", "Pictures", "finish", "fit_judge", "load_pictures"]

LARGEST_DIFFERENCE = 1e-3  # of a logit, between torch and ONNX Runtime: far below what changes an answer
OPSET = 18
RECIPE = (
    "{epochs} epochs over {count:,} pictures of {dataset}, turned, sheared, scaled and shifted a little{noise}; "
    "AdamW, one-cycle learning rate, batch 256, {precision}"
)
NOISE = ", with noise at logSNR {} to {}"

RealScore = Callable[[Pictures, Pictures, int], Estimate]  # of training and test pictures, and how many of the former


def fit_judge(
    dataset: str, kind: str, data: Path | None, epochs: int, real_score: RealScore, folder: Path = JUDGES
) -> Judge:
    """Fit the judge of a dataset, `clean` or `noisy`, on its training pictures, and examine it on its test pictures.

    Writes <dataset>-<kind>.onnx and .json to `folder`, and with a clean judge the reference of the real pictures, on
    which stands their `real_score`: what quality gives as many training pictures as there are test pictures.
    Raises JudgeError for a dataset that has no judges of its own, and DataError where pictures cannot be had.
    """
    if dataset in SAME_PICTURES:
        raise JudgeError(f"{dataset} is judged by the judges of {SAME_PICTURES[dataset]}; fit those instead.")
    name = judge_name(dataset, kind)
    train, test = (load_pictures(dataset, data, split) for split in ("train", "test"))
    started = time.monotonic()
    network = fit(train.images, train.labels, len(train.classes), epochs, noisy=kind == "noisy")
    judge = finish(network, name, kind, train, test, epochs, time.monotonic() - started, folder)
    if kind == "clean":
        real = real_score(train, test, len(test.labels)).value
        make_reference(judge, (train.images, train.labels), (test.images, test.labels), real, folder)
    return judge


def finish(
    network: Network, name: str, kind: str, train: Pictures, test: Pictures, epochs: int, seconds: float, folder: Path
) -> Judge:
    """Write, examine and describe a fitted network."""
    path = writable(folder / f"{name}.onnx")
    size = int(train.images.shape[2])
    card: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "dataset": train.name,
        "kind": kind,
        "classes": list(train.classes),
        "input": {"channels": int(train.images.shape[1]), "size": size, "low": -1, "high": 1},
        "features": network.head.in_features,
        "sha256": export(network, path, size),
        "trained": RECIPE.format(
            epochs=epochs,
            count=len(train.labels),
            dataset=train.name,
            noise=NOISE.format(*map(int, LOGSNR)) if network.noisy else "",
            precision="bfloat16" if fast_bfloat16(best_device().type) else "float32",
        ),
        "seconds": round(seconds),
        "threads": torch.get_num_threads(),
        "data": {"train": train.sha256, "test": test.sha256},
    }
    session = ort.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])
    write_json(path.with_suffix(".json"), card | examined(Judge(card, session), test.images, test.labels))
    return load(path)


def export(network: Network, path: Path, size: int) -> str:
    """Write the network as one ONNX file with a symbolic batch axis; returns its sha256.

    Raises RuntimeError where the file's answers are not the network's.
    """
    plain = folded(network)
    x = torch.rand(4, plain.channels, size, size) * 2 - 1
    inputs = (x, torch.tensor([-8.0, -1.0, 3.0, 12.0])) if plain.noisy else (x,)
    names = ["x", "logsnr"] if plain.noisy else ["x"]
    shapes = tuple({0: torch.export.Dim("batch")} for _ in inputs)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / path.name
        torch.onnx.export(
            plain, inputs, target, input_names=names, output_names=["logits", "features"], opset_version=18,
            dynamo=True, dynamic_shapes=shapes, external_data=False, verbose=False,
        )  # fmt: skip
        content = target.read_bytes()
    session = ort.InferenceSession(content, session_options(), providers=["CPUExecutionProvider"])
    answer = session.run(["logits"], {name: value.numpy() for name, value in zip(names, inputs, strict=True)})[0]
    with torch.no_grad():
        difference = np.abs(answer - plain(*inputs)[0].numpy()).max()
    if not difference < LARGEST_DIFFERENCE:
        raise RuntimeError(f"the exported judge differs from the fitted one by {difference}")
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()


def folded(network: Network) -> Network:
    """The same function on the CPU in float32, every BatchNorm folded into the convolution right before it."""
    plain = Network(network.channels, network.head.out_features, network.noisy)
    plain.load_state_dict(network.state_dict())
    plain.eval()
    for index, (conv, norm) in enumerate(zip(plain.convs, plain.norms, strict=True)):
        if index not in POOLED and isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            plain.convs[index] = fuse_conv_bn_eval(conv, norm)
            plain.norms[index] = nn.Identity()
    return plain

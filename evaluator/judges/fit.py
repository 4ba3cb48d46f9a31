"""From training pictures to a judge: fit, write as ONNX, examine, write the card and the reference.

Needs torch; imported late.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from evaluator.judges.augmentation import LOGSNR
from evaluator.judges.cards import JUDGES, KINDS, archive_of, judge_name
from evaluator.judges.exam import examined
from evaluator.judges.judge import Judge, judge_for, load, session_options
from evaluator.judges.network import POOLED, Network, fit
from evaluator.judges.reference import make_reference, reference_path
from evaluator.judges.report import warned
from evaluator.stats.intervals import Estimate
from firstlight.archives import writable
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.command_text import flag
from firstlight.errors import JudgeError
from firstlight.graph import exporting
from firstlight.ort import ort
from firstlight.remedy import KNOWN
from firstlight.run_json import SAME_PICTURES
from firstlight.untrusted.trust import remember
from trainer.data import DataError, Pictures
from trainer.data import load as load_pictures
from trainer.device import best_device, fast_bfloat16

__all__ = ["DataError", "Pictures", "finish", "fit_judges", "load_pictures"]

LARGEST_DIFFERENCE = 1e-3  # of a logit, between torch and ONNX Runtime: far below what changes an answer
OPSET = 18
EPOCHS = 14  # of many pictures; about eight minutes on two cores for 60,000
LEAST_SEEN = 30_000  # pictures that a judge sees while it is fitted; few of them come more often
RECIPE = (
    "{epochs} epochs over {count:,} pictures of {dataset}, turned, sheared, scaled and shifted a little{noise}; "
    "AdamW, one-cycle learning rate, batch 256, {precision}"
)
NOISE = ", with noise at logSNR {} to {}"

RealScore = Callable[[Pictures, Pictures, int], Estimate]  # of training and test pictures, and how many of the former


def fit_judges(
    dataset: str,
    kinds: Sequence[str],
    data: Path | None,
    epochs: int,
    real_score: RealScore,
    folder: Path,
    resize: int = 0,
) -> Iterator[Judge]:
    """Fit the judges of a dataset, `clean` and `noisy`, on its training pictures; examine them on its test pictures.

    Each is written to `folder` and yielded when it is done: <dataset>-<kind>.onnx and .json, and with a clean one the
    reference of the real pictures, on which stands their `real_score`: what quality gives as many training pictures as
    there are test pictures. 0 epochs: as many as the pictures ask for; `resize` as of a training. Raises JudgeError
    for a dataset that has no judges of its own or bundled ones, and for a judge that is no better than chance, and
    DataError where pictures cannot be had.
    """
    if dataset in SAME_PICTURES:
        raise JudgeError(f"{dataset} is judged by the judges of {SAME_PICTURES[dataset]}; fit those instead.")
    if data is None:
        refuse_bundled(dataset, kinds, None, folder)
    train, test = (real_pictures(dataset, data, split, resize) for split in ("train", "test"))
    refuse_bundled(dataset, kinds, train, folder)
    passes = epochs or max(EPOCHS, more_of_few(train.labels))
    for kind in kinds:
        with tempfile.TemporaryDirectory() as place:
            made = Path(place)
            started = time.monotonic()
            network = fit(train.images, train.labels, len(train.classes), passes, noisy=kind == "noisy")
            judge = finish(network, kind, train, test, passes, time.monotonic() - started, made)
            if kind == "clean":
                real = real_score(train, test, len(test.labels)).value
                make_reference(judge, (train.images, train.labels), (test.images, test.labels), real, made)
            for path in sorted(made.iterdir()):
                write_bytes(folder / path.name, path.read_bytes())
        yield load(folder / f"{judge.name}.onnx")


def more_of_few(labels: NDArray[np.int64]) -> int:
    """How often a judge sees each of so few pictures at least."""
    return round(LEAST_SEEN / len(labels))


def examine(dataset: str, data: Path | None, runs: Path | None) -> Iterator[Judge]:
    """Examine the judges of a dataset again on its test pictures, as they are, and write their cards into the archive.

    A bundled judge is copied there, with its reference. Raises JudgeError where there is none, or where it was made for
    other pictures, and DataError where pictures cannot be had.
    """
    for kind in KINDS:
        judge = judge_for(dataset, kind, runs=runs)
        test = real_pictures(dataset, data, "test", judge.card.get("resize", 0))
        if (judge.classes, judge.shape) != (test.classes, test.images.shape[1:]):
            raise JudgeError(f"{judge.name} knows other pictures than these; give --data the pictures of {dataset}.")
        card = judge.card | examined(judge, test.images, test.labels)
        path = writable(JUDGES / f"{judge.name}.onnx", runs)
        for name in (path.name, reference_path(dataset, judge.folder).name):
            if (judge.folder / name).is_file() and judge.folder != path.parent:
                write_bytes(path.parent / name, (judge.folder / name).read_bytes())
        write_json(path.with_suffix(".json"), card | {"data": card["data"] | {"test": test.sha256}})
        yield load(path)


def refuse_bundled(dataset: str, kinds: Sequence[str], pictures: Pictures | None = None, folder: Path = JUDGES) -> None:
    """Raises JudgeError where a bundled judge is whole and, where `pictures` are given, knows such pictures."""
    for path in (JUDGES / f"{judge_name(dataset, kind)}.onnx" for kind in kinds):
        try:
            judge = load(path) if path.is_file() else None
        except JudgeError:  # a damaged one is no reason not to fit another
            continue
        if judge and (
            pictures is None or (judge.classes, judge.shape) == (pictures.classes, pictures.images.shape[1:])
        ):
            where = flag(archive_of(folder / path.name))
            raise JudgeError(
                f"The judge {judge.name} is bundled and stays as it is; fit judges of pictures of your own under their "
                f"own name with: firstlight evaluate fit-judge --dataset NAME --data FOLDER{where}"
            )


def real_pictures(dataset: str, data: Path | None, split: str, resize: int = 0) -> Pictures:
    """The pictures of one split; a folder may hold one's own under a known name, such as digits of another size."""
    try:
        return load_pictures(dataset, data, split, resize)
    except DataError:
        if data is None or dataset not in KNOWN:
            raise
        return replace(load_pictures("own", data, split, resize), name=dataset)


def finish(
    network: Network, kind: str, train: Pictures, test: Pictures, epochs: int, seconds: float, folder: Path
) -> Judge:
    """Write, examine and describe a fitted network. Raises JudgeError where it is no better than chance."""
    name = judge_name(train.name, kind)
    path = folder / f"{name}.onnx"
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
    } | ({"resize": train.resize} if train.resize else {})
    session = ort.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])
    card |= examined(Judge(card, session), test.images, test.labels)
    write_json(path.with_suffix(".json"), card | warned(card, train.labels))
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
    with tempfile.TemporaryDirectory() as folder, exporting():
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
    remember(content)
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

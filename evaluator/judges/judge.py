"""A judge: a classifier as an ONNX file, and its card.

A card names the file's sha256 and the accuracy on real pictures; a judge that does not match its card is not loaded.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from firstlight.archives import readable
from firstlight.errors import JudgeError
from firstlight.run_folder import Run
from firstlight.run_json import SAME_PICTURES

JUDGES = Path(__file__).resolve().parent
KINDS = ("clean", "noisy")  # of finished or denoised pictures; of x_t with its logSNR
BATCH = 256  # pictures per call
THREADS = 2


@dataclass(frozen=True)
class Judge:
    """A classifier that answers with logits and with the features that distances are measured in."""

    card: dict[str, Any]
    session: ort.InferenceSession
    kept: tuple[int, ...] = ()  # the classes that are told apart, in this order; none keeps all
    margin: int = 0  # pixels cut off on each side of a picture before it is judged

    @property
    def name(self) -> str:
        return str(self.card["name"])

    @property
    def kind(self) -> str:
        return str(self.card["kind"])

    @property
    def classes(self) -> tuple[str, ...]:
        names = tuple(self.card["classes"])
        return tuple(names[index] for index in self.kept) or names

    @property
    def shape(self) -> tuple[int, int, int]:
        """What a picture must be: (C, H, W)."""
        given = self.card["input"]
        size = int(given["size"]) + 2 * self.margin
        return int(given["channels"]), size, size

    def __call__(
        self, x: NDArray[Any], logsnr: NDArray[Any] | float | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits (N, classes) and features (N, F) of pictures (N, C, H, W) in [-1, 1].

        A noisy judge is given the variance-preserving x_t and its logSNR, one number or (N,). Raises JudgeError for
        pictures of another shape, and for a logSNR that is missing or one too many.
        """
        if x.shape[1:] != self.shape:
            raise JudgeError(f"{self.name} judges pictures of {self.shape}, not {x.shape[1:]}; choose another judge.")
        if (logsnr is None) == (self.kind == "noisy"):
            raise JudgeError(f"{self.name} is a {self.kind} judge; a noisy judge, and only that, is told the logSNR.")
        inside = slice(self.margin, x.shape[-1] - self.margin)
        feed = {"x": np.ascontiguousarray(x[..., inside, inside], np.float32)}
        if logsnr is not None:
            feed["logsnr"] = np.ascontiguousarray(np.broadcast_to(np.asarray(logsnr, np.float32), len(x)))
        parts = [
            self.session.run(["logits", "features"], {name: part[start : start + BATCH] for name, part in feed.items()})
            for start in range(0, len(x), BATCH)
        ]
        if not parts:
            return np.empty((0, len(self.classes)), np.float32), np.empty((0, self.card["features"]), np.float32)
        logits, features = (np.concatenate(part) for part in zip(*parts, strict=True))
        return logits[:, list(self.kept)] if self.kept else logits, features


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities (..., classes) of logits (..., classes)."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def entropy(probability: NDArray[Any]) -> NDArray[np.float64]:
    """Of the answers (..., classes), in nats: 0 where the judge is sure, ln(classes) where it has no idea."""
    return np.asarray(-(probability * np.log(np.maximum(probability, 1e-300))).sum(axis=-1))


def judge_for(dataset: str, kind: str, folder: Path = JUDGES) -> Judge:
    """The bundled judge of a dataset, `clean` or `noisy`; loaded once. Raises JudgeError where there is none."""
    path = readable(folder / f"{judge_name(dataset, kind)}.onnx")
    if not path.is_file():
        raise JudgeError(
            f"There is no {kind} judge for {dataset}; fit one with: "
            f"firstlight evaluate fit-judge --dataset {dataset} --kind {kind}"
        )
    return _loaded(path, path.stat().st_mtime_ns)


def judge_for_run(run_card: Mapping[str, Any], kind: str, folder: Path = JUDGES) -> Judge:
    """The bundled judge of a run's dataset, answering in the run's own classes and for pictures of the run's size.

    `run_card` is run.json. A run of some of the classes gets a judge between these alone; black pixels that the run
    added on each side are cut off before judging. Raises JudgeError where there is no such judge, or where it does not
    know one of the run's classes.
    """
    dataset, config = run_card["dataset"], run_card.get("config", {})
    judge = judge_for(dataset["name"], kind, folder)
    names = tuple(dataset["classes"])
    unknown = [name for name in names if name not in judge.classes]
    if unknown:
        raise JudgeError(f"{judge.name} does not know {', '.join(unknown)}; fit a judge with: {command(judge.name)}")
    kept = () if names == judge.classes else tuple(judge.classes.index(name) for name in names)
    return replace(judge, kept=kept, margin=int(config.get("pad", 0)))


def judge_name(dataset: str, kind: str) -> str:
    """The name of the judge that knows this dataset's pictures. Raises JudgeError for another kind."""
    if kind not in KINDS:
        raise JudgeError(f"A judge is {' or '.join(KINDS)}, not {kind!r}.")
    return f"{SAME_PICTURES.get(dataset, dataset)}-{kind}"


@cache
def _loaded(path: Path, _modified: int) -> Judge:
    return load(path)


def load(path: Path) -> Judge:
    """The judge in an ONNX file with its card beside it.

    Raises JudgeError where one is missing or damaged, where the card is of another file, and where inputs and outputs
    are not a judge's.
    """
    again = f"restore {path.stem}.onnx and {path.stem}.json from a copy, or make them with: {command(path.stem)}"
    try:
        content = path.read_bytes()
        card = json.loads(path.with_suffix(".json").read_text())
    except (OSError, ValueError) as error:
        raise JudgeError(f"The judge {path.stem} cannot be read ({error}); {again}") from error
    if not isinstance(card, dict) or card.get("sha256") != hashlib.sha256(content).hexdigest():
        raise JudgeError(f"The judge {path.stem} is not the file that its card describes; {again}")
    try:
        session = ort.InferenceSession(content, session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own types, which share no public base
        raise JudgeError(f"The judge {path.stem} is no ONNX model that runs here; {again}") from error
    expected = ["x", "logsnr"] if card.get("kind") == "noisy" else ["x"]
    outputs = [value.name for value in session.get_outputs()]
    if [value.name for value in session.get_inputs()] != expected or outputs != ["logits", "features"]:
        raise JudgeError(f"The judge {path.stem} does not take {', '.join(expected)} to logits and features; {again}")
    return Judge(card, session)


def command(name: str) -> str:
    """How the judge with this name is made."""
    dataset, _, kind = name.rpartition("-")
    return f"firstlight evaluate fit-judge --dataset {dataset} --kind {kind}"


def session_options() -> ort.SessionOptions:
    """Two threads that do not spin once the answer is out, so that what runs next has the cores."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.log_severity_level = 3
    return options


def check_classes(run: Run, card: dict[str, Any], judges: dict[str, Judge]) -> None:
    """Raises JudgeError where a judge knows other classes than the run has, or pictures of another form."""
    shape = card["dataset"]["channels"], card["dataset"]["size"], card["dataset"]["size"]
    for judge in judges.values():
        if tuple(card["dataset"]["classes"]) != judge.classes or shape != judge.shape:
            raise JudgeError(
                f"{judge.name} knows other classes or pictures than {run.id} has; fit a judge with: "
                f"firstlight evaluate fit-judge --dataset {card['dataset']['name']} --kind {judge.kind}"
            )

"""A judge: a classifier as an ONNX file, and its card.

A card names the file's sha256 and the accuracy on real pictures; a judge that does not match its card is not loaded.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from evaluator.judges.cards import JUDGES, again, card_in, command, judge_file, judge_name
from firstlight.archives import readable
from firstlight.errors import GraphError, JudgeError
from firstlight.manifest import Signatures, signatures
from firstlight.ort import ort
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.runtime import cores
from firstlight.untrusted.guarded_session import GuardedSession
from firstlight.untrusted.inspection import Signature
from firstlight.untrusted.trust import ours

BATCH = 256  # pictures per call
THREADS = 2


@dataclass(frozen=True)
class Judge:
    """A classifier that answers with logits and with the features that distances are measured in."""

    card: dict[str, Any]
    session: ort.InferenceSession
    kept: tuple[int, ...] = ()  # the classes that are told apart, in this order; none keeps all
    margin: int = 0  # pixels cut off on each side of a picture before it is judged
    folder: Path = JUDGES  # where its file lies, and the reference that was made with it

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
    def whole(self) -> bool:
        """Whether it tells all of its dataset's classes apart, in whatever order, as its reference counts on."""
        return len(self.classes) == len(self.card["classes"])

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
            self._part({name: part[start : start + BATCH] for name, part in feed.items()})
            for start in range(0, len(x), BATCH)
        ]
        if not parts:
            return np.empty((0, len(self.classes)), np.float32), np.empty((0, self.card["features"]), np.float32)
        logits, features = (np.concatenate(part) for part in zip(*parts, strict=True))
        return logits[:, list(self.kept)] if self.kept else logits, features

    def _part(self, feed: dict[str, NDArray[np.float32]]) -> list[Any]:
        """Logits and features of a batch. Raises JudgeError for a graph that does not answer with them."""
        path = self.folder / f"{self.name}.onnx"
        found = list(self.session.run(["logits", "features"], feed))
        sizes = len(self.card["classes"]), int(self.card["features"])
        for values, size in zip(found, sizes, strict=True) if isinstance(self.session, GuardedSession) else ():
            if values.shape != (len(feed["x"]), size) or not np.isfinite(values).all():
                raise JudgeError(f"The judge {self.name} does not answer with {sizes[0]} logits and {sizes[1]} "
                                 f"features that are numbers; {again(path)}")  # fmt: skip
        return found


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities (..., classes) of logits (..., classes)."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def entropy(probability: NDArray[Any]) -> NDArray[np.float64]:
    """Of the answers (..., classes), in nats: 0 where the judge is sure, ln(classes) where it has no idea."""
    return np.asarray(-(probability * np.log(np.maximum(probability, 1e-300))).sum(axis=-1))


def judge_for(dataset: str, kind: str, folder: Path = JUDGES, runs: Path | None = None) -> Judge:
    """The judge of a dataset, `clean` or `noisy`, by its name alone; loaded once. Raises JudgeError for none."""
    path = readable(folder / f"{judge_name(dataset, kind)}.onnx", runs)
    if not path.is_file():
        raise JudgeError(f"There is no {kind} judge for {dataset}; fit judges with: {command(dataset, runs=runs)}")
    return _loaded(path, signatures(path, path.with_suffix(".json")))


def judge_for_run(run: Run, kind: str, folder: Path = JUDGES) -> Judge:
    """The judge of a run's pictures, answering in the run's own classes and for pictures of the run's size.

    A run of some of the classes gets a judge between these alone; black pixels that the run added on each side are cut
    off before judging. Raises JudgeError where there is no such judge, with the command that makes one for this run.
    """
    run_card, path = card_of(run), judge_file(run, kind, folder)
    judge = _loaded(path, signatures(path, path.with_suffix(".json")))
    names = tuple(map(str, run_card["dataset"]["classes"]))
    kept = () if names == judge.classes else tuple(judge.classes.index(name) for name in names)
    return replace(judge, kept=kept, margin=int(run_card["config"].get("pad") or 0))


@lru_cache(maxsize=16)
def _loaded(path: Path, signs: Signatures) -> Judge:
    return load(path)


def load(path: Path) -> Judge:
    """The judge in an ONNX file with its card beside it.

    Raises JudgeError where one is missing or damaged, where the card is of another file, and where inputs and outputs
    are not a judge's.
    """
    card = card_in(path.with_suffix(".json"))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JudgeError(f"The judge {path.stem} cannot be read ({error}); {again(path)}") from error
    if card.get("sha256") != hashlib.sha256(content).hexdigest():
        raise JudgeError(f"The judge {path.stem} is not the file that its card describes; {again(path)}")
    expected = ["x", "logsnr"] if card.get("kind") == "noisy" else ["x"]
    session = judge_session(
        content,
        lambda error: JudgeError(f"The judge {path.stem} {error}; {again(path)}"),
        [(dict.fromkeys(expected, "tensor(float)"), ["logits", "features"])],
    )
    outputs = [value.name for value in session.get_outputs()]
    if [value.name for value in session.get_inputs()] != expected or outputs != ["logits", "features"]:
        raise JudgeError(
            f"The judge {path.stem} does not take {', '.join(expected)} to logits and features; {again(path)}"
        )
    return Judge(card, session, folder=path.parent)


def judge_session(
    content: bytes, told: Callable[[GraphError], Exception], signatures: Sequence[Signature] = ()
) -> ort.InferenceSession:
    """A judge's graph on the CPU; one from elsewhere in a process with limits.

    Raises what `told` makes of a predicate, as the session does when it runs.
    """
    try:
        if not ours(content):
            return cast("ort.InferenceSession", GuardedSession(content, signatures, min(THREADS, cores()), told))
        return ort.InferenceSession(content, session_options(), providers=["CPUExecutionProvider"])
    except GraphError as error:
        raise told(error) from error
    except Exception as error:  # onnxruntime raises its own types, which share no public base
        raise told(GraphError("is no ONNX model that runs here")) from error


def session_options() -> ort.SessionOptions:
    """At most two threads, that do not spin once the answer is out, so that what runs next has the cores."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = min(THREADS, cores())
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.log_severity_level = 3
    return options

"""The denoiser as ONNX Runtime runs it, on a GPU where one works."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import GraphError, SamplerError
from firstlight.graph import INPUTS, OUTPUT, SCALE_INPUT
from firstlight.levels import known_to
from firstlight.ort import ort
from firstlight.run_folder import Run
from firstlight.runtime import again, brief
from firstlight.untrusted import limits
from sampler.column_layout import in_columns
from sampler.core_shares import passed, share_of, shared
from sampler.graph_check import check_answer, check_card
from sampler.graph_forms import Forms, forms_of
from sampler.providers import check_provider, fallen, one_core, opened

BATCH = 64  # pictures at a time: bounds memory; larger ones are no faster on a CPU
GPU_BATCH = 1024  # the same where a GPU draws
STUDENT = {**INPUTS, SCALE_INPUT: "tensor(float)"}  # of a graph that has learned guidance
SIGNATURES = ((INPUTS, [OUTPUT]), (STUDENT, [OUTPUT]))


@dataclass(eq=False)
class Denoiser:
    """A loaded graph: x̂0 = D(x, logsnr, label), and what is known about it."""

    session: ort.InferenceSession
    provider: str  # what really runs it: CPU or CUDA; CPU from the first time on that CUDA fails
    reason: str  # why that provider, a sentence
    classes: tuple[str, ...]  # names; the label len(classes) means "no label"
    shape: tuple[int, int, int]  # C, H, W
    config: str  # hash of the configuration it was trained with
    scales: tuple[float, float] | None = None  # of a student: the guidance scales it learned, lowest and highest
    path: Path = Path("denoiser.onnx")  # where it was loaded from
    no_label: bool = True  # whether it knows "no label"; a model of somebody's own may not
    known: tuple[float, ...] = ()  # the only levels that it knows, logSNR, rising; empty: it knows any
    one_level: bool = False  # whether a batch has one level, the first picture's; of a network with one time a batch
    content: bytes = field(default=b"", repr=False)  # of a graph that CUDA runs, for the CPU where it fails
    forms: Forms | None = None  # of a graph of ours that the CPU runs

    def __post_init__(self) -> None:
        if self.forms and self.forms.plain is not self.session:
            self.forms = None  # of the graph that another session was put in place of

    def __call__(
        self,
        x: NDArray[np.float32],
        logsnr: NDArray[np.float32],
        label: NDArray[np.int64],
        guidance: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """x̂0 (N, C, H, W) for x (N, C, H, W), logsnr (N,), label (N,) and, of a student, guidance (N,; default 1).

        Raises SamplerError where it cannot run.
        """
        if not self.no_label and (np.asarray(label) >= len(self.classes)).any():
            raise SamplerError("This model knows no pictures without a label; ask for one of its classes.")
        if self.one_level and (logsnr != logsnr[0]).any():
            return self.by_level(x, logsnr, label)
        inputs: dict[str, NDArray[Any]] = {"x": np.ascontiguousarray(x), "logsnr": logsnr, "label": label}
        if self.scales:
            inputs[SCALE_INPUT] = np.ones_like(logsnr) if guidance is None else guidance
        with passed(self.session):
            try:
                denoised: NDArray[np.float32]
                if self.provider == "CPU":
                    net = self.forms.fitting(share_of(len(x))) if self.forms else self.session
                    (denoised,) = shared(net, [OUTPUT], inputs)
                else:
                    (denoised,) = self.session.run([OUTPUT], inputs)
            except SamplerError:  # of a graph from elsewhere
                raise
            except Exception as error:  # ONNX Runtime's errors share no base class
                denoised = self.instead(inputs, error)
        check_answer(self.path, {OUTPUT: denoised}, {OUTPUT: (x.shape, np.float32)})
        return denoised

    def by_level(
        self, x: NDArray[np.float32], logsnr: NDArray[np.float32], label: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The same, the pictures of each level by themselves."""
        denoised = np.empty_like(x, np.float32)
        for level in np.unique(logsnr):
            here = logsnr == level
            denoised[here] = self(x[here], logsnr[here], label[here])
        return denoised

    def instead(self, inputs: dict[str, NDArray[Any]], error: Exception) -> NDArray[np.float32]:
        """The same on the CPU, from now on, where CUDA failed. Raises SamplerError where that fails too."""
        try:
            if self.provider != "CUDA":
                raise error
            spare = one_core(self.content, self.path)
            denoised: NDArray[np.float32] = shared(spare, [OUTPUT], inputs)[0]
        except Exception as fault:
            raise SamplerError(
                f"{self.provider} could not run {len(inputs['x'])} pictures at once ({brief(fault)}); "
                f"ask for fewer, or for --provider cpu."
            ) from fault
        self.session, self.provider, self.reason, self.forms = spare, "CPU", fallen(error), None
        return denoised


def load(path: Path, provider: str = "auto") -> Denoiser:
    """The denoiser in the file `path`, checked against the export.json beside it.

    `provider` is auto (CUDA where it loads, else CPU), cpu or cuda. Raises SamplerError for a missing file, content
    that is not what was exported, inputs and outputs that are not a denoiser's, and CUDA asked for but not to be had.
    """
    check_provider(provider)
    report = report_of(path)
    content = verified(path, sha256 := report["sha256"])
    session, name, reason = opened(content, path, provider, SIGNATURES)
    check_signature(session, path)
    metadata = session.get_modelmeta().custom_metadata_map
    try:
        classes = tuple(str(label) for label in json.loads(metadata["classes"]))
        scales = learned(session, metadata)
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise SamplerError(f"{path} does not name its classes and guidance scales. {again(path)}") from error
    channels, height, width = session.get_inputs()[0].shape[1:]
    check_card(classes, (channels, height, width), path)
    none = metadata.get("no_label") != "false"
    known = known_to(report)
    shape, config = (channels, height, width), metadata.get("config", "")
    one_level = metadata.get("one_level") == "true"
    spare = content if name == "CUDA" else b""
    forms = forms_of(session, name, path, sha256, lambda: in_columns(verified(path, sha256)))
    return Denoiser(session, name, reason, classes, shape, config, scales, path, none, known, one_level, spare, forms)


def learned(session: ort.InferenceSession, metadata: dict[str, str]) -> tuple[float, float] | None:
    """The guidance scales of a student's graph. Raises ValueError, KeyError or TypeError where it does not say."""
    if len(session.get_inputs()) == len(INPUTS):
        return None
    low, high = json.loads(metadata["guidance"])
    return float(low), float(high)


def verified(path: Path, expected: str = "") -> bytes:
    """The file's content, if it has the `expected` hash (default: the denoiser's in export.json).

    Raises SamplerError where it has not.
    """
    expected = expected or report_of(path)["sha256"]
    try:
        limits.check_size(path.stat().st_size)
        content = path.read_bytes()
    except GraphError as error:
        raise SamplerError(f"{path} {error}.") from error
    except OSError as error:
        raise SamplerError(f"{path.parent.name} has no {path.name}. {again(path)}") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise SamplerError(f"{path} is not the file that was exported. {again(path)}")
    return content


def report_of(path: Path) -> dict[str, Any]:
    """The export.json beside the graph `path`. Raises SamplerError where graph or report are missing or unreadable."""
    if not path.exists():
        raise SamplerError(f"{path.parent.name} has no {path.name}. {again(path)}")
    try:
        report = json.loads(Run(path.parent).export.read_text())
        return {**report, "sha256": str(report["sha256"])}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SamplerError(f"{path.parent.name} has no readable export.json. {again(path)}") from error


def check_signature(session: ort.InferenceSession, path: Path) -> None:
    """Raises SamplerError unless the graph is denoised = D(x (N, C, H, W), logsnr (N,), label (N,))."""
    inputs = {value.name: value for value in session.get_inputs()}
    outputs = [value.name for value in session.get_outputs()]
    right = {name: value.type for name, value in inputs.items()} in (INPUTS, STUDENT) and outputs == [OUTPUT]
    if right:
        picture = inputs["x"].shape
        right = len(picture) == 4 and all(isinstance(size, int) for size in picture[1:])
        right = right and not any(isinstance(value.shape[0], int) for value in inputs.values() if value.shape)
        right = right and all(len(value.shape) == 1 for name, value in inputs.items() if name != "x")
    if not right:
        found = f"{', '.join(inputs) or 'nothing'} -> {', '.join(outputs) or 'nothing'}"
        raise SamplerError(f"{path} is no denoiser x, logsnr, label -> denoised (it is {found}). {again(path)}")

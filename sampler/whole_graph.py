"""A student's whole drawing as one graph: noise in, every picture on the way out.

It is the fastest path and serves the student's own solver and levels only; for everything else there is the denoiser
and the loop. For a CPU it is put together from the denoiser when it is first asked for, and every core draws its share
of the pictures by itself, since cores that share a picture wait for each other. For a GPU it is a file of the run's, in
half precision: inputs and outputs stay on the device, shapes are fixed for each batch size, and the whole way is one
CUDA graph.
"""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import SamplerError
from firstlight.graph import SCALE_INPUT
from firstlight.ort import ort
from firstlight.run_folder import Run
from firstlight.runtime import CPU, CUDA, again, brief, helpful, inference_session
from firstlight.untrusted.trust import ours
from sampler import session
from sampler.column_layout import in_columns
from sampler.core_shares import passed, share_of, shared
from sampler.graph_check import check_answer, check_card
from sampler.graph_forms import Forms, forms_of
from sampler.guidance import folded
from sampler.providers import fallen, obstacle, one_core, opened
from sampler.unrolled_graph import IMAGES, PICTURES, SUMS, unrolled_graph

INPUTS = {"x": "tensor(float)", "label": "tensor(int64)", SCALE_INPUT: "tensor(float)"}
SIGNATURES = ((INPUTS, [PICTURES, IMAGES, SUMS]),)
MOST_SIZES = 8  # batch sizes that are kept ready on a GPU
NEAR = 64  # a size up to this, or up to four times what is asked for, is filled up rather than made anew

Arrays = dict[str, NDArray[Any]]
Images = NDArray[np.uint8]


@dataclass(eq=False)
class Whole:
    """A loaded graph: images = W(noise, label, guidance), and what is known about it."""

    content: bytes = field(repr=False)
    path: Path
    session: ort.InferenceSession
    provider: str  # what really runs it: CPU or CUDA; CPU from the first time on that CUDA fails
    reason: str  # why that provider, a sentence
    classes: tuple[str, ...]  # names; the label len(classes) means "no label"
    shape: tuple[int, int, int]  # C, H, W
    scales: tuple[float, float]  # the guidance scales it learned, lowest and highest
    drawing: dict[str, Any]  # solver, levels, steps and shift that are built in
    forms: Forms | None = None  # of a graph that the CPU runs
    bound: "OrderedDict[int, Bound]" = field(default_factory=OrderedDict)  # batch size: what is ready on the GPU

    @property
    def steps(self) -> int:
        return int(self.drawing["steps"])

    def check(self, settings: Any) -> None:
        """Raises SamplerError for settings that are not built in, and for a scale outside those it learned."""
        if drawing(settings) != self.drawing:
            raise SamplerError(f"{self.path} draws with {self.drawing} only; load the denoiser for other settings.")
        folded(self, self.scales, settings.guidance)

    def __call__(self, x: NDArray[np.float32], label: NDArray[np.int64], guidance: float) -> Images:
        """What each of K steps shows (K, N, H, W, C) for x (N, C, H, W) and label (N,); the last is the picture.

        Raises SamplerError where it cannot run, and for pictures that come out as not a number.
        """
        inputs: Arrays = {"x": x, "label": label, SCALE_INPUT: np.full(len(x), guidance, np.float32)}
        with passed(self.session):
            try:
                images, sums = self.cuda(inputs) if self.provider == "CUDA" else self.cpu(inputs)
            except SamplerError:  # of a graph from elsewhere
                raise
            except Exception as error:  # ONNX Runtime's errors share no base class
                images, sums = self.instead(inputs, error)
        check_answer(self.path, {IMAGES: images, SUMS: sums}, self.outputs(len(x)))
        if not np.isfinite(sums).all():
            raise SamplerError("The pictures came out as not a number; ask for less guidance.")
        return images

    def cpu(self, inputs: Arrays) -> tuple[Images, NDArray[np.float32]]:
        """Every core draws its share."""
        net = self.forms.fitting(share_of(len(inputs["x"]))) if self.forms else self.session
        images, sums = shared(net, [IMAGES, SUMS], inputs, axis=1)
        return images, sums

    def cuda(self, inputs: Arrays) -> tuple[Images, NDArray[np.float32]]:
        """One CUDA graph for each batch size, inputs and outputs on the device; a size that is near will do."""
        count = len(inputs["x"])
        size = min((size for size in self.bound if count <= size <= max(NEAR, 4 * count)), default=count)
        if size not in self.bound:
            while len(self.bound) >= MOST_SIZES:
                self.bound.popitem(last=False)
            self.bound[size] = Bound(fixed(self.content, self.path, size), self.outputs(size), "cuda")
        self.bound.move_to_end(size)
        images, sums = self.bound[size](
            {name: np.resize(value, (size, *value.shape[1:])) for name, value in inputs.items()}
        )
        return images[:, :count], sums[:, :count]

    def outputs(self, count: int) -> dict[str, tuple[tuple[int, ...], type]]:
        """Shapes and types of what is fetched for `count` pictures."""
        channels, height, width = self.shape
        return {
            IMAGES: ((self.steps, count, height, width, channels), np.uint8),
            SUMS: ((self.steps, count), np.float32),
        }

    def instead(self, inputs: Arrays, error: Exception) -> tuple[Images, NDArray[np.float32]]:
        """The same on the CPU, from now on. Raises SamplerError where that fails too."""
        try:
            if self.provider != "CUDA":
                raise error
            spare = one_core(self.content, self.path)
            self.session, self.bound = spare, OrderedDict()
            drawn = self.cpu(inputs)
        except Exception as fault:
            raise SamplerError(
                f"{self.provider} could not draw {len(inputs['x'])} pictures at once ({brief(fault)}); "
                f"ask for fewer, or for --provider cpu."
            ) from fault
        self.provider, self.reason = "CPU", fallen(error)
        return drawn


class Bound:
    """A session of one batch size whose inputs and outputs keep their places on the device."""

    def __init__(
        self, net: ort.InferenceSession, outputs: dict[str, tuple[tuple[int, ...], type]], device: str
    ) -> None:
        self.net, self.device, self.binding = net, device, net.io_binding()
        self.inputs: dict[str, ort.OrtValue] = {}  # made at the first call, written over at the next ones
        self.outputs = {
            name: ort.OrtValue.ortvalue_from_shape_and_type(shape, kind, device)
            for name, (shape, kind) in outputs.items()
        }
        for name, value in self.outputs.items():
            self.binding.bind_ortvalue_output(name, value)

    def __call__(self, inputs: Arrays) -> list[NDArray[Any]]:
        """Outputs for inputs of the fixed shapes; the addresses are those of the first call."""
        for name, value in inputs.items():
            if name not in self.inputs:
                place = ort.OrtValue.ortvalue_from_shape_and_type(value.shape, value.dtype.type, self.device)
                self.inputs[name] = place
                self.binding.bind_ortvalue_input(name, place)
            self.inputs[name].update_inplace(np.ascontiguousarray(value))
        self.net.run_with_iobinding(self.binding)
        return [value.numpy() for value in self.outputs.values()]


def fastest(run: Run, settings: Any, provider: str = "auto") -> "Whole | session.Denoiser":
    """What draws fastest with these settings: one graph where there is one, else the denoiser, step by step.

    Raises SamplerError as sampler.session.load does.
    """
    denoiser = session.load(run.denoiser, provider)
    return whole_of(denoiser, settings) or denoiser


def whole_of(denoiser: "session.Denoiser", settings: Any) -> Whole | None:
    """The whole drawing of a student's denoiser with these settings, or None where no graph can draw so.

    On a CPU it is put together from the denoiser, but for one from elsewhere; on a GPU it is the run's file in half
    precision, where there is one for these settings. Raises SamplerError for settings that make no sense, and for a
    file that is not what was exported.
    """
    if (built := drawing(settings)) is None or denoiser.scales is None:
        return None
    if denoiser.provider == "CUDA":
        run = Run(denoiser.path.parent)
        entry = exported(run).get(run.unrolled_half.name, {})
        found = load(run.unrolled_half, entry, "auto") if entry.get("drawing") == built else None
        return found if found and found.provider == "CUDA" else None
    if denoiser.forms is None:
        return None
    path, sha256, table = denoiser.path, denoiser.forms.sha256, settings.table()

    def columns() -> bytes | None:
        laid_out = in_columns(session.verified(path, sha256))
        return unrolled_graph(laid_out, table, built) if laid_out else None

    try:
        content = unrolled_graph(session.verified(path, sha256), table, built)
    except SamplerError:  # the file is another by now: what is loaded goes on, step by step
        return None
    net = one_core(content, path)
    forms = forms_of(net, "CPU", path, hashlib.sha256(content).hexdigest(), columns)
    return Whole(b"", path, net, "CPU", denoiser.reason, denoiser.classes, denoiser.shape, denoiser.scales,
                 built, forms)  # fmt: skip


def drawn_by(run: Run, settings: Any, net: "Whole | session.Denoiser | None" = None) -> str:
    """Which graph draws, in which runtime and on how many threads, a sentence; of `net`, where one is loaded."""
    places = {"CPU": "the CPU", "CUDA": "the GPU", "": "a GPU where CUDA loads, else on the CPU"}
    on = net.provider if net else "CPU" if obstacle() else ""
    whole = isinstance(net, Whole) if net else drawing(settings) is not None and trusted(run)
    name, how = run.denoiser.name, "the network alone, step by step"
    if whole and on == "CUDA":
        name, how = run.unrolled_half.name, "a student's whole drawing as one graph, in half precision"
    elif whole:
        how = "a student's whole drawing, put together as one graph"
    if net is not None and net.forms and net.forms.least:
        how += f"; laid out in columns from {net.forms.least} pictures a thread"
    most = helpful()
    threads = f", in {most} thread{'' if most == 1 else 's'} that share the pictures" if on == "CPU" else ""
    return f"Pictures are drawn from {name} ({how}) by ONNX Runtime {ort.__version__} on {places[on]}{threads}."


def trusted(run: Run) -> bool:
    """Whether the run's denoiser needs no limits, so that graphs are made of it."""
    try:
        return ours(session.verified(run.denoiser))
    except SamplerError:
        return False


def drawing(settings: Any) -> dict[str, Any] | None:
    """What a graph must have built in to draw with these settings; None where no graph can."""
    if settings is None or not settings.student or settings.clip or settings.eta:
        return None
    return built_in(settings)


def built_in(settings: Any) -> dict[str, Any]:
    """How a graph draws that was made for these settings, or for this recipe of the trainer's."""
    return {"solver": settings.solver, "levels": settings.levels, "steps": settings.steps, "shift": settings.shift}


def exported(run: Run) -> dict[str, dict[str, Any]]:
    """The unrolled graphs that export.json names, by file name; none where it cannot be read."""
    try:
        found = dict(json.loads(run.export.read_text())["unrolled"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {str(name): entry for name, entry in found.items() if isinstance(entry, dict) and "drawing" in entry}


def load(path: Path, entry: dict[str, Any], provider: str) -> Whole:
    """The graph in the file `path`, checked against its entry in export.json. Raises SamplerError."""
    content = session.verified(path, str(entry.get("sha256")))
    net, name, reason = opened(content, path, provider, SIGNATURES)
    found = {value.name: value.type for value in net.get_inputs()}
    metadata = net.get_modelmeta().custom_metadata_map
    try:
        built = json.loads(metadata["drawing"])
        low, high = json.loads(metadata["guidance"])
        classes = tuple(str(label) for label in json.loads(metadata["classes"]))
        channels, height, width = (int(size) for size in net.get_inputs()[0].shape[1:])
        right = found == INPUTS and {IMAGES, SUMS} <= {value.name for value in net.get_outputs()}
    except (KeyError, ValueError, TypeError, RecursionError):
        right, built = False, None
    if not right or built != entry.get("drawing"):
        raise SamplerError(f"{path} is not the graph that export.json describes. {again(path)}")
    shape, scales = (channels, height, width), (float(low), float(high))
    check_card(classes, shape, path)
    return Whole(content, path, net, name, reason, classes, shape, scales, built)


def fixed(content: bytes, path: Path, count: int) -> ort.InferenceSession:
    """A session on the GPU for exactly `count` pictures, as a CUDA graph where every node runs there."""
    options = {"enable_cuda_graph": "1", "prefer_nhwc": "1"}
    try:
        return inference_session(content, path, (CUDA, options), batch=count)
    except SamplerError:  # a node that CUDA does not have
        return inference_session(content, path, CUDA, CPU, batch=count)

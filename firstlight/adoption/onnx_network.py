"""An ONNX file from elsewhere as a network that is adopted, without torch: opened, its batch axis freed, asked."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from firstlight.adoption.algebra import denoised
from firstlight.adoption.onnx_graph import Sockets, folded
from firstlight.errors import GraphError, RunError, SamplerError
from firstlight.graph import BATCH_AXIS, OPSET
from firstlight.runtime import CPU, brief, inference_session
from firstlight.untrusted.guarded_session import parsed

if TYPE_CHECKING:
    import onnx

    from firstlight.adoption.conventions import Terms

OLDEST = 13  # opset; an older graph is converted, and a newer one than OPSET too
CONTROL = {"If", "Loop", "Scan"}
FLOATS, WHOLES = ("float", "float16", "double"), ("int64", "int32")
SAY = "say --inputs PICTURE TIME [LABEL]"
AT_ONCE = 8  # pictures: bounds memory
TRIED = 3  # pictures together, compared with each alone
CLOSE = 1e-4  # of an answer, and of 1


class OnnxNetwork:
    """A network in a file; `inputs` are the names of its picture, time and, where it has one, label.

    Raises RunError for a file that cannot be used, and says what to do.
    """

    how = "give a schedule of its own length, its pictures' shape, or --inputs PICTURE TIME [LABEL]."

    def __init__(self, path: Path, inputs: Sequence[str] = ()) -> None:
        content = _content(path)
        self.path, self.sha256 = path, hashlib.sha256(content).hexdigest()
        self.model = _model(path, content)
        own = _session(path, self.model)
        self.types = {value.name: value.type[7:-1] for value in own.get_inputs()}
        self.shapes = {value.name: list(value.shape) for value in own.get_inputs()}
        self.inputs, self.output = self._roles(inputs), own.get_outputs()[0].name
        self.one_time = not self.shapes[self.inputs[1]]  # whether all pictures of a batch are at one time
        self._free(own)

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """(C, H, W) of its pictures, where the file says it."""
        held = tuple(self.shapes[self.inputs[0]][1:])
        return held if all(isinstance(size, int) for size in held) else None

    @property
    def whole_times(self) -> bool:
        """Whether it takes whole times alone."""
        return self.types[self.inputs[1]] in WHOLES

    @property
    def parameters(self) -> int:
        """Numbers in its weights."""
        return sum(math.prod(held.dims) for held in self.model.graph.initializer if held.dims and held.data_type == 1)

    @property
    def facts(self) -> dict[str, Any]:
        """What the card keeps of it."""
        return {"source": self.path.name, "source_sha256": self.sha256, "inputs": list(self.inputs)}

    def ask(self, x: NDArray[Any], t: NDArray[Any], label: NDArray[np.int64]) -> NDArray[np.float32]:
        """What it answers to x (N, C, H, W), t (N,) and label (N,)."""
        if not self.one_time:
            parts = [slice(first, first + AT_ONCE) for first in range(0, len(x), AT_ONCE)]
            return np.concatenate([self._run(self.session, x[part], t[part], label[part]) for part in parts])
        answers = np.empty_like(x, np.float32)
        for time in np.unique(t):
            here = t == time
            answers[here] = self._run(self.session, x[here], t[here][:1], label[here])
        return answers

    def graph(self, terms: "Terms") -> "onnx.ModelProto":
        """Its denoiser as a graph."""
        number = not self.shapes[self.inputs[1]]
        return folded(self.model, Sockets(self.inputs, self.types, self.output, self.one_time, number), terms)

    def exact(self, terms: "Terms") -> Any:
        """Its denoiser in float64, but for what the file itself computes."""
        return lambda x, logsnr, label: denoised(terms, self.ask, x, logsnr, label)

    def plain(self, terms: "Terms") -> Any:
        """Its denoiser in float32."""
        return lambda x, logsnr, label: denoised(terms, self.ask, x, logsnr, label, np.float32)

    def _run(self, session: Any, *given: NDArray[Any]) -> NDArray[np.float32]:
        values = {}
        for name, value in zip(self.inputs, given, strict=False):
            kind = self.types[name]
            values[name] = value.astype({"float": "float32", "double": "float64"}.get(kind, kind))
        if not self.shapes[self.inputs[1]]:
            values[self.inputs[1]] = np.asarray(values[self.inputs[1]][0])
        return np.asarray(session.run([self.output], values)[0], np.float32)

    def _roles(self, said: Sequence[str]) -> tuple[str, ...]:
        """The names of picture, time and label, said or guessed by shape and name."""
        names = list(self.types)
        unknown = [name for name in said if name not in names]
        if unknown or (said and len(said) not in (2, 3)):
            raise RunError(f"{self.path} has the inputs {', '.join(names)}, not {', '.join(unknown or said)}; {SAY}.")
        found = list(said) or _guess(self.types, self.shapes)
        left = [name for name in names if name not in found]
        if len(found) < 2 or left:
            raise RunError(f"Of the inputs {', '.join(names)} of {self.path}, {', '.join(left) or 'the time'} has no "
                           f"part; {SAY}, of a network that takes nothing else.")  # fmt: skip
        x, time, *label = found
        if self.types[x] not in FLOATS or len(self.shapes[x]) != 4:
            raise RunError(f"The input {x} is no picture of floats (N, C, H, W); {SAY}.")
        if self.types[time] not in FLOATS + WHOLES or len(self.shapes[time]) > 1:
            raise RunError(f"The input {time} is no time, one number or (N,); {SAY}.")
        if label and (self.types[label[0]] not in WHOLES or len(self.shapes[label[0]]) != 1):
            raise RunError(f"The input {label[0]} is no label, whole numbers (N,); {SAY}.")
        return tuple(found)

    def _free(self, own: Any) -> None:
        """Make the first axes symbolic, and see that pictures together are answered like each of them alone."""
        self._symbolic()
        self.session = _session(self.path, self.model)
        shape = self.shape or (self.shapes[self.inputs[0]][1], 32, 32)
        rng = np.random.default_rng(0)
        x = rng.standard_normal((TRIED, *(size if isinstance(size, int) else 1 for size in shape)))
        label = np.zeros(TRIED, np.int64)
        t = np.array([0, 1, 1]) if self.types[self.inputs[1]] in WHOLES else np.array([0.25, 0.5, 0.5])
        try:
            alone = np.concatenate([self._alone(own, x[[k]], t[[k]], label[[k]]) for k in range(TRIED)])
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise RunError(f"{self.path} cannot be asked ({brief(error)}); {SAY}.") from error
        for one_time in (False, True) if not self.one_time else (True,):
            self.one_time = one_time
            try:
                together = self.ask(x, t, label)
            except Exception:  # a batch axis that is fixed within the graph
                continue
            if together.shape == alone.shape and np.allclose(together, alone, CLOSE, CLOSE, equal_nan=True):
                return
        raise RunError(f"{self.path} answers pictures together unlike each alone, for its batch axis is fixed; export "
                       "it with a dynamic one.")  # fmt: skip

    def _alone(self, own: Any, *given: NDArray[Any]) -> NDArray[np.float32]:
        """The file's own answer to one picture, as often as its batch is large."""
        sizes = [(self.shapes[name] or [1])[0] for name in self.inputs]
        batch = next((size for size in sizes if isinstance(size, int) and size > 1), 1)
        sizes = [size if isinstance(size, int) else batch for size in sizes]
        return self._run(own, *(np.repeat(part, size, 0) for part, size in zip(given, sizes, strict=False)))[:1]

    def _symbolic(self) -> None:
        graph = self.model.graph
        del graph.value_info[:]
        for value in (*graph.input, *graph.output):
            dims = value.type.tensor_type.shape.dim
            if dims and (value.name in self.inputs or value.name == self.output):
                dims[0].dim_param = BATCH_AXIS
        for value in graph.output:
            for dim in value.type.tensor_type.shape.dim[1:]:
                dim.Clear()


def _guess(types: dict[str, str], shapes: dict[str, list[Any]]) -> list[str]:
    """The names of picture, time and label, as far as shapes, types and names tell."""
    x = next((name for name, shape in shapes.items() if len(shape) == 4 and types[name] in FLOATS), None)
    left = [name for name in types if name != x and len(shapes[name]) <= 1]
    words = ("label", "class")
    label = next((name for name in left if any(word in name.lower() for word in words)), None)
    if label is None and len(left) == 2:
        label = left[1]
    time = next((name for name in left if name != label), None)
    return [name for name in (x, time, label) if name is not None] if x and time else []


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}); name the ONNX file.") from error


def _model(path: Path, content: bytes) -> "onnx.ModelProto":
    """The graph, of an opset that ours has. Raises RunError for one that cannot be folded into ours."""
    from onnx.version_converter import convert_version

    try:
        model = parsed(content)
        opset = next(entry.version for entry in model.opset_import if not entry.domain)
    except GraphError as error:
        raise RunError(f"{path} {error}; export it whole and with fixed steps, as torch.onnx.export(..., dynamo=True) "
                       "does.") from error  # fmt: skip
    except StopIteration as error:
        raise RunError(f"{path} is of no opset; name a file that torch.onnx.export or its like wrote.") from error
    parts = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    control = sorted({node.op_type for node in parts} & CONTROL)
    if control:
        raise RunError(f"{path} holds {control[0]}, which no graph here may; export it with fixed steps and no branch, "
                       "as torch.onnx.export(..., dynamo=True) does.")  # fmt: skip
    if OLDEST <= opset <= OPSET:
        return model
    try:
        return convert_version(model, OLDEST if opset < OLDEST else OPSET)
    except Exception as error:  # whatever the converter raises
        raise RunError(f"{path} has opset {opset}; export it with opset_version={OPSET}.") from error


def _session(path: Path, model: "onnx.ModelProto") -> Any:
    try:
        return inference_session(model.SerializeToString(), path, CPU)
    except SamplerError as error:
        raise RunError(
            f"ONNX Runtime cannot load {path} ({brief(error.__cause__ or error)}); export it anew."
        ) from error

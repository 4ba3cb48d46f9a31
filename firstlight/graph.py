"""A torch module as an ONNX graph that ONNX Runtime draws with fast: its inputs, its opset, and what it must not hold.

torch and onnx are imported inside the calls that need them.
"""

import gc
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from firstlight.errors import RunError
from firstlight.telemetry import switched_off

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

OPSET = 20  # from 21 on, normalisation layers come apart into some 30 nodes
INPUTS = {"x": "tensor(float)", "logsnr": "tensor(float)", "label": "tensor(int64)"}  # of every denoiser
SCALE_INPUT = "guidance"  # one more, of a student: the guidance scale (N,), float
OUTPUT = "denoised"
BATCH_AXIS = "batch"  # name of the symbolic first axis
HALF = ".half"  # ends the name of a weight that is stored in half precision
SLOW = {"Swish", "Loop", "If", "Scan", "GroupNormalization"}  # not fused, or in the way of CUDA graphs


@contextmanager
def exporting() -> Iterator[None]:
    """Torch's exporter says nothing, and nobody looks for garbage among the million objects that it makes."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    collects = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if collects:
            gc.enable()


def to_onnx(
    module: "nn.Module", example: "tuple[Tensor, ...]", inputs: Sequence[str], outputs: Sequence[str]
) -> "onnx.ModelProto":
    """The module as a graph whose first axis of every input is symbolic; `example` has two pictures."""
    import torch

    batch = torch.export.Dim(BATCH_AXIS, min=1)
    with exporting(), torch.no_grad(), switched_off():  # nothing is traced for gradients, or reported
        program = torch.onnx.export(
            module,
            example,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamic_shapes=tuple({0: batch} for _ in example),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None  # dynamo=True always returns one
    return program.model_proto


def serialize(model: "onnx.ModelProto", facts: dict[str, str]) -> bytes:
    """The graph without clutter, with what it says about itself. Raises RunError for one that is not fast or whole."""
    import onnx

    tidy(model)
    onnx.helper.set_model_props(model, facts)
    check(model)
    return bytes(model.SerializeToString(deterministic=True))


def tidy(model: "onnx.ModelProto") -> None:
    """Remove what only torch's exporter's authors need: stack traces, notes and inferred shapes."""
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")


def check(model: "onnx.ModelProto") -> None:
    """Raises RunError for a graph that is not valid, not fast, or not whole."""
    import onnx

    onnx.checker.check_model(model, full_check=True)
    opset = _opset(model)
    slow = {node.op_type for node in model.graph.node} & SLOW
    if opset > OPSET or slow:
        raise RunError(f"The graph has opset {opset} and {sorted(slow)}; export with the torch of requirements.txt.")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise RunError("The graph's weights are in another file; export with the torch of requirements.txt.")


def _opset(model: "onnx.ModelProto") -> int:
    return int(next(entry.version for entry in model.opset_import if not entry.domain))


def opset_of(content: bytes) -> int:
    """The opset of a serialized graph."""
    import onnx

    return _opset(onnx.load_model_from_string(content))


def shapes(content: bytes) -> dict[str, list[int]]:
    """The shape of every weight in a serialized graph, by name; numbers that stand alone are left out."""
    import onnx

    tensors = onnx.load_model_from_string(content).graph.initializer
    return {tensor.name.removesuffix(HALF): list(tensor.dims) for tensor in tensors if tensor.dims}

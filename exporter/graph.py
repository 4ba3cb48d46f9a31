"""The denoiser as an ONNX graph.

The seam is here because the graph is shaped for the engine: weights are multiplied out, SiLU is Sigmoid and Mul, and
the opset stays where ONNX Runtime has fast kernels on a CPU.
"""

import copy
import json
import logging
import warnings
from dataclasses import asdict
from hashlib import sha256

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firstlight.errors import RunError
from sampler.session import BATCH_AXIS
from trainer.checkpoints import HALF
from trainer.config import Config
from trainer.network import Conv, Denoiser, Fold

OPSET = 20  # from 21 on, normalisation layers come apart into some 30 nodes; no layer here needs more
INPUTS, OUTPUT = ("x", "logsnr", "label"), "denoised"
SCALE_INPUT = "guidance"  # one more, of a student
FLOAT = onnx.TensorProto.FLOAT
SMALLEST = 1024  # elements of a tensor that is stored in half precision
SCALE = "[-1, 1]"  # of pictures
SLOW = {"Swish", "Loop", "If", "Scan", "GroupNormalization"}  # not fused, or in the way of CUDA graphs


def graph_of(denoiser: Denoiser, classes: list[str]) -> bytes:
    """The denoiser as a serialized ONNX model: x (N, C, H, W), logsnr (N,), label (N,) -> denoised, N symbolic.

    A student's takes guidance (N,) too, and stores its weights in half precision. The class names, the scale of
    pictures, the hash of the configuration and the guidance scales that a student learned are inside. Raises RunError
    where the graph is not what the engine runs fast.
    """
    plain = multiplied_out(denoiser).cpu().eval()
    config = denoiser.config
    example = (
        torch.randn(2, config.channels, config.size, config.size),
        torch.zeros(2),
        torch.zeros(2, dtype=torch.int64),
        *([torch.ones(2)] if config.scale_high else []),
    )
    model = exported(plain, example, [*INPUTS, SCALE_INPUT][: len(example)], [OUTPUT])
    if config.scale_high:
        store_in_half(model)
    return serialized(model, facts(config, classes))


def exported(module: nn.Module, example: tuple[Tensor, ...], inputs: list[str], outputs: list[str]) -> onnx.ModelProto:
    """The module as a graph whose first axis of every input is symbolic; `example` has two pictures."""
    batch = torch.export.Dim(BATCH_AXIS, min=1)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            example,
            input_names=inputs,
            output_names=outputs,
            opset_version=OPSET,
            dynamic_shapes=tuple({0: batch} for _ in example),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None  # dynamo=True always returns one
    return program.model_proto


def facts(config: Config, classes: list[str]) -> dict[str, str]:
    """What a graph says about itself."""
    told = {"classes": json.dumps(classes, ensure_ascii=False), "scale": SCALE, "config": config_hash(config)}
    if config.scale_high:
        told["guidance"] = json.dumps([config.scale_low, config.scale_high])
    return told


def serialized(model: onnx.ModelProto, told: dict[str, str]) -> bytes:
    """The graph without clutter, with what it says about itself. Raises RunError for one that is not fast or whole."""
    tidy(model)
    onnx.helper.set_model_props(model, told)
    check(model)
    return bytes(model.SerializeToString(deterministic=True))


def multiplied_out(denoiser: Denoiser) -> Denoiser:
    """A copy whose convolutions are plain ones, with norm and gain multiplied into their weights."""
    plain = copy.deepcopy(denoiser)
    for parent in list(plain.modules()):
        for name, child in parent.named_children():
            if isinstance(child, Conv):
                setattr(parent, name, convolution(child))
    return plain


@torch.no_grad()
def convolution(conv: Conv) -> nn.Conv2d:
    """The plain convolution that does what `conv` does: how it answers single pixels is what its weights are.

    Folding 2x2 pixels into channels first is the same as stepping over the picture by two, and needs no copy of it.
    """
    outputs, inputs, size, _ = conv.weight.shape
    pixels = F.pad(torch.eye(inputs)[:, :, None, None], [size // 2] * 4)  # (inputs, inputs, size, size)
    parameters = {"weight": conv.weight, "gain": conv.gain, "bias": torch.zeros(outputs)}
    simple = Conv(inputs, outputs, size, after_silu=conv.scale != 1)
    weight = torch.func.functional_call(simple, parameters, pixels).flip(2, 3).transpose(0, 1)
    step = 2 if isinstance(conv, Fold) else 1
    if step == 2:
        weight = F.pixel_shuffle(weight, 2)
    plain = nn.Conv2d(inputs // step**2, outputs, size * step, stride=step, padding=size // 2 * step)
    plain.weight.copy_(weight)
    plain.bias.copy_(conv.bias)  # type: ignore[union-attr]
    return plain


def tidy(model: onnx.ModelProto) -> None:
    """Remove what only the exporter's authors need: stack traces, notes and inferred shapes."""
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")


def store_in_half(model: onnx.ModelProto, exact: bool = False) -> None:
    """Round the weights to half precision, as which they are stored; the engine makes them float32 when it opens.

    With `exact`, those only that it does not change.
    """
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= SMALLEST:
            name, half = tensor.name, values.astype(np.float16)
            if exact and not np.array_equal(half, values):
                continue
            tensor.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}{HALF}"))
            casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], f"{name}.single", to=FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def check(model: onnx.ModelProto) -> None:
    """Raises RunError for a graph that is not valid, not fast, or not whole."""
    onnx.checker.check_model(model, full_check=True)
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    slow = {node.op_type for node in model.graph.node} & SLOW
    if opset > OPSET or slow:
        raise RunError(f"The graph has opset {opset} and {sorted(slow)}; export with the torch of requirements.txt.")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise RunError("The graph's weights are in another file; export with the torch of requirements.txt.")


def config_hash(config: Config) -> str:
    """SHA-256 of the configuration."""
    return sha256(json.dumps(asdict(config), sort_keys=True).encode()).hexdigest()

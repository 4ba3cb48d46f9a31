"""Our denoiser as an ONNX graph of plain convolutions, norms and gains multiplied into their weights."""

import copy

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional as F

from exporter.graph_metadata import metadata
from firstlight.graph import HALF, INPUTS, OUTPUT, SCALE_INPUT, serialize, to_onnx
from firstlight.untrusted.trust import made
from trainer.network import Conv, Denoiser, Fold

FLOAT = onnx.TensorProto.FLOAT
SMALLEST = 1024  # elements of a tensor that is stored in half precision


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
    model = to_onnx(plain, example, [*INPUTS, SCALE_INPUT][: len(example)], [OUTPUT])
    if config.scale_high:
        store_in_half(model)
    return made(serialize(model, metadata(config, classes)))


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


def store_in_half(model: onnx.ModelProto) -> None:
    """Round the weights to half precision, as which they are stored; the engine makes them float32 when it opens."""
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= SMALLEST:
            name, half = tensor.name, values.astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}{HALF}"))
            casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], f"{name}.single", to=FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)

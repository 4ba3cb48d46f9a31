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

import onnx
import torch
from torch import nn
from torch.nn import functional as F

from store.run import RunError
from trainer.config import Config
from trainer.network import Conv, Denoiser

OPSET = 20  # from 21 on, normalisation layers come apart into some 30 nodes; no layer here needs more
INPUTS, OUTPUT = ("x", "logsnr", "label"), "denoised"
SCALE_INPUT = "guidance"  # one more, of a student
SCALE = "[-1, 1]"  # of pictures
SLOW = {"Swish", "Loop", "If", "Scan", "GroupNormalization"}  # not fused, or in the way of CUDA graphs


def graph_of(denoiser: Denoiser, classes: list[str]) -> bytes:
    """The denoiser as a serialized ONNX model: x (N, C, H, W), logsnr (N,), label (N,) -> denoised, N symbolic.

    A student's takes guidance (N,) too. The class names, the scale of pictures, the hash of the configuration and the
    guidance scales that a student learned are inside. Raises RunError where the
    graph is not what the engine runs fast.
    """
    config = denoiser.config
    plain = multiplied_out(denoiser).cpu().eval()
    batch = torch.export.Dim("batch", min=1)
    example = (
        torch.randn(2, config.channels, config.size, config.size),
        torch.zeros(2),
        torch.zeros(2, dtype=torch.int64),
        *([torch.ones(2)] if config.scale_high else []),
    )
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            plain,
            example,
            input_names=[*INPUTS, SCALE_INPUT][: len(example)],
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamic_shapes=tuple({0: batch} for _ in example),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None  # dynamo=True always returns one
    model = program.model_proto
    tidy(model)
    facts = {"classes": json.dumps(classes, ensure_ascii=False), "scale": SCALE, "config": config_hash(config)}
    if config.scale_high:
        facts["guidance"] = json.dumps([config.scale_low, config.scale_high])
    onnx.helper.set_model_props(model, facts)
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
    """The plain convolution that does what `conv` does: how it answers single pixels is what its weights are."""
    outputs, inputs, size, _ = conv.weight.shape
    plain = nn.Conv2d(inputs, outputs, size, padding=size // 2)
    pixels = F.pad(torch.eye(inputs)[:, :, None, None], [size // 2] * 4)  # (inputs, inputs, size, size)
    silent = torch.func.functional_call(conv, {"bias": torch.zeros(outputs)}, pixels)
    plain.weight.copy_(silent.flip(2, 3).transpose(0, 1))
    plain.bias.copy_(conv.bias)  # type: ignore[union-attr]
    return plain


def tidy(model: onnx.ModelProto) -> None:
    """Remove what only the exporter's authors need: stack traces, notes and inferred shapes."""
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")


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

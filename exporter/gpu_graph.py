"""A student's whole drawing as one graph in half precision, for GPUs: unrolled-half.onnx.

The U-Net is in half precision; what stands around it stays in float32. Needs onnx, and no torch.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from exporter.graph_metadata import scales
from firstlight.errors import RunError
from firstlight.graph import HALF, SCALE_INPUT
from firstlight.parity import Parity, guidance
from firstlight.untrusted.trust import made
from sampler.noise import Noise
from sampler.providers import one_core
from sampler.unrolled_graph import IMAGES, PICTURES, unrolled_graph
from sampler.whole_graph import built_in
from trainer.config import Config

FLOAT, FLOAT16 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
LIMIT = 0.1  # largest difference of any x̂0 after up to four evaluations: 13 of 255
BATCHES = (1, 7, 16)


def half_graph(content: bytes, config: Config) -> tuple[bytes, dict[str, Any]]:
    """The drawing of the student whose denoiser is `content`, and what export.json says of it.

    Raises RunError where it differs from float32 by more than rounding.
    """
    table, drawing = config.table(), built_in(config)
    graph = unrolled_graph(in_half(content), table, drawing)
    report = compared(unrolled_graph(content, table, drawing), graph, config)
    return graph, {"form": "half", "drawing": drawing} | report


def in_half(content: bytes) -> bytes:
    """A denoiser whose convolutions, and what lies between them, are in half precision."""
    model = onnx.load_model_from_string(content)
    Halved(model.graph).write()
    del model.graph.value_info[:]
    return made(model.SerializeToString(deterministic=True))


class Halved:
    """A denoiser's graph that is written anew, node by node."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.half: set[str] = set()  # values in half precision
        self.cast: dict[tuple[str, int], str] = {}  # a value and a type -> the value in it
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        self.singles = {node.output[0]: node.input[0] for node in graph.node if node.input[0].endswith(HALF)}

    def write(self) -> None:
        """Write all nodes."""
        nodes = [node for node in self.graph.node if node.output[0] not in self.singles]
        del self.graph.node[:]
        for node in nodes:
            inputs = list(node.input)
            if node.op_type == "Conv":
                x, *weights = inputs
                inputs = [x if x in self.half else self.turned(x, FLOAT16), *map(self.weight, weights)]
                self.half.add(node.output[0])
            elif self.half.intersection(inputs):
                if all(name in self.half or name in self.stored for name in inputs):
                    self.half.update(node.output)
                else:  # back among what stays in float32
                    inputs = [self.turned(name, FLOAT) if name in self.half else name for name in inputs]
            node.input[:] = [
                self.turned(self.singles[name], FLOAT) if name in self.singles else name for name in inputs
            ]
            self.graph.node.append(node)

    def turned(self, name: str, kind: int) -> str:
        """A value in another precision; the node that makes it so is written once."""
        if (name, kind) not in self.cast:
            self.cast[name, kind] = f"{name}.{'in_half' if kind == FLOAT16 else 'in_single'}"
            made = self.cast[name, kind]
            self.graph.node.append(helper.make_node("Cast", [name], [made], f"{made}.cast", to=kind))
        return self.cast[name, kind]

    def weight(self, name: str) -> str:
        """A convolution's weight or bias in half precision, as which it may be stored."""
        if name in self.singles:
            return self.singles[name]
        tensor = self.stored[name]
        if tensor.data_type == FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), name))
        return name


def compared(single: bytes, half: bytes, config: Config) -> dict[str, Any]:
    """The largest difference of any x̂0 from float32; each label, guidance scales from end to end. Raises RunError."""
    ours, theirs = (one_core(content, Path("unrolled-half.onnx")) for content in (single, half))
    shape, worst, changed = (config.channels, config.size, config.size), Parity(0.0, 0.0, 0, 0), 0.0
    for size in BATCHES:
        inputs = {"x": Noise(range(size), shape).start(), "label": np.arange(size) % (config.classes + 1),
                  SCALE_INPUT: guidance(scales(config), size)[SCALE_INPUT].numpy()}  # fmt: skip
        (right, images), (found, drawn) = (net.run([PICTURES, IMAGES], inputs) for net in (ours, theirs))
        difference = np.nan_to_num(np.abs(right - found), nan=np.inf).max(axis=(1, 2, 3, 4))
        changed = max(changed, float(np.abs(images.astype(int) - drawn).max()))
        if difference.max() >= worst.difference:
            at = float(config.table().logsnr[int(difference.argmax())])
            worst = Parity(float(difference.max()), at, size, sum(BATCHES))
    if not worst.difference <= LIMIT:
        raise RunError(
            f"The drawing in half precision differs from float32 by {worst.difference:.1e}, more than {LIMIT:g}; "
            f"nothing was written: leave out --half."
        )
    return {**asdict(worst), "limit": LIMIT, "bytes": changed, "batches": list(BATCHES)}

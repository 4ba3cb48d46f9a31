"""A student's whole way from noise to picture as one graph, for any number of pictures.

A student knows a few fixed levels only. Written out one after the other, what its network is told about them is
constant, and the engine folds it into the weights, which are in the graph once. Needs onnx, and no torch.
"""

import json
from typing import Any

from firstlight.graph import BATCH_AXIS, INPUTS, OUTPUT
from firstlight.untrusted.trust import made
from sampler.graph_draft import GraphDraft
from sampler.solvers import Table

OWN = "unrolled."  # begins the name of everything that the denoiser's graph does not have already
PICTURES, IMAGES, SUMS = "denoised", "images", "sums"
X, TOLD, _ = INPUTS
FLOAT, UINT8 = 1, 2  # as ONNX numbers them
BYTE = 127.5


def unrolled_graph(content: bytes, table: Table, drawing: dict[str, Any]) -> bytes:
    """The drawing along a table without fresh noise and clipping, of the student whose denoiser is `content`.

    Takes noise x (N, C, H, W), label (N,) and guidance (N,). Returns every x̂0 (K, N, C, H, W); images (K, N, H, W, C)
    uint8, the last the finished picture; and sums (K, N) of each shown picture, no number where one of its pixels is
    none. `drawing` is what it says of itself.
    """
    import onnx

    model = onnx.load_model_from_string(content)
    draft = Unrolled(model.graph)
    denoised, shown = draft.steps(table)
    draft.answers(denoised, shown)
    onnx.helper.set_model_props(
        model, {entry.key: entry.value for entry in model.metadata_props} | {"drawing": json.dumps(drawing)}
    )
    onnx.checker.check_model(model)
    return made(model.SerializeToString(deterministic=True))


class Unrolled(GraphDraft):
    """A student's graph, written once for every level."""

    def __init__(self, graph: Any) -> None:
        super().__init__(graph, OWN)
        self.network = list(graph.node)
        inputs = [each for each in graph.input if each.name != TOLD]
        self.shape = [axis.dim_value for axis in inputs[0].type.tensor_type.shape.dim][1:]
        del graph.node[:], graph.input[:], graph.output[:]
        graph.input.extend(inputs)

    def steps(self, table: Table) -> tuple[list[str], list[str]]:
        """Every x̂0, and what every step shows: its x̂0, and of the last the finished picture."""
        x, history = X, list[str]()
        for k in range(table.steps):
            history.insert(0, self.evaluated(k, x, self.number(table.told[k : k + 1])))
            x = self.node("Mul", self.number(table.a[k]), x)
            for weight, past in zip(table.b[k].tolist(), history, strict=False):
                if weight:
                    x = self.node("Add", x, self.node("Mul", self.number(weight), past))
        denoised = history[::-1]
        return denoised, [*denoised[:-1], x]

    def evaluated(self, turn: int, x: str, told: str) -> str:
        """The network's answer: what depends on neither x nor the level is computed in the first turn, for all."""
        from onnx import NodeProto

        names = {X: x, TOLD: told}
        for each in self.network:
            depends = any(name in names for name in each.input)
            if turn and not depends:
                continue
            node = NodeProto()
            node.CopyFrom(each)
            if depends:
                node.name = each.name and f"{OWN}{turn}.{each.name}"
                names |= {name: f"{OWN}{turn}.{name}" for name in each.output}
                node.input[:] = [names.get(name, name) for name in each.input]
                node.output[:] = [names[name] for name in each.output]
            self.graph.node.append(node)
        return names[OUTPUT]

    def answers(self, denoised: list[str], shown: list[str]) -> None:
        """What the graph returns."""
        steps, (channels, height, width) = len(denoised), self.shape
        for name, values in ((PICTURES, denoised), ("shown", shown)):
            parts = [self.node("Unsqueeze", value, self.number([0], "int64")) for value in values]
            self.node("Concat", *parts, name=f"{OWN}{name}", axis=0)
        one = self.number(1.0)
        cut = self.node("Clip", f"{OWN}shown", self.number(-1.0), one)
        scaled = self.node("Round", self.node("Mul", self.node("Add", cut, one), self.number(BYTE)))
        pixels = self.node("Cast", self.node("Transpose", scaled, perm=[0, 1, 3, 4, 2]), to=UINT8)
        sums = self.node("ReduceSum", f"{OWN}shown", self.number([2, 3, 4], "int64"), keepdims=0)
        self.give(PICTURES, f"{OWN}{PICTURES}", FLOAT, (steps, BATCH_AXIS, channels, height, width))
        self.give(IMAGES, pixels, UINT8, (steps, BATCH_AXIS, height, width, channels))
        self.give(SUMS, sums, FLOAT, (steps, BATCH_AXIS))

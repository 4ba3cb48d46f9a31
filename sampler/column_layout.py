"""Our network's graph laid out in columns, for a CPU: the same answer with half of the multiplications.

Rows and filters are evaluated at points before they are multiplied (sampler/winograd.py). With pictures laid out as
(W, C, H, N) evaluating is one matrix product from the left, as is the way back, and the multiplications are one
convolution with a group for every point. Channels are in the engine's blocks from the first convolution to the last
(sampler/channel_blocks.py): nothing moves in memory in between. Needs onnx, and no torch.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.untrusted.trust import made
from sampler.channel_blocks import DOMAIN, block_size
from sampler.filter_order import in_blocks, stepping, unfolding
from sampler.graph_draft import GraphDraft
from sampler.winograd import TAPS, points

FEW = 16  # outputs of a convolution that are moved and added up by themselves: fewer than evaluating would cost
OWN = "columns."  # begins the name of everything that the graph does not have already
AXES = [3, 1, 2, 0]  # from (N, C, H, W) to (W, C, H, N), and back

Numbers = NDArray[Any]


class Unknown(Exception):
    """A graph that holds something else than our network does."""


@dataclass(frozen=True)
class Picture:
    """A value of the graph that is laid out in columns, (W, C, H, N)."""

    name: str
    width: int
    channels: int
    height: int
    blocked: bool  # whether its channels are in blocks


def in_columns(content: bytes) -> bytes | None:
    """The same denoiser with its pictures laid out in columns inside; None for a graph that is not of our network.

    `content` is a graph that is ours (firstlight/untrusted/trust.py), and so is what comes of it.
    """
    import onnx

    model, block = onnx.load_model_from_string(content), block_size()
    try:
        Layout(model.graph, onnx.shape_inference.infer_shapes(model).graph, block).lay_out()
    except Unknown:
        return None
    if block > 1:
        model.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    return made(model.SerializeToString(deterministic=True))


class Layout(GraphDraft):
    """A denoiser's graph that is written anew, node by node."""

    def __init__(self, graph: Any, inferred: Any, block: int) -> None:
        super().__init__(graph, OWN)
        self.block = block
        self.shapes = {
            value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim]
            for value in (*inferred.input, *inferred.value_info, *inferred.output)
        }
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes = list(graph.node)
        self.users: dict[str, list[Any]] = defaultdict(list)  # of a value
        for node in self.nodes:
            for name in node.input:
                self.users[name].append(node)
        self.pictures: dict[str, Picture] = {}
        self.folded: dict[str, Picture] = {}  # on the way to being folded 2x2 into channels, as older exports do it
        self.waiting: dict[str, Any] = {}  # nodes of convolutions, by what they make, until something is added to it
        self.casts = {node.output[0]: node.input[0] for node in self.nodes if node.op_type == "Cast"}

    def lay_out(self) -> None:
        """Write all nodes. Raises Unknown."""
        del self.graph.node[:]
        (picture, *_), (result,) = self.graph.input, self.graph.output
        _, channels, height, width = self.shapes[picture.name]
        turned = self.node("Transpose", picture.name, perm=AXES)
        self.pictures[picture.name] = Picture(turned, width, channels, height, blocked=False)
        for node in self.nodes:
            if not any(name in known for name in node.input for known in (self.pictures, self.folded, self.waiting)):
                self.graph.node.append(node)
                continue
            write = {"Conv": self.convolution, "DepthToSpace": self.unfolded, "Concat": self.joined, "Add": self.added,
                     "Mul": self.elementwise, "Sigmoid": self.elementwise, "Reshape": self.folding,
                     "Transpose": self.folding}.get(node.op_type)  # fmt: skip
            if write is None:
                raise Unknown
            write(node)
        if result.name not in self.pictures:
            raise Unknown
        self.node("Transpose", self.name_of(self.pictures[result.name], blocked=False), name=result.name, perm=AXES)
        self.leave_what_is_used()

    def shaped(self, name: str, *shape: int) -> str:
        return self.node("Reshape", name, self.number(shape, np.int64))

    def fits(self, channels: int) -> bool:
        """Whether so many channels are whole blocks."""
        return self.block > 1 and channels % self.block == 0

    def name_of(self, picture: Picture, blocked: bool) -> str:
        """The picture's name, its channels in blocks or out of them."""
        if picture.blocked == blocked:
            return picture.name
        if blocked:
            return self.node("ReorderInput", picture.name, domain=DOMAIN)
        return self.node("ReorderOutput", picture.name, domain=DOMAIN, channels=picture.channels)

    def weights(self, name: str) -> Numbers:
        """What a weight is. Raises Unknown for one that is computed."""
        from onnx import numpy_helper

        tensor = self.stored.get(self.casts.get(name, name))
        if tensor is None:
            raise Unknown
        return numpy_helper.to_array(tensor)

    def bias(self, node: Any) -> Numbers:
        """What a convolution adds; exporters leave out a bias of zero."""
        return self.weights(node.input[2]) if len(node.input) > 2 else np.zeros(len(self.weights(node.input[1])))

    def convolution(self, node: Any) -> None:
        """A convolution of pictures; one of rows waits for what is added to it."""
        found = {each.name: list(each.ints) or each.i for each in node.attribute}
        weights, steps = self.weights(node.input[1]), found.get("strides", [1, 1])
        picture = self.folded.get(node.input[0]) or self.pictures.get(node.input[0])
        if node.input[0] in self.folded and steps == [1, 1]:  # the same as stepping over the picture by two
            weights, steps, found["pads"] = stepping(weights), [2, 2], [2 * each for each in found.get("pads", [])]
        outputs, _, size, across = weights.shape
        step, pad = steps[0], (size - steps[0]) // 2
        usual = (size, [step] * 2, [pad] * 4, [1, 1], 1)
        if picture is None or usual != (across, steps, found.get("pads"), found.get("dilations"), found.get("group")):
            raise Unknown
        follow, bias = [each.op_type for each in self.users[node.output[0]]], self.bias(node)
        unfolds = follow == ["DepthToSpace"]
        if unfolds:
            weights, bias = (unfolding(each) for each in (weights, bias))
        if (size, step) == (TAPS, 1) and outputs > FEW:
            if follow != ["Add"]:
                raise Unknown
            self.waiting[node.output[0]] = node
        elif (size, step) == (TAPS, 1):
            self.pictures[node.output[0]] = self.moved(picture, weights, bias)
        else:
            blocked = self.fits(outputs // 4 if unfolds else outputs)
            self.pictures[node.output[0]] = self.each_column(picture, weights, bias, step, blocked)

    def each_column(self, picture: Picture, weights: Numbers, bias: Numbers, step: int, blocked: bool) -> Picture:
        """A convolution of each column with those it looks at as its channels; `blocked`: what comes of it."""
        (outputs, channels, size, _), width, inside = weights.shape, picture.width, picture.blocked and blocked
        columns, height, name = width // step, picture.height // step, self.name_of(picture, inside)
        if size > step:  # columns that are looked at twice are repeated
            seen = np.arange(0, width, step)[:, None] + np.arange(size) - (size - step) // 2
            matrix = self.number(seen.flatten()[:, None] == np.arange(width))
            name = self.node("MatMul", matrix, self.shaped(name, width, -1))
        if step > 1:
            name = self.shaped(name, columns, size * channels, picture.height, -1)
        tall = weights.transpose(0, 3, 1, 2).reshape(outputs, -1, size, 1)
        made = Picture(self.columns(name, tall, bias, inside, step), columns, outputs, height, inside)
        return replace(made, name=self.name_of(made, blocked), blocked=blocked)

    def columns(self, name: str, filters: Numbers, bias: Numbers, blocked: bool, step: int = 1, group: int = 1) -> str:
        """Columns (N, C, H, 1) convolved with filters (O, C / group, taps, 1), the height kept or divided by `step`."""
        size = filters.shape[2]
        known: dict[str, Any] = {"kernel_shape": [size, 1], "strides": [step, 1], "dilations": [1, 1], "group": group}
        known["pads"] = [(size - step) // 2, 0, (size - step) // 2, 0]
        if blocked:
            filters, known["domain"] = in_blocks(filters, self.block), DOMAIN
        return self.node("Conv", name, self.number(filters), self.number(bias), **known)

    def moved(self, picture: Picture, weights: Numbers, bias: Numbers) -> Picture:
        """A 3x3 convolution to few channels: every tap of the width by itself, moved and added up."""
        outputs, width = len(weights), picture.width
        taps = weights.transpose(3, 0, 1, 2).reshape(TAPS * outputs, -1, TAPS, 1)
        middle = np.zeros((TAPS, outputs))
        middle[TAPS // 2] = bias
        name = self.columns(self.name_of(picture, blocked=False), taps, middle.flatten(), blocked=False)
        seen = np.arange(width)[:, None] + np.arange(TAPS) - TAPS // 2  # the column that a tap looks at
        matrix = self.number((seen[:, None] == np.arange(width)[:, None]).reshape(width, -1))
        added = self.node("MatMul", matrix, self.shaped(name, width * TAPS, -1))
        return Picture(self.shaped(added, width, outputs, picture.height, -1), width, outputs, picture.height, False)

    def added(self, node: Any) -> None:
        """A sum; a convolution of rows is made together with what is added to it."""
        rows = [name for name in node.input if name in self.waiting]
        if not rows:
            self.elementwise(node)
            return
        if len(rows) != 1:
            raise Unknown
        convolution = self.waiting.pop(rows[0])
        picture, weights = self.pictures[convolution.input[0]], self.weights(convolution.input[1])
        (other,) = (name for name in node.input if name != rows[0])
        self.pictures[node.output[0]] = self.row(picture, weights, self.bias(convolution), other)

    def row(self, picture: Picture, weights: Numbers, bias: Numbers, other: str) -> Picture:
        """A 3x3 convolution, evaluated along the width, and the value `other` of the plain graph added."""
        (outputs, channels, *_), size, height = weights.shape, picture.width, picture.height
        before, taps, after, parts = points(size)
        groups, blocked = len(taps), picture.blocked and self.fits(outputs)
        if other in self.pictures:
            more = self.shaped(self.name_of(self.pictures[other], blocked), size, -1)
        else:
            more = self.for_each_channel(other, outputs, height, blocked)
        evaluated = self.node("MatMul", self.number(before), self.shaped(self.name_of(picture, blocked), size, -1))
        filters = (taps @ np.moveaxis(weights, 3, 0).reshape(TAPS, -1)).reshape(-1, channels, TAPS, 1)
        even = np.linalg.pinv(after).sum(1)[:groups]  # what makes every pixel 1 on the way back
        multiplied = self.columns(
            self.shaped(evaluated, parts, groups * channels, height, -1), filters, np.outer(even, bias).flatten(),
            blocked, group=groups,
        )  # fmt: skip
        made = self.node("Gemm", self.number(after), self.shaped(multiplied, parts * groups, -1), more)
        return Picture(self.shaped(made, size, outputs, height, -1), size, outputs, height, blocked)

    def for_each_channel(self, name: str, channels: int, height: int, blocked: bool) -> str:
        """One number for each channel (N, C, 1, 1) of a whole column, (1, C·H·N)."""
        if self.shapes.get(name, [])[1:] != [channels, 1, 1]:
            raise Unknown
        block = self.block if blocked else 1
        apart = self.shaped(name, -1, channels // block, block)
        turned = self.node("Transpose", apart, perm=[1, 0, 2])  # (C / B, N, B)
        spread = self.node(
            "Expand", self.shaped(turned, channels // block, 1, -1), self.number([1, height, 1], np.int64)
        )
        return self.shaped(spread, 1, -1)

    def turned(self, name: str) -> str:
        """A value beside the pictures, such as one number a picture, with its axes in their order."""
        if name in self.stored and not self.stored[name].dims:
            return name
        if len(self.shapes.get(name, [])) != 4:
            raise Unknown
        return self.node("Transpose", name, perm=AXES)

    def elementwise(self, node: Any) -> None:
        first = next(self.pictures[name] for name in node.input if name in self.pictures)
        known = [self.pictures.get(name) for name in node.input]
        if first.blocked and None in known:
            raise Unknown
        names = [
            self.name_of(picture, first.blocked) if picture else self.turned(name)
            for name, picture in zip(node.input, known, strict=True)
        ]
        self.pictures[node.output[0]] = replace(first, name=self.node(node.op_type, *names))

    def joined(self, node: Any) -> None:
        if not all(name in self.pictures for name in node.input) or [each.i for each in node.attribute] != [1]:
            raise Unknown
        parts = [self.pictures[name] for name in node.input]
        blocked = all(part.blocked for part in parts)
        made = self.node("Concat", *(self.name_of(part, blocked) for part in parts), axis=1)
        channels = sum(part.channels for part in parts)
        self.pictures[node.output[0]] = replace(parts[0], name=made, channels=channels, blocked=blocked)

    def folding(self, node: Any) -> None:
        """One of three nodes that fold pictures (N, C, H, W) 2x2 into (N, (C, row, column), H / 2, W / 2)."""
        picture = self.folded.get(node.input[0]) or self.pictures[node.input[0]]
        channels, height, width = picture.channels, picture.height // 2, picture.width // 2
        follow = {
            ("Reshape", 4): [channels, height, 2, width, 2],
            ("Transpose", 6): [channels, 2, 2, height, width],
            ("Reshape", 6): [4 * channels, height, width],
        }
        before, after = (self.shapes.get(name, []) for name in (node.input[0], node.output[0]))
        if after[1:] != follow.get((node.op_type, len(before))):
            raise Unknown
        self.folded[node.output[0]] = picture

    def unfolded(self, node: Any) -> None:
        """Channels, which the convolution before made in the order (row, column, C), unfolded 2x2 into pixels."""
        found = {each.name: each.s.decode() or each.i for each in node.attribute}
        if found != {"mode": "CRD", "blocksize": 2}:
            raise Unknown
        picture = self.pictures[node.input[0]]
        width, channels, height = 2 * picture.width, picture.channels // 4, 2 * picture.height
        half = picture.channels // 2 // (self.block if picture.blocked else 1) * picture.height
        rows = self.shaped(picture.name, picture.width, 2, half, -1)
        at = [self.number([value], np.int64) for value in (0, 1, 2)]
        halves = [
            self.shaped(self.node("Slice", rows, at[row], at[row + 1], at[1]), picture.width, half, -1)
            for row in (0, 1)
        ]
        made = self.shaped(self.node("Concat", *halves, axis=2), width, channels, height, -1)
        self.pictures[node.output[0]] = Picture(made, width, channels, height, picture.blocked)

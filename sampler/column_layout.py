"""Our network's graph laid out in columns, for a CPU: the same answer with half of the multiplications.

Rows and filters are evaluated at points before they are multiplied (sampler/winograd.py). With pictures laid out as
(W, C, H, N) evaluating is one matrix product from the left, as is the way back, and the multiplications are one
convolution with a group for every point: nothing moves in memory in between. Needs onnx, and no torch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.untrusted.trust import made
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


def in_columns(content: bytes) -> bytes | None:
    """The same denoiser with its pictures laid out in columns inside; None for a graph that is not of our network.

    `content` is a graph that is ours (firstlight/untrusted/trust.py), and so is what comes of it.
    """
    import onnx

    model = onnx.load_model_from_string(content)
    try:
        Layout(model.graph, onnx.shape_inference.infer_shapes(model).graph).lay_out()
    except Unknown:
        return None
    onnx.checker.check_model(model)
    return made(model.SerializeToString(deterministic=True))


class Layout(GraphDraft):
    """A denoiser's graph that is written anew, node by node."""

    def __init__(self, graph: Any, inferred: Any) -> None:
        super().__init__(graph, OWN)
        self.shapes = {
            value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim]
            for value in (*inferred.input, *inferred.value_info, *inferred.output)
        }
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes = list(graph.node)
        self.users = {
            name: [node for node in self.nodes if name in node.input] for node in self.nodes for name in node.output
        }
        self.pictures: dict[str, Picture] = {}
        self.folded: dict[str, Picture] = {}  # on the way to being folded 2x2 into channels, as older exports do it
        self.waiting: dict[str, Any] = {}  # nodes of convolutions, by what they make, until something is added to it
        self.casts = {node.output[0]: node.input[0] for node in self.nodes if node.op_type == "Cast"}

    def lay_out(self) -> None:
        """Write all nodes. Raises Unknown."""
        del self.graph.node[:]
        (picture, *_), (result,) = self.graph.input, self.graph.output
        _, channels, height, width = self.shapes[picture.name]
        self.keep(picture.name, self.node("Transpose", picture.name, perm=AXES), width, channels, height)
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
        self.node("Transpose", self.pictures[result.name].name, name=result.name, perm=AXES)
        self.leave_what_is_used()

    def leave_what_is_used(self) -> None:
        """Drop nodes and weights of the plain graph that nothing needs any more."""
        used = {value.name for value in self.graph.output}
        nodes = []
        for node in reversed(self.graph.node):
            if used.intersection(node.output):
                nodes.append(node)
                used.update(node.input)
        weights = [tensor for tensor in self.graph.initializer if tensor.name in used]
        del self.graph.node[:], self.graph.initializer[:]
        self.graph.node.extend(reversed(nodes))
        self.graph.initializer.extend(weights)

    def shaped(self, name: str, *shape: int) -> str:
        return self.node("Reshape", name, self.number(shape, np.int64))

    def keep(self, name: str, made: str, width: int, channels: int, height: int) -> None:
        """Remember the picture that stands for the value `name` of the plain graph."""
        self.pictures[name] = Picture(made, width, channels, height)

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

    def weight(self, values: Numbers) -> str:
        """The name of a weight as float32, stored as precisely as it was."""
        name = self.number(values, values.dtype)
        return name if values.dtype == np.float32 else self.node("Cast", name, to=1)

    def convolution(self, node: Any) -> None:
        """A convolution of pictures; one of rows waits for what is added to it."""
        found = {each.name: list(each.ints) or each.i for each in node.attribute}
        weights, steps = self.weights(node.input[1]), found.get("strides", [1, 1])
        picture = self.folded.get(node.input[0]) or self.pictures.get(node.input[0])
        if node.input[0] in self.folded and steps == [1, 1]:  # the same as stepping over the picture by two
            weights, steps, found["pads"] = _stepping(weights), [2, 2], [2 * each for each in found.get("pads", [])]
        outputs, _, size, across = weights.shape
        step, pad = steps[0], (size - steps[0]) // 2
        usual = (size, [step] * 2, [pad] * 4, [1, 1], 1)
        if picture is None or usual != (across, steps, found.get("pads"), found.get("dilations"), found.get("group")):
            raise Unknown
        follow = self.users[node.output[0]]
        unfolds = [each.op_type for each in follow] == ["DepthToSpace"]
        bias = self.bias(node)
        if unfolds:
            weights, bias = (_unfolding(each) for each in (weights, bias))
        width, height = picture.width // step, picture.height // step
        if (size, step) == (TAPS, 1) and outputs > FEW:
            if unfolds or [each.op_type for each in follow] != ["Add"]:
                raise Unknown
            self.waiting[node.output[0]] = node
            return
        if (size, step) == (TAPS, 1):
            made = self.moved(picture, weights, bias)
        else:
            made = self.each_column(picture, weights, bias, step)
        self.keep(node.output[0], made, width, outputs, height)

    def each_column(self, picture: Picture, weights: Numbers, bias: Numbers, step: int) -> str:
        """A convolution of each column with those it looks at as its channels."""
        size, width = weights.shape[2], picture.width
        columns, name = width // step, picture.name
        if size > step:  # columns that are looked at twice are repeated
            seen = np.arange(0, width, step)[:, None] + np.arange(size) - (size - step) // 2
            matrix = self.number(seen.flatten()[:, None] == np.arange(width))
            name = self.node("MatMul", matrix, self.shaped(name, width, -1))
        if step > 1:
            name = self.shaped(name, columns, size * picture.channels, picture.height, -1)
        tall = weights.transpose(0, 3, 1, 2).reshape(len(weights), -1, size, 1)
        pad = (size - step) // 2
        return self.node("Conv", name, self.weight(tall), self.number(bias), kernel_shape=[size, 1], strides=[step, 1],
                         pads=[pad, 0, pad, 0])  # fmt: skip

    def moved(self, picture: Picture, weights: Numbers, bias: Numbers) -> str:
        """A 3x3 convolution to few channels: every tap of the width by itself, moved and added up."""
        outputs, width = len(weights), picture.width
        taps = weights.transpose(3, 0, 1, 2).reshape(TAPS * outputs, -1, TAPS, 1)
        middle = np.zeros((TAPS, outputs), np.float32)
        middle[TAPS // 2] = bias
        name = self.node("Conv", picture.name, self.weight(taps), self.number(middle.flatten()), kernel_shape=[TAPS, 1],
                         strides=[1, 1], pads=[1, 0, 1, 0])  # fmt: skip
        seen = np.arange(width)[:, None] + np.arange(TAPS) - TAPS // 2  # the column that a tap looks at
        matrix = self.number((seen[:, None] == np.arange(width)[:, None]).reshape(width, -1))
        added = self.node("MatMul", matrix, self.shaped(name, width * TAPS, -1))
        return self.shaped(added, width, outputs, picture.height, -1)

    def added(self, node: Any) -> None:
        """A sum; a convolution of rows is made together with what is added to it."""
        rows = [name for name in node.input if name in self.waiting]
        if not rows:
            self.elementwise(node)
            return
        if len(rows) != 1:
            raise Unknown
        convolved = self.waiting.pop(rows[0])
        picture, weights = self.pictures[convolved.input[0]], self.weights(convolved.input[1])
        (outputs, channels, *_), size, height = weights.shape, picture.width, picture.height
        (other,) = (name for name in node.input if name != rows[0])
        if other in self.pictures:
            more = self.shaped(self.pictures[other].name, size, -1)
        else:  # one number for each channel
            whole = self.node("Expand", self.turned(other), self.number([1, 1, height, 1], np.int64))
            more = self.shaped(whole, 1, -1)
        before, taps, after, parts = points(size)
        groups = len(taps)
        evaluated = self.node("MatMul", self.number(before), self.shaped(picture.name, size, -1))
        by_tap = self.weight(np.moveaxis(weights, 3, 0).reshape(TAPS, -1))
        filters = self.shaped(self.node("MatMul", self.number(taps), by_tap), groups * outputs, channels, TAPS, 1)
        even = np.linalg.pinv(after).sum(1)  # what makes every pixel 1 on the way back
        bias = self.number(np.outer(even[:groups], self.bias(convolved)).flatten())
        multiplied = self.node("Conv", self.shaped(evaluated, parts, groups * channels, height, -1), filters, bias,
                               kernel_shape=[TAPS, 1], pads=[1, 0, 1, 0], strides=[1, 1], group=groups)  # fmt: skip
        made = self.node("Gemm", self.number(after), self.shaped(multiplied, parts * groups, -1), more)
        self.keep(node.output[0], self.shaped(made, size, outputs, height, -1), size, outputs, height)

    def turned(self, name: str) -> str:
        """A value beside the pictures, such as one number a picture, with its axes in their order."""
        if name in self.stored and not self.stored[name].dims:
            return name
        if len(self.shapes.get(name, [])) != 4:
            raise Unknown
        return self.node("Transpose", name, perm=AXES)

    def elementwise(self, node: Any) -> None:
        picture = next(self.pictures[name] for name in node.input if name in self.pictures)
        names = [self.pictures[name].name if name in self.pictures else self.turned(name) for name in node.input]
        made = self.node(node.op_type, *names)
        self.keep(node.output[0], made, picture.width, picture.channels, picture.height)

    def joined(self, node: Any) -> None:
        if not all(name in self.pictures for name in node.input) or [each.i for each in node.attribute] != [1]:
            raise Unknown
        parts = [self.pictures[name] for name in node.input]
        made = self.node("Concat", *(part.name for part in parts), axis=1)
        self.keep(node.output[0], made, parts[0].width, sum(part.channels for part in parts), parts[0].height)

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
        half = picture.channels // 2 * picture.height  # of the even rows, and of the odd ones
        rows = self.shaped(picture.name, picture.width, 2, half, -1)
        at = [self.number([value], np.int64) for value in (0, 1, 2)]
        halves = [
            self.shaped(self.node("Slice", rows, at[row], at[row + 1], at[1]), picture.width, half, -1)
            for row in (0, 1)
        ]
        made = self.shaped(self.node("Concat", *halves, axis=2), width, channels, height, -1)
        self.keep(node.output[0], made, width, channels, height)


def _unfolding(part: Numbers) -> Numbers:
    """Output channels (C, row, column) in the order (row, column, C)."""
    by_pixel = part.reshape(-1, 2, 2, *part.shape[1:])
    return np.moveaxis(by_pixel, 0, 2).reshape(part.shape)


def _stepping(weights: Numbers) -> Numbers:
    """Weights (O, (C, row, column), k, k) of a convolution of folded pictures, for the pictures (O, C, 2k, 2k)."""
    outputs, channels, size, _ = weights.shape
    apart = weights.reshape(outputs, channels // 4, 2, 2, size, size).transpose(0, 1, 4, 2, 5, 3)
    return apart.reshape(outputs, channels // 4, 2 * size, 2 * size)

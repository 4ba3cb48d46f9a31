"""An ONNX graph that is being written: a node or a constant at a time, each with a name of its own. Needs onnx."""

from typing import Any

import numpy as np


class GraphDraft:
    """A graph, and the nodes that are put behind all others; the names of what they make begin with `own`."""

    def __init__(self, graph: Any, own: str) -> None:
        self.graph, self.own, self.count = graph, own, 0

    def node(self, kind: str, *names: str, name: str = "", **attributes: Any) -> str:
        """Put a node behind all others; the name of what it makes."""
        from onnx import helper

        self.count += 1
        name = name or f"{self.own}{self.count}"
        outputs = [name, f"{name}.places"] if kind == "TopK" else [name]
        self.graph.node.append(
            helper.make_node(kind, list(names), outputs, f"{self.own}node{self.count}", **attributes)
        )
        return name

    def number(self, value: Any, kind: Any = np.float32) -> str:
        """The name of a constant."""
        from onnx import numpy_helper

        self.count += 1
        name = f"{self.own}{self.count}"
        self.graph.initializer.append(numpy_helper.from_array(np.array(value, kind, order="C"), name))
        return name

    def take(self, name: str, kind: int, shape: tuple[Any, ...]) -> None:
        """Let the graph take a value, of a type as ONNX numbers them."""
        from onnx import helper

        self.graph.input.append(helper.make_tensor_value_info(name, kind, shape))

    def give(self, name: str, value: str, kind: int, shape: tuple[Any, ...]) -> None:
        """Let the graph answer with a value that it has, under a name."""
        from onnx import helper

        self.node("Identity", value, name=name)
        self.graph.output.append(helper.make_tensor_value_info(name, kind, shape))

    def leave_what_is_used(self) -> None:
        """Drop nodes and weights that nothing needs any more."""
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

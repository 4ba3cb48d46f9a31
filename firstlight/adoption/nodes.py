"""Arithmetic that writes the nodes of an ONNX graph: values with +, -, *, / and **, and operators by name."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

FLOAT = np.float32


class Nodes:
    """A graph as it grows; onnx is imported inside the calls."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: Any, kind: Any = FLOAT) -> "Value":
        """A value that is part of the graph."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return Value(self, name)

    def op(self, kind: str, *inputs: "Value", output: str = "", **attributes: Any) -> "Value":
        """The first output of an ONNX operator."""
        from onnx import helper

        name = output or f"fold_{len(self.nodes)}"
        names = [value.name for value in inputs]
        self.nodes.append(helper.make_node(kind, names, [name], **attributes))
        return Value(self, name)


class Value:
    """A float of the graph, or whatever an operator took; numbers beside it become constants."""

    __array_priority__ = 1000  # numpy's own numbers leave the arithmetic to this class

    def __init__(self, graph: Nodes, name: str) -> None:
        self.graph, self.name = graph, name

    def _with(self, kind: str, other: Any, swapped: bool = False) -> "Value":
        beside = other if isinstance(other, Value) else self.graph.constant(other)
        return self.graph.op(kind, *((beside, self) if swapped else (self, beside)))

    def __add__(self, other: Any) -> "Value":
        return self._with("Add", other)

    def __sub__(self, other: Any) -> "Value":
        return self._with("Sub", other)

    def __rsub__(self, other: Any) -> "Value":
        return self._with("Sub", other, swapped=True)

    def __mul__(self, other: Any) -> "Value":
        return self._with("Mul", other)

    def __truediv__(self, other: Any) -> "Value":
        return self._with("Div", other)

    def __rtruediv__(self, other: Any) -> "Value":
        return self._with("Div", other, swapped=True)

    def __pow__(self, exponent: float) -> "Value":
        return self * self if exponent == 2 else self.graph.op("Sqrt", self)

    def __neg__(self) -> "Value":
        return self.graph.op("Neg", self)

    __radd__, __rmul__ = __add__, __mul__

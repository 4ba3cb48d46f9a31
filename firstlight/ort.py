"""ONNX Runtime, loaded so that it reports to nobody. Whatever needs it here takes it from here, and nowhere else.

from firstlight.ort import ort   # loads it, at the first time
"""

from typing import TYPE_CHECKING, Any

from firstlight.telemetry import switched_off

if TYPE_CHECKING:
    import onnxruntime as ort

__all__ = ["ort"]


def __getattr__(name: str) -> Any:
    if name != "ort":
        raise AttributeError(name)
    with switched_off():
        import onnxruntime

    return onnxruntime

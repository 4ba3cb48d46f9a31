"""ONNX Runtime, loaded so that it reports to nobody. Whatever needs it here takes it from here, and nowhere else."""

from firstlight.telemetry import switched_off

with switched_off():
    import onnxruntime as ort

__all__ = ["ort"]

"""Graphs from elsewhere, hostile until shown otherwise: looked at before ONNX Runtime sees them, run within limits."""

"""From torch to ONNX: the denoiser as one file that draws without torch, and the proof that it draws the same.

The seam is here because this is the only place where both runtimes are loaded. Use: exporter.export.export(run).
"""

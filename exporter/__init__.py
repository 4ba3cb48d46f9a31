"""From torch to ONNX: our denoiser as one file that draws without torch, and how far it is from torch."""

"""Noise into pictures: solver tables, one loop, guidance, and the exported denoiser."""

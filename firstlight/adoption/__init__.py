"""Any trained network as a run: its convention folded into our denoiser."""

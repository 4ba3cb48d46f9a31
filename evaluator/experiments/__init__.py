"""Experiments on a run's denoiser: cloning, U-turn, label swap, ablations, posterior, the diffusion classifier."""

"""Experiments on a run's denoiser: cloning, U-turn, label swap, and the class that it sees in pictures.

The seam is here because each takes minutes on a processor, stands alone, and needs nothing but the exported graph.
"""

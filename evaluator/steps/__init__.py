"""Steps against quality: what every solver, and every student, draws with few evaluations of the network and with many.

The seam is here because a cell of that comparison is pictures like any others: drawn, judged and timed by the same
code, and kept until the denoiser changes.
"""

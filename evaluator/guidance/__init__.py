"""Guidance laws compared: the same noise under every law, scale and number of steps, before judges that did not guide.

The seam is here because the laws are the sampler's and judge nothing; what they are worth is measured here.
"""

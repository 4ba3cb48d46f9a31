"""Guidance laws compared: the same noise under every law, scale and number of steps, before another judge."""

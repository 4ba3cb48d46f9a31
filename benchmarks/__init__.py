"""Races: how fast pictures come, ours beside what others use. `python -m benchmarks sampling`, or `make bench`.

The seam is here because peers are no requirements of the product: nothing else imports this room, and what it races is
installed from requirements-bench.txt.
"""

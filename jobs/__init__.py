"""Commands as jobs: each in a process of its own that outlives whoever started it, told by its files."""

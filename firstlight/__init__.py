"""Firstlight's ground floor: what a run folder is and how one is written, importable from anybody's program."""

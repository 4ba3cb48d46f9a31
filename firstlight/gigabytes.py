"""How much of a disk something may take, as the environment says it."""

import os

from firstlight.errors import RunError


def gigabytes(name: str, usual: float, none: bool = False) -> int:
    """What a variable of the environment says, in bytes; `none`: 0 too. Raises RunError for what is no number."""
    said = os.environ.get(name, "")
    try:
        most = float(said or usual)
    except ValueError:
        most = -1.0
    if not (most >= 0 if none else most > 0) or not most < 1e9:
        raise RunError(f"{name}={said[:40]} is no number of gigabytes; set it to one such as {usual:.0f}.")
    return int(most * 1e9)

"""Numbers as programs hand them over: Python's, numpy's, or a tensor of one element."""

import math
import operator
from typing import Any

from firstlight.errors import RunError
from firstlight.picture_bytes import array_of


def whole(value: Any, what: str = "A step") -> int:
    """A whole number from 0 on that fits 64 bits. Raises RunError for anything else."""
    try:
        number = operator.index(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError):
        number = int(value) if isinstance(value, float) and value.is_integer() else -1
    if not 0 <= number < 1 << 63:
        raise RunError(f"{what} is a whole number from 0 on, not {str(value)[:50]!r}; count from 0.")
    return number


def wholes(values: Any, count: int, what: str) -> list[int]:
    """`count` whole numbers from 0 on. Raises RunError for anything else."""
    if values is None:
        return list(range(count))
    held = array_of(values).ravel().tolist()
    if len(held) != count:
        raise RunError(f"{len(held)} {what} for {count} pictures; give one for each.")
    return [whole(value, f"Each of the {what}") for value in held]


def number(name: Any, value: Any) -> float:
    """A metric's value; NaN and infinities are numbers here. Raises RunError for what is none."""
    try:
        if not isinstance(value, (str, bytes)):
            return float(value.item() if hasattr(value, "item") else value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError, RuntimeError):
        pass
    raise RunError(f"{str(name)[:50]} is {str(value)[:50]!r}, which is not one number; log a number for each metric.")

"""Anything that somebody calls a configuration, as JSON that every reader takes.

What is no JSON is kept as its text: paths, arrays, functions, numbers beyond 64 bits, not-a-number.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

LONGEST = 2_000  # characters of a text
MOST = 1_000  # entries of a list or mapping
DEEPEST = 12  # lists in lists
LARGEST = 1 << 20  # bytes of all settings together


def as_settings(config: Any) -> dict[str, Any]:
    """The settings by name: of a mapping, a namespace, a dataclass, or of anything else its text as `config`."""
    if config is None:
        return {}
    found = plain(config)
    named: dict[str, Any] = found if isinstance(found, dict) else {"config": found}
    room, kept = LARGEST, dict[str, Any]()
    for name, value in named.items():
        room -= len(json.dumps([name, value], ensure_ascii=False).encode())
        if room < 0:
            kept["..."] = f"{len(named) - len(kept)} more that do not fit"
            break
        kept[name] = value
    return kept


def plain(value: Any, inside: tuple[int, ...] = ()) -> Any:
    """The value as JSON; inside: what holds it, which it may not hold itself."""
    if value is None or isinstance(value, bool):
        return value
    if (type(value) is int and abs(value) < 1 << 63) or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, str):
        return clean(str(value))
    if id(value) in inside or len(inside) >= DEEPEST:
        return text_of(value)
    inside = (*inside, id(value))
    if isinstance(value, (list, tuple)) and len(value) <= MOST:
        return [plain(each, inside) for each in value]
    held = _fields(value)
    if held is None or len(held) > MOST:
        return plain(_number(value), inside) if _number(value) is not None else text_of(value)
    return {text_of(name): plain(each, inside) for name, each in held.items()}


def _fields(value: Any) -> Mapping[Any, Any] | None:
    """What a mapping, a dataclass or a namespace holds by name; None for anything else."""
    if isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    return vars(value) if type(value).__name__ in ("Namespace", "SimpleNamespace") else None


def _number(value: Any) -> int | float | None:
    """A number of another library (an array or tensor of one element without axes) as one of Python's own."""
    if getattr(value, "shape", None) != () or not hasattr(value, "item"):
        return None
    held = value.item()
    return held if type(held) in (int, float, bool) else None


def text_of(value: Any) -> str:
    """The value's text, also where it has none."""
    try:
        return clean(str(value))
    except Exception:  # somebody's own __str__ raises what it likes
        return f"<{type(value).__name__}>"


def clean(text: str) -> str:
    """Text that can be written down, cut where it is very long."""
    cut = text if len(text) <= LONGEST else text[:LONGEST] + " ..."
    return cut.encode("utf-8", "backslashreplace").decode()

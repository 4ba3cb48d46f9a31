"""What a table says of itself, JSON in its file's metadata: of the types that pages and commands count on."""

import json
import math
from collections.abc import Mapping
from typing import Any

from firstlight.table_schema import METADATA

LARGEST = 1 << 20  # bytes
KINDS: dict[str, type | tuple[type, ...]] = {
    "source": (dict, str), "judges": dict, "judge": dict, "settings": dict, "denoisers": dict, "machine": dict,
    "null": dict, "same": dict, "later": dict, "within": dict, "levels": list, "denoiser": str, "real": str,
    "chain": str, "pictures": (str, int), "close": bool, "seen": (bool, list),
}  # fmt: skip
ESTIMATES = ("same", "later", "within")  # each with these three:
ENDS = ("value", "low", "high")
OF_A_JUDGE: dict[str, type | tuple[type, ...]] = {
    "about": str, "seen": list, "accuracy": list, "n": int, "pictures": int, "seconds_per_1000": (int, float),
}  # fmt: skip


def notes_in(metadata: Mapping[bytes, bytes] | None) -> bytes:
    """A table's notes as its file's metadata hold them; of an empty object where there are none."""
    return (metadata or {}).get(METADATA, b"{}")


def notes_problem(metadata: Mapping[bytes, bytes] | None) -> str:
    """What is wrong with a table's notes, the end of a sentence that begins with its name; empty where nothing is."""
    content = notes_in(metadata)
    if len(content) > LARGEST:
        return f"has notes of {len(content):,} bytes"
    try:
        said = json.loads(content)
        return "" if _sound(said) else "has notes of another form"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "has notes that cannot be read"


def _sound(said: Any) -> bool:
    if not isinstance(said, dict) or not _typed(said, KINDS):
        return False
    judges = said["judges"].values() if "judges" in said else ()
    return (
        all(isinstance(each, dict) and _typed(each, OF_A_JUDGE) for each in judges if not isinstance(each, str))
        and all(isinstance(name, str) for each in judges if isinstance(each, dict) for name in each.get("seen", []))
        and all(_number(said[name][end]) for name in ESTIMATES if said.get(name) for end in ENDS)
        and all(_number(level) for level in said.get("levels", []))
        and all(isinstance(each, str) for each in said.get("denoisers", {}).values())
    )


def _typed(held: dict[str, Any], kinds: Mapping[str, type | tuple[type, ...]]) -> bool:
    return all(name not in held or held[name] is None or isinstance(held[name], kind) for name, kind in kinds.items())


def _number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not math.isinf(value))

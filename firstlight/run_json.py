"""A run's card, run.json, read with suspicion: a live trainer rewrites it all the time, and no checksum covers it until
the run has ended.

What passes here has the fields that every reader counts on.
"""

import json
import math
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from firstlight.card_rules import wrong_field
from firstlight.errors import RunError
from firstlight.manifest import Signature, signature
from firstlight.run_folder import Run
from firstlight.run_state import STATES, moment
from firstlight.table_schema import SCHEMA

SAME_PICTURES = {"digits5000": "mnist"}  # data set -> the one whose pictures it has
LARGEST = 4 << 20  # bytes; no card is near it
MOST_CLASSES = 10_000

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "tags": list,
    "dataset": dict,
    "config": dict,
    "state": str,
    "step": int,
    "steps": int,
}


def read_card(run: Run) -> dict[str, Any]:
    """The fields of run.json. Raises ValueError with the reason, as in "run.json <reason>"."""
    try:
        info = os.lstat(run.card)
    except OSError as error:
        raise ValueError("is missing") from error
    return dict(_parsed(str(run.card), signature(info)))


def card_of(run: Run) -> dict[str, Any]:
    """The fields of run.json. Raises RunError, which names the fix, where it cannot be read."""
    try:
        return read_card(run)
    except ValueError as error:
        raise RunError(f"{run.card} {error}; restore it from a copy of the run.") from error


@lru_cache(maxsize=1 << 13)
def _parsed(path: str, sign: Signature) -> dict[str, Any]:
    if sign[0] > LARGEST:
        raise ValueError(f"has {sign[0]:,} bytes; a card is far smaller")
    try:
        text = Path(path).read_bytes().decode()
        card = json.loads(text, parse_constant=_refuse, parse_int=_whole, parse_float=_finite)
        json.dumps(card, ensure_ascii=False).encode()  # half a surrogate pair would break every page that shows it
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError("is not readable JSON: cut short or damaged") from error
    reason = _reason(card)
    if reason:
        raise ValueError(reason)
    if isinstance(card.get("device"), str):
        card["device"] = card["device"].replace("CPU, 1 threads,", "CPU, 1 thread,")  # as older versions wrote it
    return dict(card)


def _reason(card: Any) -> str:
    """Why this is not a card; empty where it is."""
    if not isinstance(card, dict) or not isinstance(card.get("schema"), int):
        return "has no schema number"
    if card["schema"] > SCHEMA:
        return f"needs a newer Firstlight (schema {card['schema']}; this one reads {SCHEMA})"
    for name, kind in _FIELDS.items():
        if not isinstance(card.get(name), kind) or isinstance(card[name], bool):
            return f"has no usable {name}"
    if card["state"] not in STATES:
        return "has an unknown state"
    if not all(isinstance(tag, str) for tag in card["tags"]):
        return "has a tag that is not text"
    try:
        moment(card["heartbeat"])
    except (KeyError, TypeError, ValueError):
        return "has no usable heartbeat"
    return _dataset_reason(card["dataset"]) or wrong_field(card)


def _dataset_reason(dataset: dict[str, Any]) -> str:
    classes, size, channels = dataset.get("classes"), dataset.get("size"), dataset.get("channels")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        return "has no usable list of classes"
    if len(classes) > MOST_CLASSES:
        return f"has {len(classes):,} classes, more than {MOST_CLASSES:,}"
    if not isinstance(size, int) or not 1 <= size <= 1024 or channels not in (1, 3):
        return "has no usable picture size"
    return ""


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) >= 1 << 63:
        raise ValueError("a number that no table holds")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number that no table holds")
    return number

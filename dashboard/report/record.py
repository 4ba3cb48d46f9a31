"""The record in a report's file, which comes from anywhere: what each of its fields may be, or that it is none."""

import json
import math
import re
from typing import Any

from dashboard.report.checked_numbers import Number
from dashboard.report.cover import LONGEST
from dashboard.report.facts import SCHEMA

FORM = re.compile(r"\{:[^{}]{0,8}\}[^{}]{0,8}")  # of a number
LARGEST = 1 << 53  # of a count
TEXTS = ("run", "group", "what", "form", "query", "page")
ENDS = ("value", "low", "high")
ANSWERED = {"asked", "verdict", "sentence", "reason", "settings"}  # of an answer
COMPARED = {"run", "other", "what", "verdict", "reason"}  # of a difference of two runs


def record_in(content: str) -> dict[str, Any]:
    """The record, whole and of the right types. Raises ValueError, KeyError or TypeError for anything else."""
    record = json.loads(content)
    if record["schema"] > SCHEMA:
        raise ValueError(f"it needs a newer Firstlight, schema {record['schema']}")
    _check(_texts(record["queries"]), "queries")
    _check(isinstance(record["numbers"], list) and all(_number(each) for each in record["numbers"]), "numbers")
    _check(isinstance(record["runs"], dict) and all(_run(each) for each in record["runs"].values()), "runs")
    _check(isinstance(record.get("text", ""), str), "text")
    claims = record.setdefault("claims", [])
    _check(isinstance(claims, list) and all(_claim(each) for each in claims), "claims")
    for name, fields in (("answers", ANSWERED), ("compared", COMPARED)):
        held = record.setdefault(name, [])
        _check(isinstance(held, list) and all(_texts(each) and each.keys() >= fields for each in held), name)
    _check(_cover(record.setdefault("cover", {})), "cover")
    return dict(record)


def numbers_in(record: dict[str, Any]) -> list[Number]:
    """Its numbers, each of which can be written down. Raises ValueError for a form that is none."""
    names = {*TEXTS, *ENDS, "n", "of", "asked"}
    found = [Number(**{name: value for name, value in each.items() if name in names}) for each in record["numbers"]]
    _check(all(isinstance(each.text, str) for each in found), "numbers")
    return found


def _check(right: bool, name: str) -> None:
    if not right:
        raise ValueError(f"its {name} have another form")


def _texts(held: Any) -> bool:
    return isinstance(held, dict) and all(isinstance(value, str) for value in held.values())


def _finite(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and abs(value) < LARGEST and math.isfinite(value))


def _count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < LARGEST


def _number(each: Any) -> bool:
    return (
        all(isinstance(each[name], str) for name in TEXTS)
        and all(_finite(each[name]) for name in ENDS)
        and _count(each["n"])
        and isinstance(each.get("of", ""), str)
        and isinstance(each.get("text", ""), str)
        and bool(FORM.fullmatch(each["form"]))
    )


def _run(each: Any) -> bool:
    look = each["look"]
    seen = look is None or (
        all(isinstance(look[name], str) for name in ("view", "judge")) and _finite(float(look["threshold"]))
    )
    return _texts(each["files"]) and _texts(each.get("said", {})) and seen


def _claim(each: Any) -> bool:
    words = all(isinstance(each[name], str) for name in ("run", "source", "part", "verdict"))
    why = isinstance(each.get("reason", ""), str) and _finite(each.get("p"))
    return words and why and all(_finite(each[end]) for end in ENDS) and _count(each["n"])


def _cover(held: Any) -> bool:
    return isinstance(held, dict) and all(isinstance(held.get(name, ""), str) for name in LONGEST)

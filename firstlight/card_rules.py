"""What the fields of run.json may hold, where they are there: pages, sampler and trainer count on it.

text         any; texts, wholes: a list of them
flag         true or false
whole 0..9   a whole number, both ends included; either may be left out
number 0..1  any finite number
levels       a list of noise levels, none below the one before
pairs        FROM:TO of noise levels, with commas between
?            or null
"""

import math
import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from firstlight.errors import SamplerError

LONGEST = 100_000  # characters of a setting
NUMBER = r"-?\d+(\.\d*)?(e[-+]?\d\d?)?"
PAIRS = re.compile(rf"({NUMBER}:{NUMBER}(,(?!$)|$))*")
_RULES = {
    "": """
    preset        text ?
    seed          whole ?
    device        text ?
    processes     whole 1..
    precision     text
    versions      object
    git_commit    text ?
    message       text
    started       text ?
    finished      text ?
    step          whole 0..
    steps         whole 0..
    epoch         number 0.. ?
    paths         whole 0..
    sweep         text
    extended      wholes
    made_before   object
    weights_of_epoch whole 0..
    settings      object
    remarks       object
    guest         object ?
    """,
    "dataset": """
    name          text
    pictures      whole 0.. ?
    sha256        text ?
    said          texts
    """,
    "config": """
    dataset       text
    only          wholes
    per_class     whole 0..
    resize        whole 0..1024
    pad           whole 0..512
    channels      whole 1..3
    size          whole 1..1024
    classes       whole 0..100000
    widths        wholes
    blocks        whole 1..1000
    embedding     whole 1..1000000
    prediction    text
    sigma_data    number 0..1000
    schedule      text
    label_dropout number 0..1
    start         text
    teacher       text
    scale_low     number 0..1000
    scale_high    number 0..1000
    epochs        number 0..
    cycles        whole 1..
    batch         whole 1..
    learning_rate number 0..
    decay         flag
    warmup        whole 0..
    ema           number 0..1
    seed          whole
    snapshots     whole 0..
    snapshot_seeds whole 0..
    solver        text
    levels        text
    steps         whole 1..1000000
    guidance      number 0..1000
    guidance_low  number -1000..1000
    guidance_high number -1000..1000
    shift         number -100..100
    eta           number 0..1
    clip          flag
    clip_at       number 0..1000
    clip_share    number 0..1
    clip_noise    flag
    ends          pairs
    last_noise    number -1000..1000 ?
    start_mean    number -1000..1000
    start_deviation number 0..1000
    adopted       text
    """,
    "guest": """
    logsnr        levels ?
    no_label      flag
    check         texts ?
    sha256        text
    source        text
    """,
}


def wrong_field(card: Mapping[str, Any]) -> str:
    """What is wrong with the first field that is not as it should be, as in "has ..."; empty for a sound card."""
    for part in _RULES:
        held = card.get(part) if part else card
        if held is None and part:
            continue
        if not isinstance(held, Mapping):
            return f"has a {part} that is no object"
        for name, rule in _rules(part).items():
            if name in held and not _fits(held[name], rule):
                where = f"{part}.{name}" if part else name
                return f"has {where} {_short(held[name])}, which is no {_words(rule)}"
    half = (card.get("config") or {}).get("half", True)  # ours: whether in half precision; an adopted run's: a width
    return "" if isinstance(half, bool) or _fits(half, "number 0..1000") else f"has config.half {_short(half)}"


def check_card(card: Mapping[str, Any]) -> None:
    """Raises SamplerError, with the end of a sentence, for a card that nothing can be drawn by."""
    if reason := wrong_field(card):
        raise SamplerError(reason)


@cache
def _rules(part: str) -> dict[str, str]:
    lines = _RULES[part].strip().splitlines()
    return {line.split()[0]: line.split(maxsplit=1)[1].strip() for line in lines}


def _fits(value: Any, rule: str) -> bool:
    kind, *rest = rule.split()
    if value is None:
        return "?" in rest
    if kind in ("texts", "wholes"):
        return isinstance(value, list) and all(_fits(each, kind[:-1]) for each in value)
    if kind == "levels":
        numbers = isinstance(value, list) and all(_fits(each, "number -1000..1000") for each in value)
        return numbers and all(one <= other for one, other in pairwise(value))
    if kind in ("flag", "object"):
        return isinstance(value, bool if kind == "flag" else dict)
    if kind in ("text", "pairs"):
        return isinstance(value, str) and len(value) <= LONGEST and (kind == "text" or bool(PAIRS.fullmatch(value)))
    number = isinstance(value, int if kind == "whole" else int | float) and not isinstance(value, bool)
    least, _, most = (rest[0] if rest and rest[0] != "?" else "..").partition("..")
    return number and math.isfinite(value) and float(least or "-inf") <= value <= float(most or "inf")


def _words(rule: str) -> str:
    """A rule in words."""
    kind, *rest = rule.split()
    words = {"texts": "list of texts", "wholes": "list of whole numbers", "whole": "whole number", "text": "text",
             "flag": "true or false", "levels": "list of rising noise levels"}.get(kind, kind)  # fmt: skip
    least, _, most = (rest[0] if rest and rest[0] != "?" else "..").partition("..")
    return words + (f" from {least}" if least else "") + (f" to {most}" if most else "")


def _short(value: Any) -> str:
    return ascii(value) if len(ascii(value)) <= 40 else f"{ascii(value)[:37]}..."

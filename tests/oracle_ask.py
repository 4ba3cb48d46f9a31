"""What each question of Ask must be answered with, sentence and verdict, from the files of runs by numpy alone."""

import math

import numpy as np
from oracle_compare import _aligned, _drawn, _in_common, _when
from oracle_experiments import steps
from parquet_oracle import (
    Found,
    Numbers,
    Recognized,
    card,
    close,
    columns,
    ends,
    figure,
    half,
    mean,
    recognized,
    share,
    table_of,
    threshold,
    told_apart,
    weights,
    wilson,
)
from sentence_fixture import Say

YES, NO, OPEN = "supported", "not supported", "cannot say"


def when(run: str, label: int, say: Say) -> tuple[str, str]:
    """By when half of a class are recognized."""
    seen, least = recognized(run, close(run), threshold(run)), threshold(run)
    own = seen.label == label
    seen = seen._replace(label=seen.label[own], seed=seen.seed[own], at=seen.at[own])
    found, name = half(seen, seen.percent), card(run)["dataset"]["classes"][label]
    n = f"n = {say(len(seen.at))}"
    if math.isinf(found.value):
        never = say.ends(share(seen.never, seen.seed), 100, " %")
        said = f"More than half of the pictures of {name} are never recognized, {never}, {n}"
    else:
        place = f"{say(found.value)} % [{say(found.low, 1)}, {say(found.high, 1)}] of the run's own steps"
        said = f"Half of the pictures of {name} are recognizable by {place}, {n}"
    said += f", recognized at p ≥ {say(least)}."
    return said, YES if math.isfinite(found.high) else NO if math.isinf(found.low) else OPEN


def pairs(run: str) -> tuple[Numbers, dict[tuple[int, int], float]]:
    """Where each noise seed's picture of each class is recognized (seeds, classes), and Holm's p of every two."""
    seen = recognized(run, close(run), threshold(run))
    since, place = (
        np.minimum(np.maximum(side, 0), 100) for side in (seen.since(seen.percent), seen.place(seen.percent))
    )
    middle = np.where(seen.never | ~np.isfinite(seen.since(seen.percent)), place, (since + place) / 2)
    table = table_of(middle, seen)
    return table, told_apart(table)


def classes(run: str, one: int, two: int, say: Say) -> tuple[str, str]:
    """Whether one class is earlier than another, by sign flips of whole noise seeds."""
    table, p = pairs(run)
    apart = table[:, two] - table[:, one]
    found = ends(float(apart.mean()), weights(len(apart), 2000) @ apart / len(apart))
    first, second = (card(run)["dataset"]["classes"][label] for label in (one, two))
    n = f"n = {say(len(apart))} noise seeds."
    if p[min(one, two), max(one, two)] > 0.05:
        told = f"{second} comes {_pair(found, say)} % of the steps after it on average, {n}"
        return f"Whether {first} is recognizable earlier than {second} in {run} cannot be said: {told}", OPEN
    word, sign = ("earlier", 1) if found.value > 0 else ("later", -1)
    size = Found(abs(found.value), *sorted((sign * found.low, sign * found.high)))
    by = f"by {_pair(size, say)} % of the steps on average, {n}"
    return f"In {run} {first} is recognizable {word} than {second}, {by}", YES if sign > 0 else NO


def _pair(found: Found, say: Say) -> str:
    return say.ends(found, slack=0.1)


def runs(run: str, base: str, say: Say) -> tuple[str, str]:
    """Whether one run is earlier than another, in pairs of pictures from the same noise."""
    fine, least = close(base) and close(run), max(threshold(base), threshold(run))
    ours, theirs = _in_common(*(_aligned(recognized(each, fine, least)) for each in (run, base)))
    many = max(ours.never.mean(), theirs.never.mean()) > 0.05
    short, full = _when(ours, theirs, say)
    words = _left(ours, theirs, least, say) if many else full or short
    verdict = YES if "recognizable earlier by" in words else NO if "recognizable later by" in words else OPEN
    return f"Against {base}, {run} {words}.", verdict


def _left(ours: Recognized, theirs: Recognized, least: float, say: Say) -> str:
    """Whether one leaves more unrecognized to the end, and how many each does."""
    apart = mean(100.0 * (ours.never.astype(float) - theirs.never.astype(float)), ours.seed)
    word = "neither more nor fewer" if apart.low <= 0 <= apart.high else "more" if apart.value > 0 else "fewer"
    known = " as far as can be told" if word.startswith("neither") else ""
    told = f"({say.ends(apart, slack=0.2)} percentage points, n = {say(len(ours.at))})"
    each = [say.ends(share(side.never, side.seed), 100, " %") for side in (ours, theirs)]
    end = f"That is {each[0]} against {each[1]}, at p ≥ {say(least)}"
    return f"leaves {word} pictures unrecognized to the end{known} {told}.\n{end}"


def better(run: str, base: str, say: Say) -> tuple[str, str]:
    """Which draws the class asked for more often; runs without paired draws of distances."""
    one, other = figure(run, "accuracy"), figure(base, "accuracy")
    assert one and other
    words = _drawn(one, other, say)
    n = f"{say(one['n'])}" if one["n"] == other["n"] else f"{say(one['n'])} and {say(other['n'])}"
    verdict = YES if " more often by " in words else NO if " less often by " in words else OPEN
    return f"Against {base}, {run} {words}, n = {n}.", verdict


def labels(run: str, say: Say) -> tuple[str, str]:
    """How many pictures the judge takes for the class asked."""
    kept, known = columns(run, "quality", metric="accuracy"), figure(run, "accuracy")
    assert known
    found, count = wilson(known["value"], known["n"]), len(card(run)["dataset"]["classes"])
    took = f"{kept['judge'][0]} takes {say.ends(found, 100, ' %')} of the pictures of {run} for the class asked"
    said = f"{took}, n = {say(known['n'])}; by lot it would be {say(100 / count)} %."
    return said, YES if found.low > 0.5 else NO if found.high < 0.5 else OPEN


def few(run: str, say: Say) -> tuple[str, str]:
    """Whether fewer evaluations keep the quality: of a bundled run they do, or it is open."""
    said = steps(run, say)
    assert said is not None and ("are enough" in said or "cannot be said" in said)
    return said.partition("\n\n")[0], YES if "are enough" in said else OPEN

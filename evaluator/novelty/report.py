"""What novelty's figures and memorisation times say, in words: for the terminal and for the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from firstlight.counts import counted
from firstlight.interval_text import percent, with_interval

SEEN = "The real test pictures are among those that it learned from, so they are no yardstick for what is new to it."


def verdict(run: str, figures: Sequence[Mapping[str, Any]]) -> str:
    """One sentence: whether the run copies. figures: rows of novelty.parquet."""
    own, real = (figure(figures, "copied", "pixels", of) for of in ("generated", "real"))
    shares = f"{percent(own)} of its pictures, n = {own['n']:,}, and {percent(real)} of real ones, n = {real['n']:,}"
    least = "have a training picture less than a third as far as the next"
    if own["low"] > real["high"]:
        return f"{run} copies its training pictures: {shares}, {least}."
    return f"{run} does not copy as far as can be told: {shares}, {least}."


def figure(figures: Sequence[Mapping[str, Any]], metric: str, space: str, of: str) -> Mapping[str, Any]:
    """The figure of all classes together."""
    asked = (metric, space, of)
    some = (row for row in figures if (row["metric"], row["space"], row["of"]) == asked)
    return next(row for row in some if row["label"] is None or row["label"] != row["label"])  # a frame's null is nan


def report(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [verdict(figures["run"], figures["figures"]), f"Training pictures: {figures['training']}."]
    if figures["seen"]:
        lines.append(SEEN)
    for row in figures["figures"]:
        name = f"{row['metric']}, {row['of']}, {row['space']}"
        name = name if row["label"] is None else f"  {row['metric']}, class {figures['classes'][row['label']]}"
        text = with_interval(row, ".3f") if row["metric"] == "density" else percent(row)
        lines.append(f"{name:<32}{text}  n = {row['n']:,}")
    return "\n".join(lines)


def memorisation(figures: dict[str, Any]) -> str:
    """When trainings began to copy, for people."""
    lines = [f"{row['run']}: {counted(row['pictures'], 'training picture')}, {counted(row['steps'], 'step')}: "
             f"{time(row)}" for row in figures["runs"]]  # fmt: skip
    return "\n".join([*lines, *([power(figures["slope"], figures["order"])] if len(figures["runs"]) > 1 else [])])


def time(row: Mapping[str, Any]) -> str:
    """By which step half of the kept pictures were copies. row: a Time as plain values."""
    end = f"{100 * row['copied']:.0f} % at the end, n = {row['half']['n']:,}"
    if row["half"]["value"] is None:
        return f"half are never copies, {end}"
    return f"half are copies by step {with_interval(row['half'], ',.0f', none='later')}, {end}"


def power(slope: Mapping[str, Any], order: str) -> str:
    """How the time grows with the number of training pictures: order and slope."""
    told = {"longer": "more pictures take longer to be copied", "not longer": "more pictures do not take longer"}
    first = told.get(order, "whether more pictures take longer to be copied cannot be said")
    if slope["value"] is None:
        return f"{first}; by which power of their number, cannot be said."
    return f"{first}; the time grows by the power {with_interval(slope, '.2f')} of their number, one training each."

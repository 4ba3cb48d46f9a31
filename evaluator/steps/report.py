"""What `firstlight evaluate steps` and `late-start` say to people."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from evaluator.published.late_start import published_late_start
from firstlight.counts import counted
from firstlight.interval_text import with_interval

ENDS = {"value": "", "low": "_low", "high": "_high"}  # what ends a column's name


def steps(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{figures['run']}: {counted(figures['pictures'], 'picture')} of each way to draw, the same noise"]
    lines.append("evaluations  drawn by                  accuracy, %           Fréchet / floor       CAS, %   ms each")
    for row in figures["ways"]:
        name = row["solver"] if row["network"] == figures["run"] else row["network"]
        right, away = (
            with_interval({end: row[f"{key}{tail}"] for end, tail in ENDS.items()}, form, factor)
            for key, form, factor in (("accuracy", ".1f", 100), ("frechet_ratio", ".2f", 1))
        )
        score = "-" if row["cas"] is None else f"{100 * row['cas']:.1f}"
        lines.append(f"{row['evaluations']:>11}  {name:<24}  {right:<20}  {away:<20}  {score:>6}  {row['ms']:7.2f}")
    return "\n".join(lines)


def late_start(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{figures['run']}: few DDIM steps without a label, Fréchet distance in {figures['judge']}'s features; "
             f"Gaussian of {figures['gaussian']}"]  # fmt: skip
    for row in figures["starts"]:
        place = "pure noise" if row["logsnr"] is None else f"logSNR {row['logsnr']:+.2f}"
        lines.append(f"{row['steps']:>5} steps from {place:<16}{row['frechet']:8.3f}  n = {row['n']:,}")
    return "\n".join([*lines, *_gained(figures["gains"])])


def _gained(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of each number of steps the best start, and what is published; rows: gains as plain values."""
    known = {row.steps: row for row in published_late_start().rows}
    lines = [f"best late start over the ordinary one; the intervals hold for all {len(found)} at once"]
    for steps in sorted({row["steps"] for row in found}):
        top = min((row for row in found if row["steps"] == steps), key=lambda row: row["ratio"]["value"] or math.inf)
        beside = f"; published {known[steps].ratio:.2f} times (Inception)" if steps in known else ""
        lines.append(f"{steps:>5} steps: {with_interval(top['ratio'], '.2f')} times as far, from logSNR "
                     f"{top['logsnr']:+.2f}, n = {top['ratio']['n']:,}{beside}")  # fmt: skip
    return lines

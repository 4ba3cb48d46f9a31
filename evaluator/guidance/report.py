"""What `firstlight evaluate guidance` says to people."""

from collections.abc import Iterable
from typing import Any

from evaluator.guidance.best_scale import Row, compared
from firstlight.interval_text import with_interval

SHOWN = (("accuracy", "cnn"), ("accuracy", "clip"), ("drift", "cnn"), ("frechet", "cnn"), ("recall", "cnn"),
         ("cas", None), ("mean_scale", None), ("evaluations", None))  # fmt: skip


def report(figures: dict[str, Any]) -> str:
    """The figures for people: a line for each cell, then what laws have over others."""
    row_of = {(row["law"], row["scale"], row["steps"], row["against"], row["metric"], row["judge"]): row
            for row in figures["figures"]}  # fmt: skip
    cells = dict.fromkeys(key[:4] for key in row_of if key[0] != "real")
    heads = [f"{metric} {judge or ''}".strip() for metric, judge in SHOWN]
    lines = [f"{figures['run']}: guidance methods on the same noise; 95 % intervals in brackets"]
    lines.append(f"{'method':<24}{'S':>6}{'steps':>6}  " + "  ".join(f"{head:<24}" for head in heads).rstrip())
    for law, scale, steps, against in cells:
        name = law if against is None else f"{law} - {against}"
        texts = [_cell(row_of.get((law, scale, steps, against, *shown))) for shown in SHOWN]
        size = "all" if scale is None else f"{scale:g}"
        lines.append(f"{name:<24}{size:>6}{steps:>6}  " + "  ".join(f"{text:<24}" for text in texts).rstrip())
    return "\n".join([*lines, *best_scales(figures["figures"])])


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return "-"
    if row["low"] is None:
        return f"{row['value']:.4g}"
    return with_interval(row, ".3f")


def best_scales(rows: Iterable[Row]) -> list[str]:
    """The comparison for people."""
    return [
        f"in {each.steps} steps {each.law} (S = {each.best.scale:g}) less a constant scale (S = "
        f"{each.constant.scale:g}), each at its best: {with_interval(each.less, '+.2f')} in Fréchet distance, n = "
        f"{each.less.n:,} each; closer to real pictures: {each.verdict}"
        for each in compared(rows)
    ]

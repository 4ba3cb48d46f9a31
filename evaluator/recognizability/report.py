"""The figures of recognizability as tables and sentences for people."""

from typing import Any

HEADINGS = ("median % of process", "logSNR at median", "mean % of process", "never %", "ends as another %")


def report(figures: dict[str, Any]) -> str:
    """The figures as tables for people."""
    lines = []
    for view in figures["views"]:
        p = view["threshold"]
        lines += ["", f"{figures['run']}: {view['view']} before {view['judge']}, recognized from p = {p}"]
        lines += [f"{'class':<7}{'n':>5}   " + "".join(f"{heading:<22}" for heading in HEADINGS).rstrip()]
        for row in [*view["classes"], {"class": "all"} | view["all"]]:
            lines.append(f"{row['class']:<7}{row['n']:>5}   " + "".join(f"{each:<22}" for each in _cells(row)).rstrip())
        if view["ranking"]:
            lines.append(view["ranking"]["sentence"])
        lines += [_claim(each) for each in view["claims"] if each["effect"]] or _unclaimed(view["claims"])
    return "\n".join(lines[1:] + _agreement(figures["agreement"]))


def _cells(row: dict[str, Any]) -> list[str]:
    median, average = row["median"], row["restricted_mean"]["percent"]
    parts = [median["percent"], median["logsnr"], average]
    return [_interval(part) for part in parts] + [_interval(row[name], 100) for name in ("never", "ends_as_another")]


def _claim(verdict: dict[str, Any]) -> str:
    return f"{verdict['claim']['source']} {verdict['claim']['part']}: {verdict['verdict']}. {verdict['reason']}"


def _unclaimed(verdicts: list[dict[str, Any]]) -> list[str]:
    return [f"Claims S3 and S10: cannot say. {verdicts[0]['reason']}"]


def _agreement(found: dict[str, Any]) -> list[str]:
    lines = ["", f"Agreement on the finished pictures, n = {found['n']:,}: kappa {_interval(found['end'], 1, 3, '?')}"]
    for pair in found["pairs"]:
        text = f"  {pair['first']} and {pair['second']}: kappa {_interval(pair['end'], 1, 3, '?')}"
        lines.append(f"{text}, concordance of R {_interval(pair['concordance'], 1, 3, '?')}")
    return lines


def _interval(estimate: dict[str, Any], factor: float = 1.0, decimals: int = 1, none: str = "never") -> str:
    value, low, high = (
        none if estimate[end] is None else f"{factor * estimate[end]:.{decimals}f}" for end in ("value", "low", "high")
    )
    return f"{value} [?]" if estimate["low"] is None and estimate["value"] is not None else f"{value} [{low}, {high}]"

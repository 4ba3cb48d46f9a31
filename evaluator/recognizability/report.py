"""The figures of recognizability as tables and sentences for people."""

from typing import Any

from evaluator.recognizability.thresholds import NULL_RATE, UNKEPT
from firstlight.interval_text import with_interval

HEADINGS = ("median % of process", "logSNR at median", "mean % of process", "never %", "ends as another %")


def report(figures: dict[str, Any]) -> str:
    """The figures as tables for people."""
    lines = []
    for view in figures["views"]:
        p = view["threshold"]
        lines += ["", f"{figures['run']}: {view['view']} before {view['judge']}, recognized from p = {p}"]
        if view["null"]["rate"] > NULL_RATE:
            lines += [f"{UNKEPT[0].upper()}{UNKEPT[1:]}, so nothing can be concluded from these."]
        wide = 1 + max(6, *(len(row["class"]) for row in view["classes"]))
        lines += [f"{'class':<{wide}}{'n':>5}   " + "".join(f"{heading:<22}" for heading in HEADINGS).rstrip()]
        for row in [*view["classes"], {"class": "all"} | view["all"]]:
            lines.append(
                f"{row['class']:<{wide}}{row['n']:>5}   " + "".join(f"{each:<22}" for each in _cells(row)).rstrip()
            )
        if view["ranking"]:
            lines.append(view["ranking"]["sentence"])
        lines += [_claim(each) for each in view["claims"] if each["effect"]] or _unclaimed(view["claims"])
    return "\n".join(lines[1:] + _small_steps(figures["small_steps"]) + _agreement(figures["agreement"]))


def _small_steps(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    says = "its levels carry over to other steps" if found["close"] else "whether its levels carry over cannot be said"
    same, within = (_cell(found[name], factor=100) for name in ("same", "within"))
    return [
        "",
        f"In small steps, n = {found['same']['n']:,}: {says}.",
        f"  end as the stored chains: {same} %",
        f"  recognized later, on the frames of both: {_cell(found['later'], '+.2f')} logSNR",
        f"  recognized between the two frames that hold the stored point: {within} %",
    ]


def _cells(row: dict[str, Any]) -> list[str]:
    median, average = row["median"], row["restricted_mean"]["percent"]
    parts = [median["percent"], median["logsnr"], average]
    shares = [row[name] for name in ("never", "ends_as_another")]
    return [_cell(part) for part in parts] + [_cell(share, factor=100) for share in shares]


def _claim(verdict: dict[str, Any]) -> str:
    return f"{verdict['claim']['source']} {verdict['claim']['part']}: {verdict['verdict']}. {verdict['reason']}"


def _unclaimed(verdicts: list[dict[str, Any]]) -> list[str]:
    return [f"Claims S3 and S10: cannot say. {verdicts[0]['reason']}"]


def _agreement(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    lines = ["", f"Agreement on the finished pictures, n = {found['n']:,}: kappa {_kappa(found['end'])}"]
    for pair in found["pairs"]:
        text = f"  {pair['first']} and {pair['second']}: kappa {_kappa(pair['end'])}"
        lines.append(f"{text}, concordance of R {_kappa(pair['concordance'])}")
    return lines


def _kappa(estimate: dict[str, Any]) -> str:
    return _cell(estimate, ".3f", none="?")


def _cell(estimate: dict[str, Any], spec: str = ".1f", factor: float = 1.0, none: str = "never") -> str:
    """A value with its interval; one whose interval is unknown says so."""
    text = with_interval(estimate, spec, factor, none=none)
    unknown = estimate["low"] is None and estimate["value"] is not None
    return f"{text.partition(' [')[0]} [?]" if unknown else text

"""Sentences and rows that pages put above and beside their charts: computed, never typed in.

The seam is here because a number is shown with its interval and its n, and the same number must stand in the sentence,
the table and the command line's report: medians and shares come from the evaluator's own statistics.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dashboard.charts import SOURCE
from dashboard.generation import Drawn
from evaluator.statistics import Estimate, median, wilson
from store.run import Run

THRESHOLD = 0.5  # where a run's judgements name none
UNITS = {"% of steps": " % of the steps", "logSNR": " logSNR", "σ": " σ", "OU time": " OU time"}
DECIMALS = {"% of steps": 0, "logSNR": 1, "σ": 2, "OU time": 2}
VIEWS = {"denoised": "x̂0, with label", "x": "x_t, noisy", "unconditional": "x̂0, no label"}  # what a judge looked at


@dataclass(frozen=True)
class Row:
    """A class, or all of them: where half its pictures are recognizable, and how many never are."""

    name: str
    median: Estimate  # on the chosen axis; infinite is "never"
    never: Estimate


def rows(frame: pd.DataFrame, classes: Sequence[str], axis: str) -> list[Row]:
    """All classes together, then each that has samples. frame: the query `recognizability`."""
    parts = [("all", frame)] + [(name, frame[frame["label"] == label]) for label, name in enumerate(classes)]
    return [_row(name, part, axis) for name, part in parts if len(part)]


def _row(name: str, part: pd.DataFrame, axis: str) -> Row:
    column = "percent" if axis == "% of steps" else "logsnr"
    reached = part[column].to_numpy(dtype=float, na_value=np.inf)
    reached = np.where(np.isnan(reached), np.inf, reached)
    found = median(reached, part["seed"].to_numpy())
    ends = sorted(on_axis(end, axis) for end in (found.low, found.high))
    if axis in ("σ", "OU time"):
        ends.reverse()
    middle = Estimate(on_axis(found.value, axis), ends[0], ends[1], found.n)
    return Row(name, middle, wilson(int(np.isinf(reached).sum()), len(part)))


def on_axis(place: float, axis: str) -> float:
    """A percentage or a logSNR as the axis shows it: infinity stays "never"."""
    if math.isinf(place) or axis in ("% of steps", "logSNR"):
        return place
    return math.exp(-place / 2) if axis == "σ" else 0.5 * math.log1p(math.exp(-place))


def source_on(steps: pd.DataFrame, column: str) -> float:
    """Where the source's "around 70 % of the process" lies on an axis. steps: percent and the axis columns."""
    ordered = steps.dropna(subset=["percent", column]).sort_values("percent")
    return float(np.interp(SOURCE, ordered["percent"], ordered[column]))


def recognition(found: Sequence[Row], axis: str, source: float) -> str:
    """One sentence on when pictures become recognizable, and which class first and last."""
    whole, each = (
        found[0],
        sorted(found[1:], key=lambda row: row.median.value * (-1 if axis in ("σ", "OU time") else 1)),
    )
    said = (
        f"the source says around 70 % ({_number(source, axis)}{UNITS[axis]})"
        if axis != "% of steps"
        else ("the source says around 70 %")
    )
    if math.isinf(whole.median.value):
        return f"More than half of the pictures are never recognized ({share(whole.never)}); {said}."
    text = f"Half of the pictures are recognizable by {spread(whole.median, axis)}, n = {whole.median.n:,}"
    finite = [row for row in each if math.isfinite(row.median.value)]
    if len(finite) > 1:
        first, last = finite[0], finite[-1]
        text += f": {first.name} first at {_number(first.median.value, axis)}, {last.name} last at "
        text += _number(last.median.value, axis)
    return f"{text}; {said}."


def spread(estimate: Estimate, axis: str) -> str:
    """A value with its 95 % interval, in as many digits as the axis is read to."""
    unit = UNITS[axis] if math.isfinite(estimate.value) else ""
    return f"{_number(estimate.value, axis)}{unit} [{_number(estimate.low, axis)}, {_number(estimate.high, axis)}]"


def _number(value: float, axis: str) -> str:
    return "never" if math.isinf(value) else f"{value:.{DECIMALS[axis]}f}".replace("-", "−")


def share(estimate: Estimate) -> str:
    """A share with its 95 % interval, in per cent."""
    low, value, high = (100 * part for part in (estimate.low, estimate.value, estimate.high))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"


def threshold(run: Run, view: str) -> float:
    """The probability from which the run's judge counts a view as recognized: what its own null asks for."""
    try:
        notes = (pq.read_schema(run.judgements).metadata or {}).get(b"firstlight", b"{}")
        return float(json.loads(notes)["null"][view]["threshold"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return THRESHOLD


def duration(seconds: Any) -> str:
    """Seconds as people say them."""
    if seconds is None or seconds != seconds:
        return "not known"
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if hours < 2 else f"{hours:.1f} h"


def recipe(run: pd.Series) -> list[tuple[str, str]]:
    """How a run was trained, honestly: names and values. run: a row of the query `runs`."""
    config = json.loads(run["config"] or "{}")
    known = [
        ("Trained on", f"{run['pictures']:,.0f} pictures of {run['dataset']}" if run["pictures"] == run["pictures"] else ""),
        ("For", f"{run['epoch']:.1f} epochs, {run['step']:,.0f} steps of {config.get('batch', '?')} pictures"),
        ("In", f"{duration(run['seconds'])} on {run['device'] or 'an unknown device'}"),
        ("Network", f"{run['parameters']:,.0f} parameters, widths {_list(config.get('widths'))}"),
        ("Learns", f"{config.get('prediction', '?')} prediction on the {config.get('schedule', '?')} schedule, "
                   f"{100 * config.get('label_dropout', 0):.0f} % label dropout"),
        ("Optimizer", f"Adam, learning rate {config.get('learning_rate', '?')}, average of weights {config.get('ema', '?')}"),
        ("Draws with", f"{run['solver']}, {run['sampling_steps']:.0f} steps, guidance {run['guidance']:g}"),
        ("Seed", f"{run['seed']:.0f}"),
        ("Started", f"{run['started']:%Y-%m-%d %H:%M} UTC" if run["started"] == run["started"] else ""),
    ]  # fmt: skip
    return [(name, value) for name, value in known if value and "nan" not in value]


def _list(values: Any) -> str:
    return " and ".join(str(value) for value in values) if isinstance(values, list) else "not known"


FIGURES = {  # metric of the query `quality` -> what it is called, and how its value is written
    "accuracy": ("Accuracy of the asked class", "{:.2%}"),
    "frechet": ("Fréchet distance in the judge's features", "{:.3f}"),
    "frechet_floor": ("the same between real pictures", "{:.3f}"),
    "frechet_ratio": ("their ratio", "{:.2f}"),
    "kid": ("Kernel inception distance", "{:.4f}"),
    "precision": ("Precision", "{:.2%}"),
    "recall": ("Recall", "{:.2%}"),
    "cas": ("Classification accuracy score", "{:.2%}"),
    "cas_real": ("the same, trained on real pictures", "{:.2%}"),
}


def quality(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Names and values of a run's quality, with interval, n and judge. frame: the query `quality`."""
    whole = frame[frame["label"].isna()].set_index("metric")
    pairs = []
    for metric, (name, form) in FIGURES.items():
        if metric in whole.index:
            row = whole.loc[metric]
            interval = f" [{form.format(row['low'])}, {form.format(row['high'])}]" if row["low"] == row["low"] else ""
            pairs.append((name, f"{form.format(row['value'])}{interval}, n = {row['n']:,.0f}, {row['judge']}"))
    return pairs


def best(runs: pd.DataFrame) -> str:
    """One sentence on the archive: how many runs, and which draws what it is asked for most often."""
    usable = runs[runs["state"] != "damaged"]
    text = f"{len(usable)} run{'' if len(usable) == 1 else 's'}"
    scored = usable.dropna(subset=["accuracy"])
    if scored.empty:
        return f"{text}; none is evaluated yet."
    top = scored.loc[scored["accuracy"].idxmax()]
    n = "" if top["accuracy_n"] != top["accuracy_n"] else f", n = {top['accuracy_n']:,.0f}"
    interval = f" [{100 * top['accuracy_low']:.1f}, {100 * top['accuracy_high']:.1f}]"
    interval = interval if top["accuracy_low"] == top["accuracy_low"] else ""
    return (
        f"{text}; {top['run']} draws the class it is asked for most often: {100 * top['accuracy']:.1f} %{interval}{n}."
    )


def loss(frame: pd.DataFrame, run: str) -> str:
    """One sentence on a run's loss: from where to where, and its lowest. frame: the query `losses`."""
    part = frame[(frame["run"] == run)]
    kept = part.dropna(subset=["smooth"])
    if kept.empty:
        return f"{run} has no finite loss."
    first, last, low = kept.iloc[0], kept.iloc[-1], kept.loc[kept["smooth"].idxmin()]
    text = (
        f"The loss of {run} fell from {first['smoothed']:.3g} to {last['smoothed']:.3g} in {last['epoch']:.1f} epochs"
    )
    if last["smooth"] > first["smooth"]:
        text = text.replace("fell", "rose")
    broken = part[part["value"].isna()]
    if not broken.empty:
        return f"{text}; it diverged at step {broken['step'].iloc[0]:,}."
    return f"{text}; its lowest, {low['smoothed']:.3g}, was at step {low['step']:,}."


def drawing(drawn: Drawn) -> str:
    """One sentence on what was drawn: how many, how fast, and how many the judge takes for what was asked."""
    n = len(drawn.labels)
    text = f"{n:,} picture{'s' if n > 1 else ''} in {drawn.seconds:.1f} s on {drawn.provider}, {drawn.seconds / n * 1000:.0f} ms each"
    if drawn.verdicts is None:
        return f"{text}. {drawn.remark}"
    right = wilson(int((~drawn.wrong).sum()), n)
    return f"{text}; {drawn.verdicts.judge} takes {share(right)} of them for the class asked."


def setting(drawn: Drawn) -> str:
    """How the pictures were drawn, for whoever wants them again."""
    s, first = drawn.settings, int(drawn.seeds.min())
    marked = "; an amber corner marks what the judge takes for another class" if drawn.wrong.any() else ""
    return (
        f"{drawn.run}: {s.solver}, {s.steps} steps on {s.levels} levels, guidance {s.guidance:g}, "
        f"{drawn.evaluations} evaluations of the network for each picture, seeds {first} to {int(drawn.seeds.max())}{marked}."
    )


def fading(name: str, table: pd.DataFrame) -> str:
    """One sentence on a forward schedule: what is left at its end, and whether that is noise."""
    last, half = table.iloc[-1], table.loc[(table["logsnr"]).abs().idxmin()]
    left = math.sqrt(last["alpha_bar"])
    text = (
        f"Along {name}, signal and noise are equal at step {half['step']:,.0f} of {last['step']:,.0f}; at the end "
        f"ᾱ is {last['alpha_bar']:.2g} and logSNR {_number(last['logsnr'], 'logSNR')}"
    )
    if left > 0.05:
        return f"{text}: {100 * left:.0f} % of the picture's amplitude is still there, so drawing cannot start from pure noise."
    return f"{text}: nothing is left to see."


HEADINGS = ("class", "half recognizable at [95 %]", "never [95 %]", "n")


def table(found: Sequence[Row], axis: str) -> list[tuple[str, ...]]:
    """The rows as text, under HEADINGS."""
    return [(row.name, spread(row.median, axis), share(row.never), f"{row.never.n:,}") for row in found]


def medians(found: Sequence[Row], classes: Sequence[str]) -> dict[int, float]:
    """Label -> place of its median on the axis, of those that have one."""
    return {classes.index(row.name): row.median.value for row in found[1:] if math.isfinite(row.median.value)}


def legend(judge: str, view: str, least: float) -> str:
    """What the curves are, in words."""
    return (
        f"Share of pictures that {judge}, looking at {VIEWS.get(view, view)}, takes for the class asked with probability "
        f"{least:.2f} or more from then on to the end; band: 95 % interval; amber: half are; dotted: around 70 % of the "
        "process, as the source says."
    )


def trajectory(found: Any, name: str) -> str:
    """One sentence on when this picture is recognized. found: following.Followed."""
    if found.judged.empty:
        return f"A {name} on its way out of the noise; no judge has looked at it yet."
    judge = found.judged.loc[found.judged["view"] == found.view, "judge"].iloc[0]
    if found.point is None:
        return f"{judge} does not recognize this {name}, even when it is finished; the source says around 70 %."
    row = found.frames[found.frames["step"] == found.point].iloc[0]
    return (
        f"{judge} recognizes this {name} in x̂0 from {row['percent']:.0f} % of the steps on (step {found.point}, logSNR "
        f"{_number(row['logsnr'], 'logSNR')}), with probability {found.threshold:.2f} or more; the source says around 70 %."
    )


def made(row: pd.Series) -> str:
    """How a stored trajectory was drawn."""
    return f"{row['run']}, sample {row['sample']}: {row['solver']}, {row['steps']} steps, guidance {row['guidance']:g}, noise {row['seed']}."

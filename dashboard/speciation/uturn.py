"""U-turn: whether a real picture keeps its class when it is noised and denoised."""

from collections.abc import Sequence

import pandas as pd

from dashboard import axes, run_facts
from dashboard.charts import class_pairs, theme
from dashboard.charts.curves import Curve, Level, curves
from dashboard.components import elements, remedy
from dashboard.components import theory as components_theory
from dashboard.data import archive
from dashboard.data import theory as data_theory
from dashboard.format import share, written
from evaluator.stats.intervals import wilson

LEVELS = (4.0, -6.0)  # logSNR of the table's columns
TOGETHER = (
    "Susceptibility: how much squares of 4 × 4 pixels change together, the sum of all covariances over that of the "
    "variances. Published for ImageNet, in patches of CLIP's features: a peak where the class changes (Sclocchi et "
    "al., ICLR 2025)."
)
NEAR = 0.26  # logSNR between a level asked for and the nearest one tried


def draw(run: pd.Series, frame: pd.DataFrame, axis: str) -> None:
    """The tab. frame: the query `uturn`."""
    frame = axes.along(run, frame)
    predicted, names = data_theory.expected(run), run_facts.class_names(run)
    place = None if predicted is None else axes.estimate_at(run, predicted, axis).value
    figure = class_pairs.uturns(frame, names, axis, place, elements.dark())
    elements.chart(figure, "uturn", "Real pictures that keep their class", frame)
    elements.note(
        "Real test pictures, noised to a level and denoised from there; band: 95 % interval; pink dashes: theory."
    )
    if said := run_facts.seen_in_training(run):
        elements.note(said)
    elements.table(*table(frame, names), "uturn-levels", frame)
    of_run = str(run["run"]), archive.stamp(str(run["run"]))
    together, peaks = data_theory.together(*of_run)
    if together["value"].notna().any():
        _together(run, together, axis)
    found = {"most lose their class": data_theory.gives_way(*of_run), "parts change most together": peaks}
    rows = [(f"{what}, {'with' if told else 'without'} label", place)
            for what, ways in found.items() for told, place in ways.items()]  # fmt: skip
    components_theory.comparison(run, rows, "uturn-theory")
    elements.note(
        "Both are told between two of the levels tried: an interval is of levels, at least one step wide. "
        + (TOGETHER if peaks else "")
    )
    if not peaks:
        remedy.note("How parts change together is not kept.", of_run[0], "uturn")


def _together(run: pd.Series, frame: pd.DataFrame, axis: str) -> None:
    """The chart of how parts change together. frame: as `dashboard.data.theory.together` gives it."""
    frame = axes.along(run, frame)
    ways = ((False, "without a label", theme.SKY, "solid"), (True, "with the label", theme.GREEN, "dot"))
    drawn = [
        Curve(frame[frame["conditional"] == told], name, colour, dash, value="value", form=".1f")
        for told, name, colour, dash in ways
        if (frame["conditional"] == told).any()
    ]
    level = [Level(1.0, "each by itself")]
    figure = curves(drawn, axis, "susceptibility", components_theory.marks(run, axis), level, percent=False)
    elements.chart(figure, "uturn-together", "How the parts of a picture change together", frame)


def table(frame: pd.DataFrame, names: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows: the share of each class that is kept at each of LEVELS. frame: the query `uturn`."""
    ways = sorted(frame["conditional"].unique())
    columns = [(told, level) for told in ways for level in LEVELS]
    heads = [
        f"kept at logSNR {written(level, '+.0f')}" + (" with label" if told else "") + ", % [95 %]"
        for told, level in columns
    ]
    rows = []
    for label, name in [(None, "all"), *enumerate(names)]:
        part = frame[frame["label"].isna() if label is None else frame["label"] == label]
        if len(part):
            cells = [_kept(part[part["conditional"] == told], level) for told, level in columns]
            rows.append((name, *cells, f"{part['n'].max():,}"))
    return ("class", *heads, "n"), rows


def _kept(part: pd.DataFrame, level: float) -> str:
    if part.empty:
        return "not tried"
    row = part.loc[(part["logsnr"] - level).abs().idxmin()]
    if abs(row["logsnr"] - level) > NEAR:
        return "not tried"
    return share(wilson(int(row["kept"]), int(row["n"])), unit="")

"""Cloning: how often two continuations of one chain end in the same class."""

import pandas as pd

from dashboard import axes, run_facts
from dashboard.charts import theme
from dashboard.charts.curves import Curve, Level, curves
from dashboard.components import elements
from dashboard.components import theory as components_theory
from dashboard.data import archive
from dashboard.data import theory as data_theory
from evaluator.published.speciation import published_crossing, published_speciation
from evaluator.stats.intervals import Estimate, wilson
from evaluator.theory.speciation import SPECIATED, WAY


def draw(run: pd.Series, frame: pd.DataFrame, axis: str) -> None:
    """The tab. frame: the query `speciation`."""
    frame = axes.along(run, frame)
    classes = len(run_facts.class_names(run))
    bare, labelled = frame[frame["label"] == classes], frame[frame["label"] != classes]
    drawn = [
        Curve(bare, "drawn without a label"),
        Curve(_together(labelled), "drawn with a label", theme.GREEN, "dot"),
    ]
    drawn = [curve for curve in drawn if len(curve.frame)]
    published, measured = data_theory.published(run), crossing(run)
    two = classes == 2
    rows = [(f"φ = {SPECIATED}" if two else f"φ {100 * WAY:.0f} % of the way from chance to its most", measured)]
    if not published.empty:
        drawn.append(Curve(published, "published, 1 against 8", theme.VERMILLION, points=True))
        rows.append(("published", published_crossing()))
        elements.note(f"Circles: {published_speciation().citation}; {published_speciation().preparation}.")
    levels = [Level(SPECIATED, f"φ = {SPECIATED}")] if two else []
    figure = curves(
        drawn, axis, "φ, pairs that end in the same class", components_theory.marks(run, axis, measured), levels
    )
    elements.chart(figure, "cloning", "Share of pairs that end in the same class against the place of the copy", frame)
    components_theory.comparison(run, rows, "cloning-theory")
    elements.note(f"{rows[0][0]} is where the copies count as agreeing, by straight lines between the levels tried.")


def _together(frame: pd.DataFrame) -> pd.DataFrame:
    """All labels as one: a row for each level. frame: the query `speciation` with axis columns."""
    places = ["logsnr", "percent", "sigma", "ou"]
    total = frame.groupby("level", as_index=False).agg({**dict.fromkeys(places, "first"), "same": "sum", "n": "sum"})
    return total.assign(**shares(total["same"], total["n"]))


def shares(hits: pd.Series, n: pd.Series) -> dict[str, list[float]]:
    """The columns share, low and high, with 95 % Wilson intervals."""
    found = [wilson(int(hit), int(of)) for hit, of in zip(hits, n, strict=True)]
    return {"share": [each.value for each in found], "low": [each.low for each in found],
            "high": [each.high for each in found]}  # fmt: skip


def crossing(run: pd.Series) -> Estimate:
    """Where copies of the run's chains begin to agree, in logSNR; n is 0 where none were followed."""
    return data_theory.crossed(str(run["run"]), len(run_facts.class_names(run)), archive.stamp(str(run["run"])))

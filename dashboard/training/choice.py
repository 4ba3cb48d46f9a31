"""Which metric is drawn, how smooth, and along what."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dashboard.charts.loss import SMOOTHING
from dashboard.components import inputs
from dashboard.data import archive
from firstlight.recording.curves import EPOCH

STEPS = ("step", "epoch")
LOSS = "the loss"  # of each run, whatever it is called there


@dataclass(frozen=True)
class Choice:
    """What the curves show."""

    metric: str | None  # None: each run's loss, whatever it is called
    smoothing: int  # steps
    logarithmic: bool
    by: str  # step, epoch, or the name of a metric
    logarithmic_x: bool
    outliers: bool  # whether they are shown
    every: tuple[str | None, ...]  # metrics of small charts, as `metric`; none where one is shown alone


def choice(run: pd.Series) -> Choice:
    """What is chosen on the page."""
    known = logged(run)
    names = list(known)
    several = len(names) > 1
    picked = inputs.pick("Metric", names, names[0], "metric", str(run["run"]), 220) if several else "".join(names)
    metric = known.get(picked)
    smoothing = inputs.choose("Smoothing, steps", SMOOTHING, "smoothing", "100")
    scale = inputs.choose("Loss axis", ["logarithmic", "linear"], "loss")
    by = chosen_axis([name for name in names if known[name] != metric])
    along = inputs.choose("Steps axis", ["linear", "logarithmic"], "steps-axis")
    outliers = inputs.choose("Outliers", ["shown", "cut"], "outliers", help="cut: the axis spans 98 % of values")
    every = several and inputs.choose("Charts", ["one metric", "every metric"], "metrics") == "every metric"
    return Choice(
        metric, int(smoothing), scale == "logarithmic", by, along == "logarithmic", outliers == "shown",
        tuple(known.values()) if every else (),
    )  # fmt: skip


def logged(run: pd.Series) -> dict[str, str | None]:
    """What the run logged, its loss first: the name to choose -> the metric, None for each run's loss."""
    frame = archive.ask("metric_names", run=run["run"])
    frame = frame[frame["metric"] != EPOCH].sort_values("is_loss", ascending=False, kind="stable")
    return {LOSS if loss else name: None if loss else name
            for name, loss in zip(frame["metric"], frame["is_loss"], strict=True)}  # fmt: skip


def chosen_axis(others: Sequence[str]) -> str:
    """Steps, epochs, or another metric."""
    if not others:
        return inputs.choose("X axis", STEPS, "along")
    return inputs.pick("X axis", [*STEPS, *others], STEPS[0], "along", width=160)

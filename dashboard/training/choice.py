"""Which metric is drawn, how smooth, and along what."""

from dataclasses import dataclass

import pandas as pd

from dashboard.charts.loss import SMOOTHING
from dashboard.components import inputs
from dashboard.data import archive
from firstlight.recording.curves import EPOCH

LOSS = "the loss"  # of each run, whatever it is called there


@dataclass(frozen=True)
class Choice:
    """What the curves show."""

    metric: str | None  # None: each run's loss, whatever it is called
    smoothing: int  # steps
    logarithmic: bool
    by: str  # step or epoch


def choice(run: pd.Series) -> Choice:
    """What is chosen on the page."""
    metric = chosen_metric(run)
    smoothing = inputs.choose("Smoothing, steps", SMOOTHING, "smoothing", "100")
    scale = inputs.choose("Loss axis", ["logarithmic", "linear"], "loss")
    return Choice(metric, int(smoothing), scale == "logarithmic", inputs.choose("X axis", ["step", "epoch"], "along"))


def chosen_metric(run: pd.Series) -> str | None:
    """The metric chosen of those that the run logged, groups (train/loss, train/lr) together; None: each run's loss."""
    frame = archive.ask("metric_names", run=run["run"])
    frame = frame[frame["metric"] != EPOCH].sort_values("is_loss", ascending=False, kind="stable")
    if frame.empty or (len(frame) == 1 and frame["is_loss"].iloc[0]):
        return None
    first = LOSS if frame["is_loss"].iloc[0] else frame["metric"].iloc[0]
    names = [LOSS if loss else name for name, loss in zip(frame["metric"], frame["is_loss"], strict=True)]
    picked = inputs.pick("Metric", names, first, "metric", owner=str(run["run"]), width=220)
    return None if picked == LOSS else picked

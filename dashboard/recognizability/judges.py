"""Judges: what each says of all classes together, and how far they agree."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard import axes, format
from dashboard.axes import on_axes
from dashboard.charts.curves import Curve, curves
from dashboard.components import calibration, elements
from dashboard.components.csv_download import unrounded
from dashboard.data import archive, clip_scores, judgements
from dashboard.recognizability.choice import Choice
from evaluator.judges.cards import lacking
from evaluator.recognizability import thresholds as data_thresholds
from evaluator.recognizability.thresholds import UNKEPT, unkept
from evaluator.recognizability.views import VIEWS
from evaluator.verdict import CANNOT
from firstlight.run_folder import Run

NEARLY = 0.995  # kappa that two decimals would round to certainty
HEADINGS = (
    "judge",
    "looks at",
    "threshold",
    "half recognizable at [95 %]",
    "never, % [95 %]",
    "ends as another, % [95 %]",
    "n",
)


def draw(at: Choice) -> None:
    """A row for each judge; agreement along the process for those that looked at the same pictures."""
    folder = archive.folder(at.run)
    every = [each._replace(steps=at.look.steps) for each in judgements.looks(str(at.run["run"]))]
    every.sort(key=_as_listed)
    rows = [
        row(each, data_thresholds.threshold(folder, each.view), at.classes, at.axis, unkept(folder, each.view))
        for each in every
    ]
    elements.table(HEADINGS, rows, "judges", lambda: _data(every, folder, at))
    for group in judgements.same_pictures(every):
        _agreement(tuple(group), tuple(data_thresholds.threshold(folder, each.view) for each in group), at)
    _calibration(at, {each.judge for each in every})


def _data(every: Sequence[judgements.Look], folder: Run, at: Choice) -> pd.DataFrame:
    """A row for each judge, every digit."""
    cuts = [data_thresholds.threshold(folder, each.view) for each in every]
    found = [judgements.figures(each, cut, at.classes, at.axis).whole for each, cut in zip(every, cuts, strict=True)]
    names, views = [each.judge for each in every], [each.view for each in every]
    return unrounded(found, judge=names, view=views, threshold=cuts)


def row(
    look: judgements.Look, threshold: float, classes: tuple[str, ...], axis: str, why_not: str = ""
) -> tuple[str, ...]:  # fmt: skip
    """What one judge says of all classes together, a row under HEADINGS; why_not: `unkept`."""
    found = judgements.figures(look, threshold, classes, axis).whole
    middle = axes.estimate_on(found.median, found.median_level, axis)
    return (
        look.judge, VIEWS.get(look.view, look.view), f"{threshold:.2f}",
        (format.AT_ONCE if found.at_once else format.place(middle, axis)) + (f"; {UNKEPT}" if why_not else ""),
        *(format.share(part, unit="") for part in (found.never, found.other)), f"{found.n:,}",
    )  # fmt: skip


def _calibration(at: Choice, looked: set[str]) -> None:
    """Whether a threshold means what it says, of the run's classifiers and of each CLIP that looked."""
    run = str(at.run["run"])
    cnns = judgements.calibrations(run)
    clips = {judge: rows for judge, rows in clip_scores.calibrations(run).items() if judge in looked}
    if not cnns:
        how = calibration.examined_by(str(at.run["dataset"]))
        elements.note(lacking(archive.folder(at.run)) or calibration.unmeasured("these judges", how))
    calibration.draw([*cnns, *calibration.rows_of(clips)], "A threshold")
    elements.note(calibration.OF_X0)
    calibration.of_clips(clips, run)


def _agreement(group: tuple[judgements.Look, ...], thresholds: tuple[float, ...], at: Choice) -> None:
    found = judgements.agreeing(group)
    frame = on_axes(pd.DataFrame({
        "percent": found.percent, "logsnr": found.logsnr, "share": found.kappa, "low": found.low, "high": found.high,
        "step": np.arange(len(found.percent)), "n": found.n,
    }))  # fmt: skip
    which = "Cohen" if len(group) == 2 else "Fleiss"
    kappa = Curve(frame, before="κ ", form=".2f")
    figure = curves([kappa], at.axis, f"{which}'s κ of the first choices", percent=False)
    elements.chart(figure, f"agreement-{group[0].view}", "Agreement along the process", frame)
    lin = judgements.concordant(group, thresholds)
    pairs = [pair for pair in found.pairs if group[pair.first].judge != group[pair.second].judge]
    names = [f"{each.judge} on {VIEWS.get(each.view, each.view)}" for each in group]
    rows = [
        (
            names[pair.first],
            names[pair.second],
            format.estimate(pair.end, ".3f" if pair.end.value > NEARLY else ".2f"),
            format.estimate(lin[pair.first, pair.second], unknown=CANNOT),
        )
        for pair in pairs
    ]
    if not rows:
        return
    headings = ("judge", "and", "κ, finished pictures [95 %]", "concordance of R [95 %]")
    ends, concord = [pair.end for pair in pairs], [lin[pair.first, pair.second] for pair in pairs]
    both = {"judge": [row[0] for row in rows], "and": [row[1] for row in rows]}
    data = pd.concat([unrounded(ends, **both), unrounded(concord).add_prefix("concordance_")], axis=1)
    elements.table(headings, rows, f"agreement-{group[0].view}-pairs", data)
    elements.note(
        "Concordance: Lin's, of the recognition points in logSNR; 1 is the same point for every picture. Not where "
        "nearly all have one and the same point. One judge's two views end in the same picture, so they are left out."
    )


def _as_listed(look: judgements.Look) -> tuple[int, str]:
    views = list(VIEWS)
    return (views.index(look.view) if look.view in views else len(views)), look.judge

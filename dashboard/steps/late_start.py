"""Few steps that begin late, in a Gaussian, against as many from pure noise, and the published figures beside them."""

import pandas as pd

from dashboard.charts.curves import Curve, Level, curves
from dashboard.charts.theme import COLOURS, DASHES
from dashboard.components import elements, remedy
from dashboard.data import archive
from dashboard.format import estimate, number, written
from evaluator.provenance import notes_of
from evaluator.published.late_start import published_late_start
from evaluator.steps.late_start_gain import Gain, best, gains, verdict
from evaluator.verdict import CANNOT
from firstlight.counts import counted

HEADINGS = (
    "steps", "best late start over the ordinary one [95 %]", "ends", "begun at logSNR", "n",
    "published: ordinary, late", "published: late over ordinary",
)  # fmt: skip


def draw(run: pd.Series) -> None:
    """The section."""
    frame = archive.ask("late_start", run=run["run"])
    found = gains(frame.to_dict("records"))
    if not found:
        remedy.note("Not tried yet.", str(run["run"]), "late-start")
        return
    elements.headline(sentence(str(run["run"]), found))
    across = [Level(1, "ordinary start")]
    figure = curves(_lines(found), "logSNR", "times as far as the ordinary start", levels=across, percent=False)
    alt = "How far late starts end from real pictures, against where they begin"
    elements.chart(figure, "late-start", alt, frame.drop(columns="draws"))
    rows = [_row(found, steps) for steps in sorted({gain.steps for gain in found})]
    elements.table(HEADINGS, rows, "late-start-table", frame)
    elements.note(_made(run, len(found)))


def _made(run: pd.Series, starts: int) -> str:
    """What our figures are, and what the published ones are."""
    made, paper = notes_of(archive.folder(run).late_start), published_late_start()
    judge = ", ".join(made.get("judge", {})) or "a judge"
    return (
        f"Ours: ratio of Fréchet distances in {judge}'s features, which is no Inception distance; DDIM without a "
        f"label, steps evenly spaced in what is left of {made.get('chain', 'a chain')}; Gaussian of "
        f"{made.get('pictures', 'training pictures')}; intervals hold for all {starts} late starts at once. At equal "
        "n chance adds the same to both distances, which draws the ratio towards 1. Published: "
        f"{paper.measure}; {paper.citation}."
    )


def sentence(run: str, found: list[Gain]) -> str:
    """The best late start of the most steps that were published, else tried, against the ordinary one."""
    tried = {gain.steps for gain in found}
    steps = max(tried & {row.steps for row in published_late_start().rows} or tried)
    top = best(found, steps)
    if top is None:
        return f"Whether {run} gains by a late start cannot be said: its distances are not known."
    closer, at = f"{counted(steps, 'step')} of {run} that begin late", f"at logSNR {number(top.logsnr, 'logSNR')}"
    ratio = f"{estimate(top.ratio)} times as far from real pictures as from pure noise, n = {top.ratio.n:,}"
    if verdict(top) == CANNOT:
        return f"Whether {closer}, {at}, end closer cannot be said.\nThey end {ratio}."
    return f"{closer} end {ratio}.\nThey begin {at}."


def _lines(found: list[Gain]) -> list[Curve]:
    """A line with its band for each number of steps."""
    rows = [{"steps": gain.steps, "logsnr": gain.logsnr, "share": gain.ratio.value, "low": gain.ratio.low,
             "high": gain.ratio.high, "n": gain.ratio.n} for gain in found]  # fmt: skip
    frame = pd.DataFrame(rows)
    return [
        Curve(part, counted(steps, "step"), COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)], form=".2f")
        for place, (steps, part) in enumerate(frame.groupby("steps"))
    ]


def _row(found: list[Gain], steps: int) -> tuple[str, ...]:
    top, known = best(found, steps), {row.steps: row for row in published_late_start().rows}
    paper = known.get(steps)
    beside = ("", "") if paper is None else (f"{paper.ordinary:g}, {paper.late:g}", written(paper.ratio))
    if top is None:
        return f"{steps}", CANNOT, "", "", "", *beside
    place = number(top.logsnr, "logSNR")
    return f"{steps}", estimate(top.ratio), verdict(top), place, f"{top.ratio.n:,}", *beside

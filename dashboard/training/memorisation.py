"""When a training began to copy, and whether more pictures take longer: ours beside the published power."""

from collections.abc import Sequence

import pandas as pd

from dashboard.charts.curves import Curve, Level, curves
from dashboard.components import elements, remedy
from dashboard.components.csv_download import unrounded
from dashboard.data import archive
from dashboard.format import estimate
from evaluator.novelty.copies import copied
from evaluator.novelty.memorisation_time import Time, order, recipe, slope, time_of
from evaluator.novelty.report import power
from evaluator.provenance import notes_of
from evaluator.published.memorisation import MEMORISATION
from evaluator.stats.intervals import plain, shares
from evaluator.verdict import CANNOT
from firstlight.counts import counted
from firstlight.run_json import card_of

HEADINGS = ("run", "training pictures", "half are copies by step [95 %]", "copies at the end", "steps given", "n")


def draw(run: pd.Series) -> None:
    """The section: the run's own curve, and the times of all trainings of its recipe that were looked at."""
    frame = archive.ask("memorisation")
    own = frame[frame["run"] == run["run"]]
    if own.empty:
        remedy.note("Not looked at yet.", str(run["run"]), "memorisation")
        return
    known = recipe(card_of(archive.folder(run)))
    times = [_time(name, part) for name, part in frame.groupby("run")
             if recipe(card_of(archive.run_folder(name))) == known]  # fmt: skip
    times.sort(key=lambda time: time.pictures)
    if len(times) > 1:
        told = power(plain(slope(times)), order(times))
        elements.headline(f"Of {counted(len(times), 'training')} of one recipe on {run['dataset']}, {told}")
    through = _copied(own)
    figure = curves([Curve(through)], "", "copies", [], [Level(0.5, "half")], x=("step", "training step"))
    elements.chart(figure, "memorisation", "Share of kept pictures that are copies, through training", through)
    elements.table(HEADINGS, [*map(_row, times), _published(times)], "memorisation-times", unrounded(times))
    elements.note(
        "A copy: its nearest training picture is less than a third as far as the second nearest. A time is known to "
        "lie between two steps at which pictures were kept; its interval is of noise seeds, not of other trainings, of "
        f"which there is one for each number. Published: {MEMORISATION.citation}."
    )


def _time(run: str, rows: pd.DataFrame) -> Time:
    pictures = int(notes_of(archive.run_folder(run).memorisation).get("pictures", 0))
    return time_of(run, pictures, {name: rows[name].to_numpy() for name in ("step", "label", "seed", "pixels",
                                                                           "pixels_second")})  # fmt: skip


def _copied(rows: pd.DataFrame) -> pd.DataFrame:
    """The share of copies at each kept step, with its interval over noise seeds."""
    found = []
    for step, part in rows.groupby("step"):
        hits = copied(part["pixels"].to_numpy(), part["pixels_second"].to_numpy())
        value, low, high = (float(each[0]) for each in shares(hits[:, None], part["seed"].to_numpy()))
        found.append({"step": step, "share": value, "low": low, "high": high, "n": len(part)})
    return pd.DataFrame(found)


def _row(time: Time) -> tuple[str, ...]:
    return (time.run, f"{time.pictures:,}", estimate(time.half, ",.0f"), f"{100 * time.copied:.0f} %",
            f"{time.steps:,}", f"{time.half.n:,}")  # fmt: skip


def _published(times: Sequence[Time]) -> tuple[str, ...]:
    found = slope(times)
    ours = estimate(found, unknown=CANNOT)
    return "power, published / ours", "", f"{MEMORISATION.slope:g} / {ours}", "", "", f"{found.n:,}"

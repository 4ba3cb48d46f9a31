"""The numbers of a report, each with its interval, its n, the query behind it and the page that shows it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from dashboard import run_facts
from dashboard.access.addresses import page_address
from dashboard.data.judgements import Measured
from dashboard.format import figure, finite
from dashboard.report import clip as report_clip
from evaluator.stats.intervals import Estimate

ANSWERS, COMPARED = "answers", "comparison"  # groups of what is of an answer, or of two runs: no number of one run
Ask = Callable[..., pd.DataFrame]  # a query's name and parameters -> its rows
SHARE = "{:.1f} %"


@dataclass(frozen=True)
class Number:
    """One number. A share is between 0 and 1, whatever its form says; None is "never", or no interval."""

    run: str
    group: str  # training, quality, recognizability, clip, answers, comparison
    what: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    form: str
    query: str
    page: str
    of: str = "all"  # a class, or all together
    asked: dict[str, Any] = field(default_factory=dict)  # what the page's controls show

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same number in another report."""
        return self.run, self.group, self.what, self.of

    @property
    def name(self) -> str:
        """What it is, and of which class."""
        return self.what if self.of == "all" else f"{self.what}, {self.of}"

    @property
    def text(self) -> str:
        """The value with its interval, as a reader sees it."""
        if self.value is None:
            return "never" if self.group in ("recognizability", ANSWERS) else "no value"
        low, high = math.nan if self.low is None else self.low, math.inf if self.high is None else self.high
        return figure(Estimate(self.value, low, high, self.n), self.form)

    def link(self, address: str) -> str:
        """Where the dashboard shows it."""
        return page_address(self.page, {"run": self.run, **self.asked}, address)

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def changed(shown: Sequence[Number], now: Sequence[Number], same: Callable[[Number, Number], bool]) -> Iterator[str]:
    """What a report shows that is another number now, or is not there; and what is new, a sentence each."""
    again = {number.key: number for number in now}
    for number in shown:
        other = again.pop(number.key, None)
        if other is None or not same(number, other):
            yield f"{number.run}: {number.name} was {_words(number)}; now {_words(other)}."
    for number in again.values():
        yield f"{number.run}: {number.name} is new, {_words(number)}."


def _words(number: Number | None) -> str:
    return "there is none" if number is None else f"{number.text}, n = {number.n:,}"


def numbers_of(run: pd.Series, ask: Ask, measured: Measured | None) -> list[Number]:
    """Every number of a run. run: a row of the query `runs`. Raises RunError where the archive has no answer."""
    recognized = recognizability(run, measured) if measured else []
    return [*training(run, ask), *quality(run, ask), *recognized, *clip(run, ask)]


def training(run: pd.Series, ask: Ask) -> list[Number]:
    """The best and the last loss; one training has no interval."""
    names = ask("metric_names", runs=[run["run"]])
    frame = names.assign(metric=names["metric"].where(~names["is_loss"], "loss")).set_index("metric")["points"]
    known = (
        ("Best training loss", "best_loss", "loss"),
        ("Last training loss", "last_loss", "loss"),
        ("Best validation loss", "best_validation_loss", "validation_loss"),
    )
    return [
        Number(
            str(run["run"]), "training", what, finite(run[column]), None, None, int(frame[metric]), "{:.4f}", "runs",
            "training",
        )
        for what, column, metric in known
        if metric in frame and finite(run[column]) is not None
    ]  # fmt: skip


def quality(run: pd.Series, ask: Ask) -> list[Number]:
    """How well the run draws, all classes together and each."""
    found = []
    names = [str(name) for name in run["classes"]] if run["classes"] is not None else []
    for row in ask("quality", run=run["run"]).itertuples():
        if row.metric not in run_facts.FIGURES:
            continue
        name, form = run_facts.FIGURES[row.metric]
        name += f" ({row.judge})" if row.judge else ""
        label = -1 if pd.isna(row.label) else int(row.label)
        of = "all" if label < 0 else names[label] if label < len(names) else str(label)
        value, low, high = (finite(end) for end in (row.value, row.low, row.high))
        found.append(Number(str(run["run"]), "quality", name, value, low, high, int(row.n), form, "quality", "", of))
    return found


def recognizability(run: pd.Series, measured: Measured) -> list[Number]:
    """When half of the pictures are recognizable, and how many never are: all together, and each class."""
    look, names = measured.look, measured.classes
    asked = look.asked
    rows = [("all", measured.figures.whole)]
    rows += [(names[row.label or 0], row) for row in measured.figures.classes]
    figures: list[tuple[str, str, Estimate, float]] = []
    for name, row in rows:
        figures += [
            ("Half are recognizable by, of the steps", name, row.median, 0.01),
            ("Recognizable by, restricted mean, of the steps", name, row.mean, 0.01),
            ("Never recognizable", name, row.never, 1.0),
            ("End as another class", name, row.other, 1.0),
        ]
    return [
        Number(str(run["run"]), "recognizability", what, *_ends(found, times), found.n, SHARE, "judged_frames",
               "recognizability", name, asked)
        for what, name, found, times in figures
    ]  # fmt: skip


def clip(run: pd.Series, ask: Ask) -> list[Number]:
    """What CLIP judges score: all pictures together, and each class."""
    return [
        Number(
            str(run["run"]), "clip", what, *_ends(found, 1.0), found.n, form, "clip_scores", "clip-rankings", of, asked
        )
        for what, form, of, found, asked in report_clip.measured(run, ask)
    ]


def _ends(found: Estimate, times: float) -> tuple[float | None, float | None, float | None]:
    return finite(times * found.value), finite(times * found.low), finite(times * found.high)

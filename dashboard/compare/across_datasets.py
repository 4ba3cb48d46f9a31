"""Runs of different data on one axis: where each is recognized, and in which order theory decides their classes.

A digit and a garment are no pair: nothing of them is subtracted, and what can be said is whether what was measured
stands in the order that was predicted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.axes import on_axes
from dashboard.data import archive, judgements
from dashboard.data import theory as data_theory
from dashboard.format import estimate, number
from evaluator.recognizability.incidence import Average, average
from evaluator.stats.intervals import Estimate
from evaluator.theory.speciation import SPECIATED, WAY
from evaluator.verdict import CANNOT

RIGHTLY, WRONGLY = "rightly", "wrongly"


@dataclass(frozen=True)
class Course:
    """How a run becomes recognizable, beside what theory predicts for its data; levels are logSNR."""

    run: str
    dataset: str
    classes: tuple[str, ...]
    predicted: Estimate | None  # the speciation point; None where theory has no number
    cloned: Estimate  # where copies of a chain begin to agree; n is 0 where none were followed
    judge: str = ""  # empty where nothing is judged
    threshold: float = math.nan
    half: Estimate = data_theory.UNKNOWN  # where half of the pictures are recognizable, every class weighing the same
    around: tuple[float, float] = (math.nan, math.nan)  # the two kept frames that the half lies between
    mean: pd.DataFrame | None = None  # of the classes: the axis columns, share, low, high, n
    each: pd.DataFrame | None = None  # of every class, as judged.curves gives them

    @property
    def framed(self) -> Estimate:
        """Where half are recognizable, as far as the kept frames around it can tell: nothing was looked at between."""
        low, high = np.fmin(self.half.low, self.around[0]), np.fmax(self.half.high, self.around[1])
        return replace(self.half, low=float(low), high=float(high))

    @property
    def named(self) -> str:
        """The run, and its data where its name does not tell them."""
        return self.run if self.run == self.dataset else f"{self.run} ({self.dataset})"


def course(run: pd.Series, look: judgements.Look | None, threshold: float) -> Course:
    """What is known of a run; `look` is None where nothing is judged on the view."""
    name, classes = str(run["run"]), tuple(run_facts.class_names(run))
    cloned = data_theory.crossed(name, len(classes), archive.stamp(name))
    known = name, str(run["dataset"]), classes, data_theory.expected(run), cloned
    if look is None:
        return Course(*known)
    found, mean = _mean(look, threshold)
    each = judgements.curves(look, threshold, len(classes))
    return Course(*known, look.judge, threshold, found.half, found.around, mean, each)


@st.cache_data(max_entries=64, show_spinner=False)  # two thousand bootstrap draws
def _mean(look: judgements.Look, threshold: float) -> tuple[Average, pd.DataFrame]:
    found = average(judgements.view(look), judgements.found(look, threshold))
    columns = ("step", "percent", "logsnr", "share", "low", "high")
    frame = pd.DataFrame({name: getattr(found, name) for name in columns})
    return found, on_axes(frame.assign(n=found.half.n))


def before(one: Estimate | None, other: Estimate | None) -> bool | None:
    """Whether one place lies at more noise than another; None where one is not known or their intervals overlap."""
    if one is None or other is None or not all(map(math.isfinite, (*_ends(one), *_ends(other)))):
        return None
    return None if one.low <= other.high and other.low <= one.high else one.value < other.value


def _ends(found: Estimate) -> tuple[float, float, float]:
    return found.value, found.low, found.high


def verdict(predicted: bool | None, measured: bool | None) -> str:
    """Whether an order that was predicted is the one that was measured; either is None where it cannot be told."""
    if predicted is None or measured is None:
        return CANNOT
    return RIGHTLY if predicted == measured else WRONGLY


def sentence(one: Course, other: Course) -> str:
    """Whether two runs become recognizable in theory's order, and where copies of their chains agree."""
    first, second = (other, one) if before(one.predicted, other.predicted) is False else (one, other)
    predicted = before(first.predicted, second.predicted)
    found = verdict(predicted, before(first.framed, second.framed))
    pair = f"{first.named} and {second.named}"
    start = {
        RIGHTLY: f"{pair} become recognizable in theory's order",
        WRONGLY: f"{pair} become recognizable in the other order than theory's",
        CANNOT: f"Whether {pair} become recognizable in theory's order cannot be said",
    }[found]
    parts = [_theory(first, second, predicted), _half(first, second), _clones(first, second, predicted)]
    rest = "; ".join(part for part in parts if part)
    return f"{start}.\n{rest[0].upper()}{rest[1:]}."


def _theory(first: Course, second: Course, predicted: bool | None) -> str:
    lacking = list(dict.fromkeys(each.dataset for each in (first, second) if each.predicted is None))
    if lacking:
        return f"theory has no number for {' and '.join(lacking)}"
    places = f"logSNR {_placed(first.predicted)} and {_placed(second.predicted)}"
    return f"theory decides the class at {places}" + (", whose intervals overlap" if predicted is None else "")


def _half(first: Course, second: Course) -> str:
    idle = [each.run for each in (first, second) if not each.half.n]
    if idle:
        return f"{' and '.join(idle)} {'is' if len(idle) == 1 else 'are'} not judged on this"
    said = f"half of the pictures are recognizable, each before its own judge, at {_both(first.framed, second.framed)}"
    blurred = before(first.half, second.half) is not None and before(first.framed, second.framed) is None
    return said + (" because of what kept frames leave open" if blurred else "")


def _clones(first: Course, second: Course, predicted: bool | None) -> str:
    """Where copies agree in both runs, and whether that is theory's order; empty where one was not followed."""
    if not (first.cloned.n and second.cloned.n):
        return ""
    places = _both(first.cloned, second.cloned)
    if len(first.classes) != 2 or len(second.classes) != 2:
        way = f"{100 * WAY:.0f} % of the way from chance to the most that they agree"
        return f"copies of a chain have gone {way} at {places}, which theory, of two classes, does not order"
    found = verdict(predicted, before(first.cloned, second.cloned))
    said = {RIGHTLY: ", in theory's order", WRONGLY: ", in the other order", CANNOT: ""}[found]
    return f"copies of a chain begin to agree, {100 * SPECIATED:.1f} % of the time, at {places}{said}"


def _both(first: Estimate, second: Estimate) -> str:
    overlap = _finite((first, second)) and before(first, second) is None
    said = " and ".join(map(_placed, (first, second)))
    place = next((place for place in (first, second) if math.isfinite(place.value)), None)
    if place is not None:
        said = said.replace(_placed(place), f"logSNR {_placed(place)}", 1)
    return f"{said} (n = {first.n:,} and {second.n:,})" + (", whose intervals overlap" if overlap else "")


def _finite(places: Sequence[Estimate]) -> bool:
    return all(math.isfinite(end) for place in places for end in _ends(place))


def _placed(place: Estimate | None) -> str:
    """A level with its interval; one that is never reached, or at once, in a word."""
    if place is None or math.isnan(place.value):
        return "an unknown level"
    if math.isinf(place.value):
        return "no level tried" if place.value > 0 else "every level tried"
    return estimate(place)


def table(courses: Sequence[Course]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows: what theory predicts for each run, and what was measured."""
    headings = ("run", "data", "theory [95 %]", "half recognizable [95 %]", "between frames", "n",
                "copies agree [95 %]", "pairs", "judge, threshold")  # fmt: skip
    return headings, [
        (
            each.run, each.dataset, "no number" if each.predicted is None else _placed(each.predicted),
            _placed(each.framed) if each.half.n else "not judged", _frames(each.around), f"{each.half.n:,}",
            _placed(each.cloned) if each.cloned.n else "not followed", f"{each.cloned.n:,}",
            f"{each.judge}, {each.threshold:.2f}" if each.judge else "",
        )
        for each in courses
    ]  # fmt: skip


def _frames(around: tuple[float, float]) -> str:
    return "" if math.isnan(around[0]) else " and ".join(number(level, "logSNR") for level in around)


def numbers(courses: Sequence[Course]) -> pd.DataFrame:
    """What is drawn of some courses, as rows: run, class ("all": their mean), the axis columns, share, low, high, n."""
    parts = []
    for each in courses:
        if each.mean is not None and each.each is not None:
            names = [each.classes[label] for label in each.each["label"]]
            parts += [each.mean.assign(run=each.run, name="all"), each.each.assign(run=each.run, name=names)]
    frame = pd.concat(parts).rename(columns={"name": "class"})
    return frame[["run", "class", "step", "percent", "logsnr", "sigma", "ou", "share", "low", "high", "n"]]

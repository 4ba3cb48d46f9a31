"""People's answers as rows and as one curve, beside the judges' on the same pictures.

A person answers for one random step of a picture and a judge for every step, so both are measured as the share named
right by then, beyond guessing, and not as recognition points.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import axes, format, run_facts
from dashboard.axes import on_axes
from dashboard.charts import theme
from dashboard.charts.curves import Curve, Level, Mark, curves
from dashboard.components import elements
from dashboard.data import archive, judgements
from evaluator.recognizability.agreement import kappas
from evaluator.recognizability.views import VIEWS
from evaluator.stats.intervals import Estimate, share
from evaluator.stats.psychometric import FEWEST_PEOPLE, Fit, fit
from firstlight.counts import counted
from firstlight.errors import RunError
from store.blind_test_answers import CLASS, Sitting, read_answers

COLUMNS = ("person", "sample", "label", "seed", "step", "steps", "logsnr", "said", "seconds")
WORDS = {  # group -> who names and who does not, one of them and many
    "": ("People name", "People do not name", "person", "people"),
    CLASS: ("The class names", "The class does not name", "student", "students"),
}
BINS = 10  # points on the chart: answers at neighbouring steps together


def asked(run: pd.Series, view: str, group: str = "") -> tuple[Sitting, ...]:
    """The sittings at which a view of the run was shown; those of a group, else of everybody else."""
    return tuple(each for each in read_answers(archive.folder(run), group).sittings if each.view == view)


def rows(sittings: Sequence[Sitting]) -> pd.DataFrame:
    """A row for each answer: COLUMNS, the axis columns, and whether it is right."""
    held = [
        (each.who, one.sample, one.label, one.seed, one.step, one.steps, one.logsnr, one.said, one.seconds)
        for each in sittings
        for one in each.answers
    ]
    frame = pd.DataFrame(held, columns=list(COLUMNS))
    return on_axes(
        frame.assign(
            percent=100.0 * frame["step"] / frame["steps"], right=(frame["said"] == frame["label"]).astype(bool)
        )
    )


def along(axis: str) -> str:
    """The column that a curve is fitted along."""
    return "percent" if axis == "% of steps" else "logsnr"


def fitted(frame: pd.DataFrame, classes: int, axis: str) -> Fit:
    """The curve of people's answers. frame: `rows`. Raises RunError where there are too few."""
    place, right = frame[along(axis)].to_numpy(float), frame["right"].to_numpy(bool)
    return _fitted(place, right, frame["person"].to_numpy(str), classes)


@st.cache_resource(max_entries=32, show_spinner=False)
def _fitted(place: Any, right: Any, person: Any, classes: int) -> Fit:
    return fit(place, right, person, classes)


@st.cache_resource(max_entries=32, show_spinner=False)
def judge_fitted(at: judgements.Look, column: str, classes: int) -> Fit:
    """The curve of a judge's first choices, fitted like people's; intervals over noise seeds."""
    seen = judgements.view(at)
    place = np.asarray(seen.percent if column == "percent" else seen.logsnr, float)
    right = seen.top == seen.label[:, None]
    return fit(place.ravel(), right.ravel(), np.repeat(seen.seed, place.shape[1]), classes)


@st.cache_resource(max_entries=32, show_spinner=False)
def judge_shares(at: judgements.Look) -> pd.DataFrame:
    """The share of pictures whose first choice is right, a row for each kept step, with its interval over seeds."""
    seen = judgements.view(at)
    percent, where = np.unique(seen.percent, return_inverse=True)
    where, right = where.reshape(seen.step.shape), seen.top == seen.label[:, None]
    held = []
    for column, place in enumerate(percent):
        there = where == column
        found = share(right[there], np.broadcast_to(seen.seed[:, None], there.shape)[there])
        level = float(seen.logsnr[there].mean())
        held.append((int(seen.step[there].min()), place, level, found.value, found.low, found.high, found.n))
    return on_axes(pd.DataFrame(held, columns=["step", "percent", "logsnr", "share", "low", "high", "n"]))


def middle_on(found: Fit, axis: str) -> Estimate:
    """Where half are named beyond guessing, on an axis."""
    return axes.estimate_on(found.middle, found.middle, axis)


def sentence(found: Fit, axis: str, judge: tuple[str, Fit] | None, group: str = "") -> str:
    """One sentence on when people, or a class, name half of the pictures, and when a judge does."""
    named, unnamed, one, many = WORDS[group]
    who = f"{counted(found.n, 'answer')} of {found.people} {one if found.people == 1 else many}"
    place = middle_on(found, axis)
    if np.isinf(place.value):
        text = f"{unnamed} half of the pictures even when they are finished, n = {who}"
    else:
        at = axes.placed(format.number(place.value, axis), axis)
        ends = format.interval(place.low, place.high, format.axis_form(axis))
        text = f"{named} half of the pictures, beyond guessing, from {at} on{ends}, n = {who}"
    return f"{text}{_judge_said(*judge, axis) if judge else ''}."


def _judge_said(name: str, found: Fit, axis: str) -> str:
    place = middle_on(found, axis)
    return f"; {name} from {format.place(place, axis)}, n = {counted(found.n, 'look')}"


def chart(
    frame: pd.DataFrame, found: Fit, looks: Sequence[judgements.Look], axis: str, classes: int, who: str = "people"
) -> None:
    """The curve of people, or of a class, over the judges', the share named right against the process."""
    judges = [(look.judge, judge_shares(look)) for look in looks]
    places = pd.concat([part[["percent", "logsnr"]] for part in (frame, *(shares for _, shares in judges))])
    people = _curve(found, places, axis).assign(n=found.n)
    colours = [theme.PURPLE, theme.GREEN, theme.VERMILLION]
    drawn = [Curve(people, f"{who}, fitted", theme.SKY), Curve(_observed(frame), f"{who}, answers", theme.SKY,
                                                              points=True)]  # fmt: skip
    drawn += [
        Curve(shares, name, colours[turn % 3], theme.DASHES[1 + turn % 3]) for turn, (name, shares) in enumerate(judges)
    ]
    accent = theme.ACCENT["dark" if elements.dark() else "light"]
    place = middle_on(found, axis)
    marks = [Mark(place, f"{who}: half", accent)] if np.isfinite(place.value) else []
    figure = curves(drawn, axis, "share named right", marks, [Level(1 / classes, "guessing")])
    elements.chart(figure, who, f"Shares named right by {who} and by judges along the process", frame)


def _curve(found: Fit, places: pd.DataFrame, axis: str) -> pd.DataFrame:
    shown = places.drop_duplicates("percent").sort_values("percent", ignore_index=True)
    made = found.curve(shown[along(axis)].to_numpy(float))
    return on_axes(shown.assign(share=made.share, low=made.low, high=made.high))


def _observed(frame: pd.DataFrame) -> pd.DataFrame:
    """Shares of answers that are right, at neighbouring steps together; intervals over people."""
    binned = np.minimum((frame["percent"] * BINS / 100).astype(int), BINS - 1)
    held = []
    for _, part in frame.groupby(binned):
        found = share(part["right"].to_numpy(bool), part["person"].to_numpy(str))
        held.append((part["percent"].mean(), part["logsnr"].mean(), found.value, found.low, found.high, found.n))
    return on_axes(pd.DataFrame(held, columns=["percent", "logsnr", "share", "low", "high", "n"]))


def agreement(frame: pd.DataFrame, looks: Sequence[judgements.Look], name: str) -> None:
    """People and judges on the very same pictures, a row for each judge."""
    held = [_agreed(frame, look) for look in looks]
    table = [row for row in held if row]
    if table:
        elements.table(("judge", "people right, %", "judge right, %", "κ [95 %]", "n"), table, name)
        elements.note(
            "On the same pictures at the same steps: shares named right, and Cohen's κ of people's choices and the "
            "judge's first, its interval over people; 0 is agreement by chance, 1 is always."
        )


def _agreed(frame: pd.DataFrame, look: judgements.Look) -> tuple[str, ...] | None:
    seen = judgements.view(look)
    said = pd.DataFrame(
        {"sample": np.repeat(seen.sample, seen.step.shape[1]), "step": seen.step.ravel(), "top": seen.top.ravel()}
    )
    both = frame.merge(said, on=["sample", "step"])
    if both.empty:
        return None
    tops = both[["said", "top"]].to_numpy(np.int64).T[:, :, None]
    value, low, high = (float(part[0]) for part in kappas(tops, both["person"].to_numpy(str)))
    kappa = Estimate(value, low, high, len(both))
    people, judge = (
        share(right.to_numpy(bool), both["person"].to_numpy(str))
        for right in (both["right"], both["top"] == both["label"])
    )
    shares = (format.share(part, unit="") for part in (people, judge))
    return look.judge, *shares, format.estimate(kappa), f"{len(both):,}"


def first_judge(run: pd.Series, view: str, axis: str) -> tuple[str, Fit] | None:
    """The first judge that looked at the view, by name, and its curve."""
    look = next(iter(_same(run, view)), None)
    return None if look is None else (look.judge, judge_fitted(look, along(axis), len(run_facts.class_names(run))))


def elsewhere(run: pd.Series, axis: str) -> str:
    """By when half are recognizable on the page Recognizability, and why that is another figure; empty if unknown."""
    look = judgements.default_look(archive.ask, run, archive.folder(run))
    if look is None:
        return ""
    at = judgements.look(str(run["run"]), look.view, look.judge)
    place = axes.estimate_on(*judgements.middle(at, look.threshold), axis)
    return (
        "Here a first choice at one step counts, of judges as of people; the page Recognizability asks a judge for "
        f"p ≥ {look.threshold:.2f} from then on to the end, and has half {format.reached_in_words(place, axis)}."
    )


def _same(run: pd.Series, view: str) -> list[judgements.Look]:
    return [look for look in judgements.looks(str(run["run"])) if look.view == view]


def of_class(run: pd.Series, view: str, axis: str) -> None:
    """A class against judges, as `shown`, its students by numbers; nothing is said of fewer than FEWEST_PEOPLE."""
    sittings = asked(run, view, CLASS)
    answers = sum(len(each.answers) for each in sittings)
    students = len({each.who for each in sittings if each.answers})
    if students < FEWEST_PEOPLE:
        said = f"{counted(students, 'student')} of the class gave {counted(answers, 'answer')}"
        elements.note(f"{said}: when the class names half cannot be said of fewer than {FEWEST_PEOPLE} students.")
    else:
        shown(run, view, axis, CLASS)


def shown(run: pd.Series, view: str, axis: str, group: str = "") -> None:
    """People against judges: a sentence, the chart and their agreement; or what to do where nobody has judged."""
    classes = len(run_facts.class_names(run))
    for problem in read_answers(archive.folder(run), group).problems:
        elements.note(problem)
    frame = rows(asked(run, view, group))
    if group:
        frame["person"] = [f"student {number + 1}" for number in pd.factorize(frame["person"], sort=True)[0]]
    try:
        found = fitted(frame, classes, axis)
    except RunError as error:
        what = VIEWS.get(view, view)
        begin = "Nobody has judged" if frame.empty else f"{error} People judge"
        elements.note(f"{begin} pictures of {run['run']} ({what}) on the page Blind test.")
        return
    same = _same(run, view)
    elements.note(sentence(found, axis, first_judge(run, view, axis), group))
    if said := elsewhere(run, axis):
        elements.note(said)
    chart(frame, found, same, axis, classes, group or "people")
    over = WORDS[group][-1] if found.over_people else f"answers: {FEWEST_PEOPLE} people would tell of people"
    elements.note(
        f"Guessing is 1 in {classes}; half beyond it is named at {50 + 50 / classes:.0f} %. Circles: answers at "
        f"neighbouring steps. Bands: 95 % intervals, of {'the class' if group else 'people'} over {over}, of judges "
        "over noise seeds."
    )
    agreement(frame, same, f"{group or 'people'}-{view}")

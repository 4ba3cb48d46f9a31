"""What judges say of a run, read once and worked out at any threshold."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.axes import on_axes
from dashboard.data import archive
from evaluator.judges import cards
from evaluator.recognizability.agreement import Agreement, agreement, concordances
from evaluator.recognizability.analysis import Analysis, analysis
from evaluator.recognizability.carry_over import FINE, told
from evaluator.recognizability.censoring import half
from evaluator.recognizability.default_look import default_look as look_of
from evaluator.recognizability.default_look import first_judge
from evaluator.recognizability.incidence import incidence
from evaluator.recognizability.judged_view import seen_by
from evaluator.recognizability.points import Points, View, points
from evaluator.recognizability.schedules import OWN, SCHEDULES
from evaluator.recognizability.thresholds import SENSITIVITY, stricter, unkept
from evaluator.recognizability.views import KINDS, VIEWS
from evaluator.stats.intervals import Estimate, share
from firstlight.errors import JudgeError, RunError
from firstlight.run_folder import Run
from firstlight.run_id import RUN_ID
from firstlight.run_json import card_of

CHAINS = "ancestral"  # the view of chains that were drawn for a judge and not stored
KEPT = 64  # views, and answers for thresholds, that are remembered

Ask = Callable[..., pd.DataFrame]  # a query's name and parameters -> its rows


class Look(NamedTuple):
    """Who looked at what: the key of everything that is remembered here."""

    run: str
    stamp: int  # another number when the run's files are others
    view: str  # fine, x, denoised, unconditional, ancestral
    judge: str
    steps: str = OWN  # the schedule whose steps per cent are of: the run's own, or one of SCHEDULES


def look(run: str, view: str, judge: str) -> Look:
    """A view of a run before a judge."""
    return Look(run, archive.stamp(run), view, judge)


def looks(run: str) -> list[Look]:
    """Everything of a run that is judged."""
    frame = archive.ask("judges", run=run)
    stamp = archive.stamp(run)
    return [Look(run, stamp, row.view, row.judge) for row in frame.itertuples()]


def first_look(run: str, view: str) -> Look | None:
    """What the first judge of a view saw; None where nobody looked."""
    judge = first_judge(archive.ask("judges", run=run), view)
    return look(run, view, judge) if judge else None


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def view(at: Look) -> View:
    """The judge's verdicts as arrays. Raises RunError where they cannot be compared with each other."""
    seen = seen_by(archive.ask, at.run, at.view, at.judge, _config(at.run))
    return seen if at.steps == OWN else replace(seen, grid=SCHEDULES[at.steps].grid)


def _config(run: str) -> dict[str, Any]:
    """The run's settings."""
    return dict(card_of(archive.run_folder(run))["config"])


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def found(at: Look, threshold: float) -> Points:
    """Where every picture is recognized."""
    return points(view(at), threshold)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def middle(at: Look, threshold: float) -> tuple[Estimate, Estimate]:
    """By when half of the pictures are recognized: in per cent of the steps, and in logSNR."""
    return half(found(at, threshold)), half(found(at, threshold), "logsnr")


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def figures(at: Look, threshold: float, classes: tuple[str, ...], axis: str) -> Analysis:
    """Every figure of the points; the ranking is along the steps or along logSNR.

    Whatever steps are chosen, the source's statements are told on its own schedule and on the run's own steps.
    """
    own_steps = at._replace(steps=OWN)
    made = analysis(
        found(at, threshold), classes, "percent" if axis == "% of steps" else "logsnr",
        told(archive.run_folder(at.run), _config(at.run)), stricter(view(at), threshold) if at == own_steps else None,
        unkept(archive.run_folder(at.run), at.view),
    )  # fmt: skip
    return made if at == own_steps else replace(made, verdicts=figures(own_steps, threshold, classes, axis).verdicts)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def curves(at: Look, threshold: float, count: int) -> pd.DataFrame:
    """A row for each kept step of each class that has pictures: `share` recognized, with its band, and `other`."""
    return courses(view(at), found(at, threshold), count)


def courses(seen: View, where: Points, count: int) -> pd.DataFrame:
    """The curves of `count` classes, as `curves` keeps them."""
    parts = [_curve(seen, where, label) for label in range(count) if (where.label == label).any()]
    if not parts:
        return pd.DataFrame(columns=["label", "step", "share"])
    return on_axes(pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}))


def _curve(seen: View, where: Points, label: int) -> dict[str, np.ndarray[Any, Any]]:
    course = incidence(seen, where, label)
    columns: dict[str, Any] = {
        "label": label, "step": course.step, "percent": course.percent, "logsnr": course.logsnr,
        "share": course.recognized, "low": course.recognized_low, "high": course.recognized_high,
        "other": course.other, "never": course.never.value, "n": course.n,
    }  # fmt: skip
    return {name: np.broadcast_to(column, course.step.shape) for name, column in columns.items()}


@st.cache_resource(max_entries=16, show_spinner=False)
def sensitivity(at: Look) -> pd.DataFrame:
    """A row for each threshold tried: the median in per cent and in logSNR, never and other, each with its interval."""
    rows = []
    for least in SENSITIVITY:
        where = points(view(at), least)
        n = len(where.stays)
        said = {
            "percent": half(where), "logsnr": half(where, "logsnr"),
            "never": share(np.isinf(where.stays), where.seed), "other": share(where.other, where.seed),
        }  # fmt: skip
        ends = {f"{name}_{end}": getattr(said[name], end) for name in said for end in ("value", "low", "high")}
        rows.append({"threshold": least, "n": n} | ends)
    return pd.DataFrame(rows)


@st.cache_resource(max_entries=16, show_spinner=False)
def agreeing(at: tuple[Look, ...]) -> Agreement:
    """How far judges agree, over the pictures and steps that all of them saw. Raises RunError where there are none."""
    return agreement([view(each) for each in at])


@st.cache_resource(max_entries=16, show_spinner=False)
def concordant(at: tuple[Look, ...], thresholds: tuple[float, ...]) -> dict[tuple[int, int], Estimate]:
    """Lin's concordance of the points of every two judges."""
    return concordances([found(each, least) for each, least in zip(at, thresholds, strict=True)])


def mismatch(run: str, judge: str) -> str:
    """Why this judge can say nothing of a run's classes, one sentence; empty where it can, or is not known here."""
    return mismatch_of(archive.run_folder(run), judge)


def mismatch_of(folder: Run, judge: str) -> str:
    """The same, of a run's folder."""
    if not RUN_ID.fullmatch(judge):
        return ""
    try:
        run_card = card_of(folder)
        taught = [cards.card_in(path.with_suffix(".json")) for path in cards.judge_files(folder, judge)]
    except (JudgeError, RunError):
        return ""
    against = [cards.strange_classes(card, run_card) for card in taught]
    return f"{against[0]}: it can recognize none of this." if against and all(against) else ""


def remarks(run: str, view: str) -> list[str]:
    """What is to be known beside whatever the run's judge of a view says; none where there is nothing."""
    return remarks_of(archive.run_folder(run), view)


def remarks_of(folder: Run, view: str) -> list[str]:
    """The same, of a run's folder."""
    return [*filter(None, [unkept(folder, view)]), *cards.remarks(folder, KINDS.get(view, "noisy"))]


def calibrations(run: str) -> list[tuple[str, dict[str, Any]]]:
    """The run's judges by name, each with a row of its card's calibration for each noise level; none of older cards."""
    folder, found = archive.run_folder(run), []
    for kind in cards.KINDS:
        try:
            card = cards.card_in(cards.judge_file(folder, kind).with_suffix(".json"))
        except (JudgeError, RunError):
            continue
        found += [(str(card["name"]), dict(row)) for row in card.get("calibration", [])]
    return found


def same_pictures(at: Sequence[Look]) -> list[list[Look]]:
    """The looks in groups that saw the same pictures, two or more to a group: chains drawn for a judge are others."""
    stored = [each for each in at if each.view not in (CHAINS, FINE)]
    chains = [each for each in at if each.view == CHAINS]
    return [group for group in (stored, chains) if len(group) > 1]


@dataclass(frozen=True)
class Seen:
    """Who looked at what, and what counts as recognized."""

    view: str
    judge: str
    threshold: float

    @property
    def asked(self) -> dict[str, Any]:
        """What the page's controls show of it."""
        return {"judged": f"{VIEWS.get(self.view, self.view)}, {self.judge}", "threshold": round(100 * self.threshold)}


@dataclass(frozen=True)
class Measured:
    """The figures of one look at a run, and its curves."""

    look: Seen
    classes: tuple[str, ...]
    figures: Analysis
    curve: pd.DataFrame  # as `curves` gives it


def default_look(ask: Ask, run: pd.Series, folder: Run) -> Seen | None:
    """The look that the Recognizability page begins with; None where nothing is judged."""
    look = look_of(folder, ask("judges", run=run["run"]), VIEWS)
    return look and Seen(*look)


def measured(ask: Ask, run: pd.Series, look: Seen, folder: Run) -> Measured:
    """All figures of a look. Raises RunError where its judgements are not there or cannot be compared."""
    config = json.loads(run["config"] or "{}")
    view = seen_by(ask, str(run["run"]), look.view, look.judge, config)
    found = points(view, look.threshold)
    classes = tuple(str(name) for name in run["classes"])
    figures = analysis(found, classes, "percent", told(folder, config), stricter(view, look.threshold),
                       unkept(folder, look.view))  # fmt: skip
    return Measured(look, classes, figures, courses(view, found, len(classes)))

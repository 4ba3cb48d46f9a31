"""The Steps page: how few evaluations keep the quality, as a sentence, a chart, a table, pictures and verdicts.

The seam is here because a run may have been compared without real pictures, without classifiers or without students,
and every part says what it has.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.components import elements, inputs, verdicts
from dashboard.data import archive
from dashboard.format import estimate, share
from dashboard.pictures.plate import plate, unpack
from dashboard.steps import chart as steps_chart
from evaluator.stats.intervals import Estimate
from evaluator.steps.claims import s13
from evaluator.steps.compare import POINTS_LOST, TIMES_FARTHER, Way, best, farther, fewest, keeps, lost, ways_from

HEADINGS = (
    "drawn by", "evaluations", "keeps", "accuracy, % [95 %]", "from the best, points", "Fréchet / floor",
    "over the best's", "CAS, %", "ms each", "n",
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """A run's ways of drawing. frame: the query `solver_steps`."""

    run: pd.Series
    frame: pd.DataFrame
    ways: tuple[Way, ...]

    @property
    def id(self) -> str:
        return str(self.run["run"])


def compared(run: pd.Series) -> Compared:
    """What is stored. Ends the page with the command where nothing is, and with the teacher for a student."""
    frame = archive.ask("solver_steps", run=run["run"])
    if frame.empty:
        teacher = json.loads(run["config"] or "{}").get("teacher")
        if teacher:
            elements.stop(
                f"{run['run']} is a student; it is compared with the others on the page of its teacher, {teacher}."
            )
        elements.stop(f"{run['run']} is not compared yet. Do it with: firstlight evaluate steps {run['run']}")
    columns = {str(name): frame[name].tolist() for name in frame}
    return Compared(run, frame, ways_from(columns, len(run_facts.class_names(run))))


def finding(at: Compared) -> str:
    """How few evaluations keep the quality of the run's best."""
    top, least = best(at.ways, at.id), fewest(at.ways, at.id)
    if top is None or least is None:
        return f"No way of drawing of {at.id} itself was compared."
    if least is top:
        text = f"Nothing keeps the quality of {at.id} with fewer evaluations than its best, {_named(top, at)}"
        return f"{text}: {share(top.accuracy)} of the asked class, n = {top.accuracy.n:,}; the source takes 100+."
    text = (
        f"{_count(least.evaluations)} {'is' if least.evaluations == 1 else 'are'} enough: {_drawer(least, at)} loses "
        f"{estimate(_lost(least, top), '.1f')} points of accuracy against {at.id}'s best ({_named(top, at)}, "
        f"{100 * top.accuracy.value:.1f} %)"
    )
    distance = farther(least, top)
    if not math.isnan(distance.value):
        text += f", at {_times(distance)} times its Fréchet distance"
    return f"{text}; n = {top.accuracy.n:,} pictures of the same noise; the source takes 100+."


def remarks(at: Compared) -> None:
    """What the finding leaves open."""
    least = fewest(at.ways, at.id)
    own = fewest([way for way in at.ways if way.network == at.id], at.id)
    if least is not None and own is not None and least is not own:
        elements.note(f"Without a student, {_count(own.evaluations)} of {own.solver} keep the quality.")
    elements.note(
        f"Quality is kept where at most {POINTS_LOST} points of accuracy are lost and the Fréchet distance is at most "
        f"{TIMES_FARTHER} times the best's. Few evaluations can draw the mean of a class, which is named right and "
        "looks like no picture: accuracy alone does not see it."
    )
    if at.frame["frechet_ratio"].isna().all():
        elements.note("Distances to real pictures are not known: the command found no real pictures, or drew too few.")


def chart(at: Compared, shown: str) -> None:
    """One measure against evaluations."""
    measure = steps_chart.MEASURES[shown]
    if at.frame[measure.column].isna().all():
        elements.note(f"Nothing is known of this. Make it with: firstlight evaluate steps {at.id}")
        return
    level, name = level_across(at, shown) or (None, "")
    figure = steps_chart.chart(at.frame, at.id, measure, level)
    told = at.frame.drop(columns=["top"])
    elements.chart(figure, "steps", f"{measure.title} against evaluations of the network, a line for each solver", told)
    ends = "fastest and slowest of six rounds" if shown == "time" else "95 % interval"
    dotted = f"; dotted: {name}" if name else ""
    elements.note(f"A line for each solver, a mark for each student; bands and bars: {ends}{dotted}.")


def level_across(at: Compared, shown: str) -> tuple[float, str] | None:
    """A value that is worth a line across, and what it is."""
    top = best(at.ways, at.id)
    if top is not None and shown == "accuracy":
        return top.accuracy.value - POINTS_LOST / 100, f"the best less {POINTS_LOST} points"
    if top is not None and shown == "Fréchet distance" and not math.isnan(top.ratio.value):
        return TIMES_FARTHER * top.ratio.value, f"{TIMES_FARTHER} times the best's"
    real = at.frame["cas_real"].dropna()
    return (float(real.iloc[0]), "as many real pictures") if shown == "CAS" and len(real) else None


def table(at: Compared) -> None:
    """Every way, fewest evaluations first."""
    top = best(at.ways, at.id)
    elements.table(HEADINGS, [_row(way, top, at) for way in at.ways], "steps-table")
    elements.note(
        "Behind each value its 95 % interval; of times, the fastest and the slowest of six rounds in which one picture "
        "of each class is drawn. Keeps: the best's quality. CAS: a classifier taught by these pictures, on real ones."
    )


def _row(way: Way, top: Way | None, at: Compared) -> tuple[str, ...]:
    against = ("", "", "") if top is None else (
        "the best" if way is top else estimate(lost(way, top), ".1f"), _times(farther(way, top)),
        "yes" if keeps(way, top) else "no",
    )  # fmt: skip
    return (
        _drawer(way, at), f"{way.evaluations}", against[2], share(way.accuracy, unit="", unknown=""), against[0],
        _times(way.ratio), against[1], share(way.cas, unit="", unknown=""), _times(way.ms), f"{way.accuracy.n:,}",
    )  # fmt: skip


def pictures(at: Compared, label: int) -> None:
    """The same noise drawn by every solver with every number of evaluations."""
    frame = archive.ask("solver_steps_pictures", run=at.id)
    size, channels, classes = int(at.run["size"]), int(at.run["channels"]), len(run_facts.class_names(at.run))
    try:
        stacks = [unpack(bytes(content), size, channels) for content in frame["pictures"]]
        kept = min(len(stack) for stack in stacks) // classes
        if not kept:
            raise ValueError("no picture of every class")
    except (ValueError, TypeError):
        return elements.note(f"The sample pictures cannot be read. Make them with: firstlight evaluate steps {at.id}")
    place = (inputs.number("Noise", 1, kept, 1, "noise") - 1) * classes + label
    rows = list(dict.fromkeys(_row_name(row, at) for row in frame.to_dict("records")))
    columns = sorted(frame["evaluations"].unique().tolist())
    cells = np.zeros((len(rows), len(columns), size, size, channels), np.uint8)
    missing, marked = set(np.ndindex(len(rows), len(columns))), []
    for row, stack in zip(frame.to_dict("records"), stacks, strict=True):
        cell = rows.index(_row_name(row, at)), columns.index(row["evaluations"])
        cells[cell] = stack[place]
        missing.discard(cell)
        if np.frombuffer(row["top"], np.uint8)[place] != label:
            marked.append(cell)
    names = [str(count) for count in columns]
    picture = plate(cells, 2, rows, [names], ["evaluations"], marked=marked, missing=missing)
    said = f"One noise drawn as {run_facts.class_names(at.run)[label]}, solvers down, evaluations across"
    st.image(picture, output_format="PNG", alt=said)
    elements.note(
        "The same noise in every cell; an amber corner: the judge takes it for another class; a crossed cell: "
        "not drawn."
    )
    return None


def _row_name(row: dict[str, Any], at: Compared) -> str:
    return str(row["solver"]) if row["network"] == at.id else "students"


def claims(at: Compared) -> None:
    """What the source says of steps, and what this run says."""
    verdicts.table(s13(at.ways, at.id), "steps-claims")


def _drawer(way: Way, at: Compared) -> str:
    return way.solver if way.network == at.id else way.network


def _named(way: Way, at: Compared) -> str:
    return f"{_drawer(way, at)}, {_count(way.evaluations)}"


def _count(evaluations: int) -> str:
    return f"{evaluations} evaluation{'' if evaluations == 1 else 's'}"


def _times(found: Estimate) -> str:
    """A distance, a ratio or a time; nothing where it is not known."""
    return estimate(found, ".2f" if found.value < 10 else ".0f", unknown="")


def _lost(way: Way, top: Way) -> Estimate:
    """How many points of accuracy a way of drawing loses against the best."""
    found = lost(way, top)
    return Estimate(-found.value, -found.high, -found.low, found.n)

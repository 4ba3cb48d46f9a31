"""A run's ways of drawing: its solvers and students, each with so many evaluations, and what is known of each."""

import json
from dataclasses import dataclass

import pandas as pd

from dashboard import run_facts
from dashboard.components import elements, remedy
from dashboard.data import archive, guests
from dashboard.data.judgements import Ask
from evaluator.steps.quality_kept import Way, ways_from

NOT_YET = "{} is not compared yet."


@dataclass(frozen=True)
class Ways:
    """All ways of a run. frame: the query `solver_steps`."""

    run: pd.Series
    frame: pd.DataFrame
    ways: tuple[Way, ...]

    @property
    def id(self) -> str:
        return str(self.run["run"])


def ways(run: pd.Series) -> Ways:
    """What is stored. Ends the page with the command where nothing is, and with the teacher for a student."""
    if (found := stored(run, archive.ask)) is not None:
        return found
    if guests.labels(run) and not teacher(run):
        remedy.stop(NOT_YET.format(run["run"]), str(run["run"]), "steps")
    return elements.stop(lacking(run))


def stored(run: pd.Series, ask: Ask) -> Ways | None:
    """What is stored; None where nothing is, or nothing can be said of it."""
    frame = ask("solver_steps", run=run["run"])
    if frame.empty or not guests.labels(run):
        return None
    columns = {str(name): frame[name].tolist() for name in frame}
    return Ways(run, frame, ways_from(columns, len(run_facts.class_names(run))))


def lacking(run: pd.Series) -> str:
    """Why nothing is compared of a run without labels, or of a student, a sentence."""
    if not guests.labels(run):
        return guests.nothing_to_name(run, "comparison of solvers, which a judge of classes makes,")
    return f"{run['run']} is a student; it is compared with the others on the page of its teacher, {teacher(run)}."


def teacher(run: pd.Series) -> str:
    """The run whose student this one is; empty where it is none."""
    return str(json.loads(run["config"] or "{}").get("teacher") or "")


def drawer(way: Way, at: Ways) -> str:
    """The solver, or the student."""
    return way.solver if way.network == at.id else way.network

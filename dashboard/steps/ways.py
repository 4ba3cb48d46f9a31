"""A run's ways of drawing: its solvers and students, each with so many evaluations, and what is known of each."""

import json
from dataclasses import dataclass

import pandas as pd

from dashboard import run_facts
from dashboard.components import elements, remedy
from dashboard.data import adopted, archive
from evaluator.steps.quality_kept import Way, ways_from


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
    frame = archive.ask("solver_steps", run=run["run"])
    adopted.stop_without_labels(run, "comparison of solvers, which a judge of classes makes,")
    if frame.empty:
        teacher = json.loads(run["config"] or "{}").get("teacher")
        if teacher:
            elements.stop(
                f"{run['run']} is a student; it is compared with the others on the page of its teacher, {teacher}."
            )
        remedy.stop(f"{run['run']} is not compared yet.", str(run["run"]), "steps")
    columns = {str(name): frame[name].tolist() for name in frame}
    return Ways(run, frame, ways_from(columns, len(run_facts.class_names(run))))


def drawer(way: Way, at: Ways) -> str:
    """The solver, or the student."""
    return way.solver if way.network == at.id else way.network
